# SPDX-License-Identifier: MIT
"""The interface compiler: what it refuses and how it says so, and what it writes."""

import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
IDLC = ROOT / "build" / "host" / "idlc"
CROSS_CC = shutil.which("riscv64-unknown-elf-gcc")
EMULATOR = shutil.which("qemu-riscv64")

CROSS_FLAGS = ("-std=gnu11 -march=rv64ima_zba_zbb -mabi=lp64 -mno-relax -mcmodel=medany "
               "-ffixed-s9 -ffixed-s10 -ffreestanding -Wall -Wextra -Werror").split()

GOOD_INTERFACE = """\
// SPDX-License-Identifier: MIT

// What a test needs.
interface sample = 7 version 2 {
    // Reads LENGTH bytes.
    // Into the buffer.
    read(borrow buffer, u32 start, u32 length) -> u32 idempotent timeout 500 ms;
    sleep_for(u64 nanoseconds) blocking; // remark on this line, not on the next
    give(rref buffer) -> rref;
    event(u64 file) -> handle;
    nothing();
    all(u8 a, u16 b, u32 c, i8 d, i16 e, i32 f, bool g, handle h) -> i64 timeout 2 s;
}
"""

GOOD_MANIFEST = """\
name       console
version    3
interface  sample             # a remark
state      quiesced
schema     2
accepts    1
needs      device ns16550a as uart
needs      device virtio 2 as disk
needs      optional service nullblk : sample as null
needs      core control as control
limit      pages 256
limit      budget 30 ms
parameter  blocks 65536
parameter  mask 0xffffffffffffffff
shadow     yes
"""


def run_idlc(*words):
    return subprocess.run([IDLC, *map(str, words)], capture_output=True, text=True,
                          errors="replace", timeout=20)


def compile_interface(folder, text, name="sample"):
    path = folder / f"{name}.idl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, run_idlc("--interface", path, "--out", folder / "out")


def compile_manifest(folder, text):
    (folder / "sample.idl").write_text(GOOD_INTERFACE)
    path = folder / "manifest"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, run_idlc("--manifest", path, "--interfaces", folder, "--out", folder / "out")


def method(text):
    """An interface of one method, which stands in line 2 from column 5 on."""
    return f"interface sample = 1 version 1 {{\n    {text}\n}}\n"


def assert_refused(folder, path, result, place, words):
    """One refusal at LINE:COLUMN that says what, why and what instead; nothing written."""
    assert result.returncode == 1, result.stderr
    first = result.stderr.splitlines()[0]
    assert first.startswith(f"{path}:{place}: "), result.stderr
    for word in words:
        assert word in first
    message = first[len(f"{path}:{place}: "):]
    assert message.count(",") >= 2, "what, why, what to write instead"
    assert re.search(r"\b(write|put|remove|close|end|pass|leave|return|split|save|check|call|begin"
                     r"|drop)\b", message.rsplit(",", 1)[1] + message), message
    assert not (folder / "out").exists()


MANY_METHODS = "\n".join(f"    m{i}();" for i in range(33))

