# SPDX-License-Identifier: MIT
"""The rewriter: what it makes is accepted by the verifier and computes what plain C computes; what it
cannot confine it refuses, with file, line and reason."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = ROOT / "build" / "host"
NEWLIB = ROOT / "build" / "newlib" / "domain"
EMULATOR = shutil.which("qemu-riscv64")
CROSS = "riscv64-unknown-elf-"

LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os", "-O2 -g -fno-omit-frame-pointer"]


def run(*command, check=True, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            cwd=ROOT, timeout=120, **options)
    if check and result.returncode:
        pytest.fail(f"{command[0]}: {result.stdout}{result.stderr}")
    return result


@pytest.fixture(scope="session")
def loader(tmp_path_factory):
    if not EMULATOR:
        pytest.skip("no qemu-riscv64 (install qemu-user)")
    path = tmp_path_factory.mktemp("loader") / "loader"
    run(CROSS + "gcc", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-mno-relax", "-O1",
        "-ffreestanding", "-nostdlib", "-static", "-I.", "-o", path, "tests/unit/sfi/loader.c")
    return path


@pytest.fixture(scope="session")
def plain_results(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain"
    run("cc", "-std=gnu11", "-O1", "-I.", "-o", path, "tests/unit/sfi/host.c",
        "tests/unit/sfi/workloads.c")
    return run(path).stdout


def domain_link(output, *objects):
    run(CROSS + "ld", "-q", "--no-relax", "--gc-sections", "--build-id=none",
        "-z", "max-page-size=4096", "-e", "workloads_run",
        "-T", "linker/domain.ld", "-o", output, *objects, NEWLIB / "lib" / "libc.a")


def domain_build(folder, flags):
    """The workloads as a domain's ELF file."""
    objects = []
    sources = ["tests/unit/sfi/workloads.c", "tests/unit/sfi/runtime.c", "domainlib/entry.S",
               *sorted((ROOT / "domainlib" / "libc").iterdir())]
    for source in sources:
        objects.append(folder / (Path(source).name + ".o"))
        run(HOST / "sfi-cc", "-std=gnu11", *flags, "-I.", "-isystem", NEWLIB / "include",
            "-ffunction-sections", "-fdata-sections", "-c", "-o", objects[-1], source)
    domain_link(folder / "domain.elf", *objects)
    return folder / "domain.elf"


@pytest.mark.parametrize("level", LEVELS)
def test_confined_code_computes_what_plain_code_does(level, tmp_path, loader, plain_results):
    elf = domain_build(tmp_path, level.split())
    assert run(HOST / "domverify", elf).stdout.startswith("ok: ")
    result = run(EMULATOR, "-cpu", "rv64,zba=true,zbb=true", loader, elf)
    assert result.stdout == plain_results


def confine(tmp_path, assembly):
    """Confines hand-written assembly; returns sfi's result and the verifier's."""
    source = tmp_path / "source.s"
    source.write_text(assembly)
    result = run(HOST / "sfi", source, "-o", tmp_path / "confined.s", check=False)
    if result.returncode:
        return result, None
    run(CROSS + "as", "-march=rv64ima_zba_zbb", "-mabi=lp64", "-mno-relax", "-o",
        tmp_path / "object.o", tmp_path / "confined.s")
    run(CROSS + "ld", "--no-relax", "-Ttext=0x10000", "--defsym=symbol=0x20000", "-e", "0", "-o",
        tmp_path / "linked", tmp_path / "object.o")
    run(CROSS + "objcopy", "-O", "binary", "-j", ".text", tmp_path / "linked", tmp_path / "words")
    return result, run(HOST / "domverify", "--raw", tmp_path / "words", check=False)


ACCEPTED = [
    "ld a0, 8(a1)", "sd a0, -8(a1)", "lb a0, (a1)", "lw a0, symbol", "lw a0, symbol+12",
    "sw a0, symbol, t0", "la a0, symbol", "lla ra, symbol", "lla sp, symbol",
    "lla a0, symbol\n ld a1, 0(a0)\n ld a2, 8(a0)", "ld s9, 8(gp)\n jr s9",
    "1: auipc a0, %pcrel_hi(symbol)\n ld a1, %pcrel_lo(1b)(a0)",
    "lr.w.aq a0, (a1)\n sc.w.rl a2, a3, (a1)", "amoadd.d.aqrl a0, a1, 0(a2)",
    "amoswap.w zero, a1, (sp)", "addi sp, sp, -64", "mv sp, s0", "sub sp, sp, a0", "ld sp, 8(a0)",
    "ld ra, 8(sp)", "mv ra, t0", "add ra, t0, t1", "jr a0", "jalr a0", "jalr ra, 0(a0)",
    "jalr zero, a0, 0", "ret", "jal 1f\n1: ret", "j 1f\n1: call 1b\n tail 1b", "ebreak",
    "fence\n fence rw, w\n fence.tso", "beqz a0, 1f\n bgtu a0, a1, 1f\n1: nop",
    "mv a2, a1\n ld a0, 0(a1)\n addi a1, a1, 16\n sd a0, -16(a1)\n sd a0, 8(a2)",
    "addi a1, sp, 16\n sd a0, 0(a1)\n addi sp, sp, 16\n ld a0, 8(a1)", "ld a0, 16(zero)",
    "add.uw s10, a0, gp\n andi s9, s10, -4\n jr s9", "ld a0, 0(fp)\n ld a0, 0(x8)",
    "li a0, 0x123456789abcdef0", "sext.b a0, a1; zext.h a0, a1; rev8 a0, a0; orc.b a0, a0",
    ".option push\n .option norelax\n ld a0, 0(a1)\n .option pop", "label: ld a0, 0(a1) # remark",
    "ld a0, /* between */ 0(a1)", ".data\n .dword 1\n .previous\n ld a0, 0(a1)",
]


@pytest.mark.parametrize("assembly", ACCEPTED)
def test_assembly_is_confined(assembly, tmp_path):
    result, verdict = confine(tmp_path, f"\t.text\nstart: {assembly}\n\tebreak\n")
    assert result.stderr == ""
    assert verdict.stdout.startswith("ok: "), (tmp_path / "confined.s").read_text()


REFUSED = [
    ("csrr a0, satp", "not among the instructions"),
    ("rdcycle a0", "not among the instructions"),
    ("ecall", "not among the instructions"),
    ("fence.i", "not among the instructions"),
    ("fld fa0, 0(a0)", "not among the instructions"),
    ("c.nop", "not among the instructions"),
    ("bset a0, a0, a1", "not among the instructions"),
    ("unimp", "not among the instructions"),
    ("mv gp, a0", "what confinement rests on"),
    ("ld tp, 0(a0)", "what confinement rests on"),
    ("lr.d x4, (a0)", "what confinement rests on"),
    ("mv s9, a0", "belongs to the guards"),
    ("ld s10, 0(sp)", "belongs to the guards"),
    ("ld x26, 0(sp)", "belongs to the guards"),
    ("li sp, 64", "a number in ra or sp"),
    ("jr 16(a0)", "without offset"),
    ("jalr t0, a0", "link zero or ra"),
    ("jal t0, start", "link zero or ra"),
    ("call t0, start", "link zero or ra"),
    ("lui a0, %hi(symbol)\n ld a0, %lo(symbol)(a0)", "-mcmodel=medany"),
    ("ld a0, 0x1000", "an absolute address"),
    (".word 0x12345678", "data among the instructions"),
    (".insn r 0x33, 0, 0, a0, a1, a2", "hides instructions"),
    (".macro m\n ld a0, 0(a1)\n .endm\n m", "hides instructions"),
    (".rept 4\n nop\n .endr", "hides instructions"),
    (".data\n ld a0, 0(a1)", "outside executable sections"),
    ("ld a0", "operands not understood"),
    ("amoadd.w a0, a1, 4(a2)", "operands not understood"),
]


@pytest.mark.parametrize("assembly, reason", REFUSED)
def test_what_cannot_be_confined_is_refused_with_file_line_and_reason(assembly, reason, tmp_path):
    result, _ = confine(tmp_path, f"\t.text\nstart:\n\t{assembly}\n")
    assert result.returncode == 1
    line = 3 + assembly.split("ld a0, %lo")[0].count("\n") if "%lo" in assembly else None
    assert reason in result.stderr
    assert result.stderr.startswith(f"{tmp_path / 'source.s'}:{line or ''}")
    assert not (tmp_path / "confined.s").exists()


def test_inline_assembly_is_refused_where_the_source_has_it(tmp_path):
    source = tmp_path / "inline.c"
    source.write_text('int f(void)\n{\n    __asm__("csrr a0, satp");\n    return 0;\n}\n')
    result = run(HOST / "sfi-cc", "-c", "-o", tmp_path / "inline.o", source, check=False)
    assert result.returncode
    assert f"{source}:3: csrr a0, satp: not among" in result.stderr
    assert not (tmp_path / "inline.o").exists()


def test_repeated_accesses_share_a_guard(tmp_path):
    confine(tmp_path, "ld a0, 0(a1)\n ld a2, 8(a1)\n sd a0, 16(a1)\n addi a1, a1, 24\n sd a2, 0(a1)\n")
    assert (tmp_path / "confined.s").read_text().count("add.uw") == 1


def test_a_guard_does_not_outlive_its_block_or_its_register(tmp_path):
    confine(tmp_path, "ld a0, 0(a1)\n1: ld a0, 0(a1)\n add a1, a1, a2\n ld a0, 0(a1)\n call 1b\n ld a0, 0(a1)\n")
    assert (tmp_path / "confined.s").read_text().count("add.uw") == 4


PAIR = "typedef struct { long status; unsigned long value; } Pair;\n"
FRAMES = [  # a function, and whether its stack frame is there for something
    ("Pair f(unsigned long a) { return (Pair){0, a}; }", False),
    ("Pair f(unsigned long a) { return a ? (Pair){0, a} : (Pair){-1, 0}; }", False),
    ("long g(long *); long f(void) { long a = 1; return g(&a); }", True),
    ("long f(unsigned long a) { volatile long b[8]; b[a & 7] = 1; return b[0]; }", True),
    ("void g(void *); void f(unsigned long a) { g(__builtin_alloca(a)); }", True),
]