REFUSED_INTERFACES = {
    # What C programmers would write
    "a pointer": (method("f(u8 *p);"), "2:10", ["pointer", "borrow"]),
    "a pointer to a C type": (method("f(char *name);"), "2:12", ["pointer", "borrow"]),
    "a pointer as a result": (method("f() -> u8*;"), "2:14", ["pointer"]),
    "a reference": (method("f(u8 &p);"), "2:10", ["pointer"]),
    "a struct": (method("f(struct stat s);"), "2:7", ["struct", "registers", "RRef"]),
    "a struct with a body": (method("f(struct { u8 a; } s);"), "2:7", ["struct", "RRef"]),
    "a union": (method("f(union u s);"), "2:7", ["union", "RRef"]),
    "an enum": (method("f(enum e s);"), "2:7", ["enum", "u32"]),
    "a float": (method("f(float x);"), "2:7", ["float", "i64"]),
    "a double": (method("f(double x);"), "2:7", ["double", "i64"]),
    "a double as a result": (method("f() -> double;"), "2:12", ["double", "i64"]),
    "variadic arguments": (method("f(u32 a, ...);"), "2:14", ["...", "proxy"]),
    "a string": (method("f(string s);"), "2:7", ["string", "borrow"]),
    "an array": (method("f(u8 a[4]);"), "2:11", ["array", "borrow"]),
    "an array as a result": (method("f() -> u8[4];"), "2:14", ["array", "rref"]),
    "void as an argument": (method("f(void);"), "2:7", ["void", "leave it out"]),
    "void as a result": (method("f() -> void;"), "2:12", ["void", "leave it out"]),
    "a C integer type": (method("f(int x);"), "2:7", ["int", "i32"]),
    "a stdint type": (method("f(uint32_t x);"), "2:7", ["uint32_t", "write u32"]),
    "an unknown type": (method("f(u128 x);"), "2:7", ["u128", "u64"]),
    "a type in capitals": (method("f(U32 x);"), "2:7", ["U32", "u32"]),
    "an argument without a name": (method("f(u32);"), "2:10", ["no name for the argument"]),
    "a missing type": (method("f(, u32 a);"), "2:7", ["no type"]),
    # Names
    "a method twice": (method("f();\n    f();"), "3:5", ["second method 'f'", "line 2"]),
    "an argument twice": (method("f(u32 a, u32 a);"), "2:18", ["second argument 'a'"]),
    "a C keyword as argument": (method("f(u32 while);"), "2:11", ["while"]),
    "a C keyword as method": (method("while();"), "2:5", ["while"]),
    "a C keyword as interface": ("interface int = 1 version 1 { f(); }", "1:11", ["int"]),
    "a library macro as name": (method("f(u32 errno);"), "2:11", ["errno"]),
    "a name that ends in _t": (method("f(u32 time_t);"), "2:11", ["time_t"]),
    "a type as name": (method("f(u32 handle);"), "2:11", ["handle", "type"]),
    "a name in capitals": (method("Read();"), "2:5", ["Read", "lower case"]),
    "a name that begins with _": (method("_read();"), "2:5", ["_read"]),
    "a name that begins with a digit": (method("2read();"), "2:5", ["2read"]),
    "a name of 24 characters": (method("a" * 24 + "();"), "2:5", ["24", "23"]),
    "a method named like a macro": (method("interface_hash();"), "2:5", ["interface_hash"]),
    "a method that begins with do_": (method("do_read();"), "2:5", ["do_read"]),
    "an interface called none": ("interface none = 1 version 1 { f(); }", "1:11", ["none"]),
    "an interface in a file of another name":
        ("interface other = 1 version 1 { f(); }", "1:11", ["other", "other.idl"]),
    # Numbers
    "number 0": ("interface sample = 0 version 1 { f(); }", "1:20", ["65535"]),
    "number 65536": ("interface sample = 65536 version 1 { f(); }", "1:20", ["65535"]),
    "a number past 64 bits":
        ("interface sample = 18446744073709551617 version 1 { f(); }", "1:20", ["65535"]),
    "version 0": ("interface sample = 1 version 0 { f(); }", "1:30", ["65535"]),
    "a negative number": ("interface sample = -1 version 1 { f(); }", "1:20", ["-"]),
    "a hexadecimal number": ("interface sample = 0x1 version 1 { f(); }", "1:20", ["0x1"]),
    # Limits of a call
    "9 arguments": (method("f(" + ", ".join(f"u8 a{i}" for i in range(9)) + ");"), "2:63",
                    ["more than 8 arguments", "RRef"]),
    "5 objects": (method("f(rref a, borrow b, handle c, rref d, borrow e);"), "2:43",
                  ["more than 4", "RRef"]),
    "33 methods": (f"interface sample = 1 version 1 {{\n{MANY_METHODS}\n}}", "34:5",
                   ["more than 32 methods", "split"]),
    "an interface without methods":
        ("interface sample = 1 version 1 { }", "1:34", ["without methods"]),
    # Attributes
    "an idempotent method that takes an rref":
        (method("f(rref buffer) idempotent;"), "2:5", ["idempotent", "borrow buffer"]),
    "a borrow as a result": (method("f() -> borrow;"), "2:12", ["borrow", "rref"]),
    "timeout 0": (method("f() timeout 0 ms;"), "2:17", ["timeout", "60 s"]),
    "a timeout of 60001 ms": (method("f() timeout 60001 ms;"), "2:17", ["60 s"]),
    "a timeout of 61 s": (method("f() timeout 61 s;"), "2:17", ["60 s"]),
    "a timeout past 64 bits": (method("f() timeout 99999999999999999999 s;"), "2:17", ["60 s"]),
    "a timeout without a unit": (method("f() timeout 5;"), "2:18", ["unit", "ms"]),
    "a timeout without a number": (method("f() timeout ms;"), "2:17", ["number"]),
    "blocking with a timeout": (method("f() blocking timeout 5 ms;"), "2:18", ["blocking"]),
    "a timeout with blocking": (method("f() timeout 5 ms blocking;"), "2:22", ["blocking"]),
    "an attribute twice": (method("f() blocking blocking;"), "2:18", ["twice"]),
    "an unknown attribute": (method("f() fast;"), "2:9", ["fast", "idempotent"]),
    # Punctuation
    "a missing semicolon": (method("f()\n    g();"), "2:8", ["missing ';'"]),
    "a missing semicolon at the end": (method("f()"), "2:8", ["missing ';'"]),
    "a missing parenthesis": (method("f;"), "2:6", ["missing '('"]),
    "a missing comma": (method("f(u8 a u8 b);"), "2:11", ["missing ')'"]),
    "a missing brace": ("interface sample = 1 version 1 { f();", "1:38", ["missing '}'"]),
    "a missing heading": ("f();", "1:1", ["interface"]),
    "an empty file": ("", "1:1", ["interface"]),
    "a heading without a version": ("interface sample = 1 { f(); }", "1:22", ["version"]),
    "a second interface":
        ("interface sample = 1 version 1 { f(); }\ninterface b = 2 version 1 { g(); }", "2:1",
         ["a file holds one"]),
    "an unexpected character": (method("f(u8 a) @;"), "2:13", ["'@'"]),
    "a character outside of ASCII": (method("f(u8 ä);"), "2:10", ["0xc3", "ASCII"]),
    "a string literal": (method('f("x");'), "2:7", ["'\"'"]),
    # Text
    "a comment without an end": ("/* interface", "1:1", ["comment without an end", "*/"]),
    "a comment that ends in a backslash":
        ("// a \\\n" + GOOD_INTERFACE, "1:1", ["backslash"]),
    "a comment that ends in the trigraph of a backslash":
        ("// a ??/\n" + GOOD_INTERFACE, "1:1", ["backslash"]),
    "a NUL byte": (method("f(); // \0"), "2:13", ["NUL"]),
    "a control character": (method("f(); // \x1b[2J"), "2:13", ["0x1b"]),
    "a carriage return": (GOOD_INTERFACE.replace("\n", "\r\n"), "1:32", ["line feed"]),
    "a file of more than 64 KiB": ("//" + " " * 65536, "1:1", ["65536"]),
}


@pytest.mark.parametrize("case", REFUSED_INTERFACES)
def test_interface_refused(tmp_path, case):
    text, place, words = REFUSED_INTERFACES[case]
    path, result = compile_interface(tmp_path, text, "int" if "int = " in text else
                                     "none" if "none = " in text else "sample")
    assert_refused(tmp_path, path, result, place, words)


def whole(line, instead):
    """The good manifest with the line that begins like INSTEAD replaced by it."""
    assert line in GOOD_MANIFEST
    return GOOD_MANIFEST.replace(line, instead)


def with_line(line):
    """The good manifest with one more line, its 16th."""
    return GOOD_MANIFEST + line + "\n"


def without(word):
    return "".join(line for line in GOOD_MANIFEST.splitlines(True) if not line.startswith(word))


NEEDS = "\n".join(f"needs core log as log{i}" for i in range(29))
PARAMETERS = "\n".join(f"parameter p{i} 1" for i in range(31))

REFUSED_MANIFESTS = {
    "an unknown line": (with_line("colour red"), "16:1", ["colour", "needs"]),
    "a manifest without a name": (without("name"), "15:1", ["no line 'name'"]),
    "a manifest without a version": (without("version"), "15:1", ["no line 'version'"]),
    "a manifest without an interface": (without("interface"), "15:1", ["no line 'interface'"]),
    "a manifest without a state": (without("state"), "15:1", ["no line 'state'"]),
    "an empty manifest": ("", "1:1", ["no line 'name'"]),
    "a line twice": (with_line("version 4"), "16:1", ["second line 'version'"]),
    "a line without its value": (whole("version    3", "version"), "2:8", ["missing"]),
    "a line with too much": (whole("version    3", "version 3 4"), "2:11", ["'4'", "too much"]),
    "a name in capitals": (whole("console", "Console"), "1:12", ["lower case"]),
    "a name that would leave its string": (whole("console", 'a"b'), "1:12", ["lower case"]),
    "a name of 24 characters": (whole("console", "c" * 24), "1:12", ["24", "23"]),
    "a title in capitals": (with_line("title Disk"), "16:7", ["Disk", "lower case"]),
    "a title that would leave its string": (with_line('title a"b'), "16:7", ["lower case"]),
    "a title of 24 characters": (with_line("title " + "t" * 24), "16:7", ["24", "23"]),
    "version 0": (whole("version    3", "version 0"), "2:9", ["65535"]),
    "a version that is no number": (whole("version    3", "version three"), "2:9", ["three"]),
    "an interface that has no IDL file":
        (whole("interface  sample", "interface absent"), "3:11", ["absent.idl"]),
    "an interface named by a path":
        (whole("interface  sample", "interface ../sample"), "3:11", ["lower case"]),
    "an unknown state": (whole("quiesced", "frozen"), "4:12", ["frozen", "quiesced"]),
    "a schema of a stateless domain": (whole("quiesced", "stateless"), "5:12", ["stateless"]),
    "schema 0": (whole("schema     2", "schema 0"), "5:8", ["65535"]),
    "accepts above the schema": (whole("accepts    1", "accepts 3"), "6:9", ["schema"]),
    "accepts without a schema": (without("schema"), "5:12", ["schema"]),
    "an unknown shadow": (whole("shadow     yes", "shadow maybe"), "15:8", ["maybe", "yes"]),
    "a need without a handle": (with_line("needs core log"), "16:15", ["as HANDLE"]),
    "a need of an unknown kind": (with_line("needs luck many as luck"), "16:7", ["service"]),
    "a need of nothing": (with_line("needs"), "16:6", ["as HANDLE"]),
    "a service without an interface":
        (with_line("needs service blk as disk2"), "16:7", ["INTERFACE"]),
    "a service without a colon":
        (with_line("needs service blk is sample as d"), "16:19", ["':'"]),
    "a service of an unknown interface":
        (with_line("needs service blk : absent as d"), "16:21", ["absent.idl"]),
    "a virtio device without a number":
        (with_line("needs device virtio as d"), "16:14", ["virtio 2"]),
    "a virtio device of number 0": (with_line("needs device virtio 0 as d"), "16:21", ["63"]),
    "another device with a number":
        (with_line("needs device ns16550a 2 as d"), "16:14", ["ns16550a"]),
    "a device that would leave its string":
        (with_line('needs device a"b as d'), "16:14", ["compatible"]),
    "an unknown core capability":
        (with_line("needs core everything as d"), "16:12", ["everything", "initrd"]),
    "a handle twice": (with_line("needs core log as uart"), "16:19", ["second", "uart"]),
    "a handle in capitals": (with_line("needs core log as LOG"), "16:19", ["lower case"]),
    "33 needs": (with_line(NEEDS), "44:1", ["more than 32"]),
    "an unknown limit": (with_line("limit luck 5"), "16:7", ["pages", "budget"]),
    "a limit without a name": (with_line("limit"), "16:1", ["pages", "budget"]),
    "a limit twice": (with_line("limit pages 300"), "16:7", ["second limit"]),
    "a limit out of range": (with_line("limit handles 1025"), "16:15", ["1024"]),
    "a limit past 64 bits": (with_line("limit rrefs 18446744073709551617"), "16:13", ["65535"]),
    "a negative limit": (with_line("limit rrefs -1"), "16:13", ["-1"]),
    "a limit below the needs": (with_line("limit handles 2"), "16:15", ["needs"]),
    "a time without a unit": (with_line("limit wait 500"), "16:15", ["ms"]),
    "a time in another unit": (with_line("limit wait 5 s"), "16:14", ["'s'", "ms"]),
    "a time of 0": (with_line("limit wait 0 ms"), "16:12", ["60000"]),
    "a parameter without a value": (with_line("parameter depth"), "16:16", ["NUMBER"]),
    "a parameter that is no number": (with_line("parameter depth deep"), "16:17", ["deep"]),
    "a parameter twice": (with_line("parameter blocks 1"), "16:11", ["second parameter"]),
    "33 parameters": (with_line(PARAMETERS), "46:1", ["more than 32"]),
    "a NUL byte": (with_line("# \0"), "16:3", ["NUL"]),
    "a carriage return": (GOOD_MANIFEST.replace("\n", "\r\n"), "1:19", ["line feed"]),
    "a file of more than 64 KiB": ("#" * 65537, "1:1", ["65536"]),
}