@pytest.mark.parametrize("function, is_used", FRAMES)
def test_stack_frames_that_a_function_does_not_use_are_dropped(function, is_used, tmp_path):
    source = tmp_path / "frame.c"
    source.write_text(PAIR + function + "\n")
    run(HOST / "sfi-cc", "-O2", "-g", "-S", source, "-o", tmp_path / "frame.s")
    text = (tmp_path / "frame.s").read_text()
    moves = text.count("addi\tsp,sp,-")
    assert (moves, text.count("addi\tsp,sp") - moves) == ((1, 1) if is_used else (0, 0)) or \
        (is_used and "alloca" in function and moves)
    assert (".cfi_def_cfa_offset" in text) == is_used


ADDRESSES = [  # what follows the address of a symbol in a5, and whether that register is read
    ("sd a0, 0(a5)\n li a5, 1", False), ("ld a5, 0(a5)", False),
    ("sd a0, 0(a5)\n mv a1, a5\n li a5, 1", True), ("sd a0, 0(a5)\n sd a0, 8(a5)\n li a5, 1", True),
    ("mv a1, a5\n sd a0, 0(a5)\n li a5, 1", True), ("sd a5, 0(a5)\n li a5, 1", True),
    ("sd a0, 0(a5)\n1: li a5, 1", True), ("sd a0, 0(a5)\n beqz a0, 1b\n li a5, 1", True),
    ("sd a0, 0(a5)\n ret", True), ("sd a0, 0(a5)\n addi a5, a5, 1", True),
    ("sd a0, 0(a5)\n sd a0, 0(a5)\n li a5, 1", True),
]


@pytest.mark.parametrize("after, is_read", ADDRESSES)
def test_the_address_of_a_symbol_is_made_where_something_reads_it(after, is_read, tmp_path):
    _, judged = confine(tmp_path, f"1: nop\n la a5, symbol\n {after}\n ret\n")
    assert judged.stdout.startswith("ok: ")
    assert ("addi\ta5,s10," in (tmp_path / "confined.s").read_text()) == is_read


def test_stores_only_leaves_loads_alone(tmp_path):
    source = tmp_path / "one.c"
    source.write_text("long f(long *p) { p[1] = p[0]; return p[2]; }\n")
    words = tmp_path / "words"
    run(HOST / "sfi-cc", "-O2", "-c", "-o", tmp_path / "one.o", source,
        env={"SFI": "stores", "PATH": "/usr/bin:/bin"})
    run(CROSS + "objcopy", "-O", "binary", "-j", ".text", tmp_path / "one.o", words)
    assert run(HOST / "domverify", "--raw", words, check=False).returncode == 1
    assert run(HOST / "domverify", "--raw", "--stores", words).returncode == 0


def test_sfi_cc_serves_as_a_compiler(tmp_path):
    one, two = tmp_path / "one.c", tmp_path / "two.S"
    one.write_text("int two(int *); int one(int *p) { return two(p) + *p; }\n")
    two.write_text("#define BASE a0\n.globl two\ntwo: lw a0, 0(BASE)\n ret\n")
    run(HOST / "sfi-cc", "-O2", "-nostdlib", "-Wl,-e,one", one, two, "-o", tmp_path / "linked")
    text = run(CROSS + "objdump", "-d", tmp_path / "linked").stdout
    assert text.count("add.uw\ts10") >= 2
    assert "riscv64" in run(HOST / "sfi-cc", "-dumpmachine").stdout
    assert "libgcc" in run(HOST / "sfi-cc", "-print-libgcc-file-name").stdout
    assert "gcc" in run(HOST / "sfi-cc", "--version").stdout.lower()
    assert "int one" in run(HOST / "sfi-cc", "-E", one).stdout
    run(HOST / "sfi-cc", "-O2", "-S", one, "-o", tmp_path / "one.s")
    assert "add.uw" in (tmp_path / "one.s").read_text()
    run(HOST / "sfi-cc", "-c", tmp_path / "one.s", "-o", tmp_path / "again.o")
    run(HOST / "sfi-cc", "-O2", "-c", one, "-o", tmp_path / "one.o")
    sizes = [run(CROSS + "size", "-A", tmp_path / name).stdout.split(".text")[1].split()[0]
             for name in ("again.o", "one.o")]
    assert sizes[0] == sizes[1]


def test_domverify_says_what_it_cannot_read(tmp_path):
    garbage = tmp_path / "garbage"
    garbage.write_bytes(bytes(range(256)) * 16)
    assert run(HOST / "domverify", tmp_path / "none", check=False).returncode == 2
    assert run(HOST / "domverify", check=False).returncode == 2
    refused = run(HOST / "domverify", garbage, check=False)
    assert refused.returncode == 1 and refused.stdout.count("\n") == 1
    assert run(HOST / "domverify", "--raw", garbage, check=False).returncode == 1