@pytest.mark.parametrize("case", REFUSED_MANIFESTS)
def test_manifest_refused(tmp_path, case):
    text, place, words = REFUSED_MANIFESTS[case]
    path, result = compile_manifest(tmp_path, text)
    assert_refused(tmp_path, path, result, place, words)


def test_manifest_refused_where_its_interface_is(tmp_path):
    (tmp_path / "broken.idl").write_text("interface broken = 1 version 1 { f(float x); }")
    path, result = compile_manifest(tmp_path, whole("interface  sample", "interface  broken"))
    lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert lines[0].startswith(f"{tmp_path}/broken.idl:1:36: ")
    assert lines[1].startswith(f"{path}:3:12: ")


def test_every_wrong_method_is_reported(tmp_path):
    text = "f(float a);\n    g(u8 *b, struct c);\n    h();\n    i() -> borrow;"
    _, result = compile_interface(tmp_path, method(text))
    places = re.findall(r"sample\.idl:(\d+:\d+): ", result.stderr)
    assert places == ["2:7", "3:10", "5:12"]


def test_a_flood_of_refusals_ends(tmp_path):
    _, result = compile_interface(tmp_path, method("f(float a);\n" * 500))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) <= 21


@pytest.mark.parametrize("words", [
    [], ["--interface"], ["--interface", "a.idl"], ["--out", "x"], ["--manifest", "m", "--out", "x"],
    ["--interface", "a", "--manifest", "m", "--out", "x"], ["--frobnicate", "x"],
    ["--interface", "a", "--interface", "a", "--out", "x"], ["--interface", "", "--out", "x"],
    ["--interface", "a", "--interfaces", "i", "--out", "x"], ["a.idl"],
], ids=" ".join)
def test_usage_error_has_status_2(words):
    result = run_idlc(*words)
    assert result.returncode == 2
    assert "usage: idlc" in result.stderr and result.stdout == ""


def test_help_prints_the_usage():
    result = run_idlc("--help")
    assert result.returncode == 0 and "usage: idlc" in result.stdout


def test_a_file_that_cannot_be_read_or_written_is_one_line(tmp_path):
    for path in [tmp_path / "absent.idl", tmp_path]:
        result = run_idlc("--interface", path, "--out", tmp_path / "out")
        assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
        assert "cannot read" in result.stderr
    source = tmp_path / "sample.idl"
    source.write_text(GOOD_INTERFACE)
    result = run_idlc("--interface", source, "--out", source)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert "cannot write" in result.stderr


def test_input_cut_or_changed_anywhere_never_crashes(tmp_path):
    random.seed(1)
    good = GOOD_INTERFACE.encode()
    cuts = [good[:length] for length in range(0, len(good), 7)]
    for _ in range(150):
        mutant = bytearray(good)
        for _ in range(random.randint(1, 4)):
            mutant[random.randrange(len(mutant))] = random.randrange(256)
        cuts.append(bytes(mutant))
    for text in cuts:
        _, result = compile_interface(tmp_path, text)
        assert result.returncode in (0, 1), text
        assert bool(result.stderr) == (result.returncode == 1), text


# ---- What is written ----

def interface_hash(folder, text):
    _, result = compile_interface(folder, text)
    assert result.returncode == 0, result.stderr
    header = (folder / "out" / "sample_interface.h").read_text()
    return int(re.search(r"SAMPLE_INTERFACE_HASH (0x[0-9a-f]{16})ull", header)[1], 16)


def test_hash_is_fnv1a_over_the_canonical_text(tmp_path):
    canonical = ("interface sample = 7 version 2 {"
                 "read(borrow,u32,u32)->u32 idempotent timeout 500 ms;"
                 "sleep_for(u64) blocking;give(rref)->rref;event(u64)->handle;nothing();"
                 "all(u8,u16,u32,i8,i16,i32,bool,handle)->i64 timeout 2000 ms;}")
    value = 0xcbf29ce484222325
    for byte in canonical.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    assert interface_hash(tmp_path, GOOD_INTERFACE) == value


@pytest.mark.parametrize("old, new", [
    ("// Reads LENGTH bytes.", "/* Something else. */"),
    ("    read(borrow buffer, u32 start", "read ( borrow other,u32 first"),
    ("timeout 2 s", "timeout 2000 ms"),
    ("idempotent timeout 500 ms", "timeout 500 ms\n        idempotent"),
])
def test_hash_ignores_what_both_sides_need_not_agree_on(tmp_path, old, new):
    assert old in GOOD_INTERFACE
    changed = GOOD_INTERFACE.replace(old, new)
    assert interface_hash(tmp_path, GOOD_INTERFACE) == interface_hash(tmp_path, changed)


@pytest.mark.parametrize("old, new", [
    ("= 7", "= 8"), ("version 2", "version 3"), ("give(", "hand("), ("u32 start", "u64 start"),
    ("-> i64", "-> u64"), ("500 ms", "501 ms"), (" idempotent", ""), (" blocking", ""),
    ("    nothing();\n", ""), ("rref buffer", "borrow buffer"),
])
def test_hash_changes_with_the_agreement(tmp_path, old, new):
    assert old in GOOD_INTERFACE
    changed = GOOD_INTERFACE.replace(old, new)
    assert interface_hash(tmp_path, GOOD_INTERFACE) != interface_hash(tmp_path, changed)


def test_documentation_is_carried_into_the_headers(tmp_path):
    compile_interface(tmp_path, GOOD_INTERFACE)
    for name in ["sample_client.h", "sample_server.h"]:
        text = (tmp_path / "out" / name).read_text()
        assert re.search(r"\n// Reads LENGTH bytes\.\n// Into the buffer\.\n\S.*sample_(do_)?read\(",
                         text)
        assert "remark on this line" not in text
    header = (tmp_path / "out" / "sample_interface.h").read_text()
    assert "\n// What a test needs.\n" in header and header.count("SPDX") == 1


def test_call_descriptions_are_json(tmp_path):
    compile_interface(tmp_path, GOOD_INTERFACE)
    calls = json.loads((tmp_path / "out" / "sample_calls.json").read_text())
    assert [call["method"] for call in calls] == [
        "read", "sleep_for", "give", "event", "nothing", "all"]
    assert [call["index"] for call in calls] == list(range(6))
    read = calls[0]
    assert (read["number"], read["version"], read["result"]) == (7, 2, "u32")
    assert (read["idempotent"], read["blocking"], read["timeout_ms"]) == (True, False, 500)
    assert read["arguments"][0] == {"name": "buffer", "type": "borrow"}
    assert calls[1]["result"] is None


def test_output_is_reproducible(tmp_path):
    outputs = []
    for _ in range(2):
        compile_manifest(tmp_path, GOOD_MANIFEST)
        compile_interface(tmp_path, GOOD_INTERFACE)
        outputs.append({path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()})
    assert outputs[0] == outputs[1]
    assert sorted(outputs[0]) == ["manifest.c", "manifest.h", "sample_calls.json",
                                  "sample_client.h", "sample_interface.h", "sample_server.c",
                                  "sample_server.h"]


def test_manifest_header_has_the_constants(tmp_path):
    path, result = compile_manifest(tmp_path, GOOD_MANIFEST)
    assert result.returncode == 0, result.stderr
    header = (tmp_path / "out" / "manifest.h").read_text()
    for line in ['#define DOMAIN_NAME "console"', "#define DOMAIN_VERSION 3",
                 "#define DOMAIN_SCHEMA 2", "#define DOMAIN_ACCEPTS 1",
                 "#define PARAMETER_BLOCKS 65536ull",
                 "#define PARAMETER_MASK 18446744073709551615ull"]:
        assert f"\n{line}\n" in header
    assert re.findall(r"HANDLE_(\w+) = (\d+),", header) == [
        ("UART", "0"), ("DISK", "1"), ("NULL", "2"), ("CONTROL", "3")]


# The header as a C program sees it: the fields that the loader checks, one a line.
PRINT_HEADER = r"""
#include "sample_server.h"
#include <stdio.h>
extern const struct domain_header domain_header;
RpcResult sample_do_read(rref_t a, uint32_t b, uint32_t c) { return rpc_ok(a + b + c); }
RpcResult sample_do_sleep_for(uint64_t a) { return rpc_ok(a); }
RpcResult sample_do_give(rref_t a) { return rpc_ok(a); }
RpcResult sample_do_event(uint64_t a) { return rpc_ok(a); }
RpcResult sample_do_nothing(void) { return rpc_ok(0); }
RpcResult sample_do_all(uint8_t a, uint16_t b, uint32_t c, int8_t d, int16_t e, int32_t f, bool g,
                        handle_t h)
{
    printf("all %u %u %u %d %d %d %d %u\n", a, b, c, d, e, f, g, h);
    return rpc_ok(0);
}
int64_t domain_init(void) { return 0; }
int64_t domain_rehearse(uint64_t serving) { return (int64_t)serving; }
int64_t domain_attach(void) { return 0; }
RpcResult domain_export(uint64_t schema) { return rpc_ok(schema); }
int64_t domain_import(rref_t state, uint64_t schema) { return (int64_t)(state + schema); }
int64_t domain_detach(uint64_t resume) { return (int64_t)resume; }
int64_t domain_exit(void) { return 0; }
void thread_main(uint64_t function, uint64_t argument) { (void)(function + argument); }
RpcResult fault_commit(void) { return rpc_ok(0); }
int main(void)
{
    const struct domain_header *h = &domain_header;
    printf("%x %u %s %s %u %u %u %u %d %s %u %u %u %u\n", h->magic, h->abi, h->name, h->title,
           h->version, h->flags, h->interface, h->interface_version,
           h->interface_hash == SAMPLE_INTERFACE_HASH, h->interface_name, h->schema, h->accepts,
           h->method_count, h->need_count);
    const struct domain_limits *l = &h->limits;
    printf("%u %u %u %u %u %u %u %u\n", l->pages, l->rrefs, l->threads, l->events, l->handles,
           l->budget_ms, l->wait_ms, l->shared_pages);
    for (unsigned i = 0; i < h->need_count; i++)
        printf("need %u %u %u %u %d %s\n", h->needs[i].kind, h->needs[i].optional,
               h->needs[i].interface, h->needs[i].index,
               h->needs[i].hash == SAMPLE_INTERFACE_HASH, h->needs[i].name);
    for (unsigned i = 0; i < h->method_count; i++)
        printf("method %u %u %u %u%u%u%u\n", h->descriptions[i].argument_count,
               h->descriptions[i].flags, h->descriptions[i].timeout_ms,
               h->descriptions[i].arguments[0], h->descriptions[i].arguments[1],
               h->descriptions[i].arguments[2], h->descriptions[i].arguments[7]);
    uint64_t wide = 0xffffffffffffffff;
    ((RpcResult(*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))
         h->methods[5])(wide, wide, wide, wide, wide, wide, wide << 8, wide);
    return 0;
}
"""


def test_the_image_header_says_what_the_manifest_says(tmp_path):
    compile_manifest(tmp_path, with_line("title uart-16550"))
    compile_interface(tmp_path, GOOD_INTERFACE)
    out = tmp_path / "out"
    (out / "print.c").write_text(PRINT_HEADER)
    subprocess.run(["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}",
                    f"-I{out}", "-o", out / "print", out / "print.c", out / "manifest.c",
                    out / "sample_server.c"], check=True)
    printed = subprocess.run([out / "print"], check=True, capture_output=True, text=True).stdout
    assert printed.splitlines() == [
        "31444842 2 console uart-16550 3 2 7 2 1 sample 2 1 6 4",
        "256 256 8 64 64 30 2000 1024",
        "need 2 0 0 0 0 ns16550a",
        "need 2 0 0 2 0 virtio",
        "need 1 1 7 0 1 nullblk",
        "need 3 0 0 0 0 control",
        "method 3 1 500 3110",
        "method 1 2 0 1000",
        "method 1 4 0 2000",
        "method 1 8 0 1000",
        "method 0 0 0 0000",
        "method 8 0 2000 1114",
        # However wide the caller's registers: each argument is cut to its type.
        "all 255 65535 4294967295 -1 -1 -1 1 4294967295",
    ]


@pytest.mark.parametrize("manifest, title", [
    (GOOD_MANIFEST, "sample"), ("name idle\nversion 1\ninterface none\nstate stateless\n", "idle")])
def test_without_a_title_the_interface_or_else_the_name_stands_for_it(tmp_path, manifest, title):
    _, result = compile_manifest(tmp_path, manifest)
    assert result.returncode == 0, result.stderr
    assert f'.title = "{title}",' in (tmp_path / "out" / "manifest.c").read_text()


def test_a_domain_without_an_interface_needs_no_method_table(tmp_path):
    text = "name idle\nversion 1\ninterface none\nstate stateless\n"
    _, result = compile_manifest(tmp_path, text)
    assert result.returncode == 0, result.stderr
    source = (tmp_path / "out" / "manifest.c").read_text()
    assert "domain_methods" not in source and "_server.h" not in source
    assert "HANDLE_" not in (tmp_path / "out" / "manifest.h").read_text()


def test_the_interfaces_of_the_system_compile(tmp_path):
    sources = sorted((ROOT / "domainlib" / "interface").glob("*.idl"))
    assert sources
    for source in sources:
        result = run_idlc("--interface", source, "--out", tmp_path)
        assert result.returncode == 0, result.stderr


# A stub called in user mode: gp points to a page like the gate page, whose word 2 is a callee that
# ruins every register it may, and answers with a digest of those it got.
CALL_STUBS = r"""
#include "sample_client.h"
#include <stddef.h>
RpcResult crash_callee(void);
uint64_t gate_page[512] = {[2] = (uint64_t)crash_callee};
// A callee that takes t0, t1, a0..a7, then leaves nonsense in all registers but ra and sp.
__asm__(".text\n.globl crash_callee\ncrash_callee:\n"
        "  la t2, seen\n  sd t0, 0(t2)\n  sd t1, 8(t2)\n  sd a0, 16(t2)\n  sd a1, 24(t2)\n"
        "  sd a2, 32(t2)\n  sd a3, 40(t2)\n  sd a4, 48(t2)\n  sd a5, 56(t2)\n  sd a6, 64(t2)\n"
        "  sd a7, 72(t2)\n"
        "  .irp r, t0,t1,t2,t3,t4,t5,t6,s0,s1,s2,s3,s4,s5,s6,s7,s8,s11,a2,a3,a4,a5,a6,a7\n"
        "  li \\r, -0x55\n  .endr\n  mv s9, gp\n  mv s10, gp\n  li a0, -5\n  li a1, 77\n  ret\n");
uint64_t seen[10];
void *memcpy(void *to, const void *from, size_t n) // the compiler's own, for array literals
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
#define CHECK(number, condition) do { if (!(condition)) return number; } while (0)
static int same(const uint64_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seen[i] != expected[i])
            return 0;
    return 1;
}
__attribute__((noinline)) static int run(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t sum = a;
    for (uint64_t i = 0; i < 3; i++)
        sum += sample_read(9, a, (uint32_t)b, 0xffffffffu).value + i;
    CHECK(1, sum == a + 3 * 77 + 3);
    CHECK(2, same((uint64_t[]){9, 0, a, b, ~0ull}, 5));
    CHECK(3, sample_give(0x80000000u, 5).status == -5);
    CHECK(4, same((uint64_t[]){0x80000000u, 2, 5}, 3));
    RpcResult result = sample_all(1, 255, 65535, 0x80000000u, -1, -2, -3, true, 0x90000000u);
    CHECK(5, result.status == -5 && result.value == 77);
    CHECK(6, same((uint64_t[]){1, 5, 255, 65535, 0xffffffff80000000, -1ull, -2ull, -3ull, 1,
                               0xffffffff90000000}, 10));
    CHECK(7, a == 11 && b == 22 && c == 33 && d == 44);
    return 0;
}
void start_c(void)
{
    register uint64_t status __asm__("a0") = (uint64_t)run(11, 22, 33, 44);
    register uint64_t number __asm__("a7") = 93;
    __asm__ volatile("ecall" : : "r"(status), "r"(number));
}
__asm__(".text\n.globl _start\n_start:\n  la gp, gate_page\n  andi sp, sp, -16\n  call start_c\n");
"""


@pytest.mark.skipif(not CROSS_CC or not EMULATOR, reason="needs the cross compiler and qemu-user")
@pytest.mark.parametrize("flags", [["-O0"], ["-Og"], ["-O1"], ["-O2"], ["-O3"], ["-Os"],
                                   ["-O2", "-DGATE_CALL_SAVING", "-fno-omit-frame-pointer"]],
                         ids=" ".join)
def test_stub_survives_a_callee_that_ruins_every_register(tmp_path, flags):
    compile_interface(tmp_path, GOOD_INTERFACE)
    out = tmp_path / "out"
    (out / "call.c").write_text(CALL_STUBS)
    subprocess.run([CROSS_CC, *CROSS_FLAGS, *flags, "-nostdlib", "-static", f"-I{ROOT}", f"-I{out}",
                    "-o", out / "call", out / "call.c", ROOT / "domainlib" / "gate_call.S"],
                   check=True)
    status = subprocess.run([EMULATOR, "-cpu", "rv64,zba=true,zbb=true", out / "call"],
                            timeout=20).returncode
    assert status == 0, f"check {status} failed"
