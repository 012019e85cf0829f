# SPDX-License-Identifier: MIT
"""`make qemu RUN=...`: what goes in, what comes out, and the exit status."""

import os
import re
import struct
import subprocess

import pytest

from machine import ROOT


def make_qemu(commands, *settings, disk="none"):
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    finished = subprocess.run(
        ["make", "-s", "qemu", f"DISK={disk}", *settings, f"RUN={commands}"], cwd=ROOT,
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=200)
    finished.output = finished.stdout.decode(errors="replace").replace("\r", "")
    finished.message = finished.stderr.decode(errors="replace")
    return finished


AWKWARD = [
    ("a dollar", "x=5; echo \"$x-$((x*2))\"", "5-10"),
    ("single quotes", "echo 'it''s $HOME'", "its $HOME"),
    ("double quotes and backslashes", 'echo "a \\"b\\" c\\\\d"', 'a "b" c\\d'),
    ("newlines", "echo one\necho two", "one\ntwo"),
    ("a make function", "echo '$(shell echo no) ${x} $@ %'", "$(shell echo no) ${x} $@ %"),
    ("a number sign", "echo 'a#b' # c", "a#b"),
    ("commas and parentheses", "(echo 'a,b)c(')", "a,b)c("),
    ("a backslash before a newline", "echo a \\\nb", "a b"),
]


@pytest.mark.parametrize("commands, expected", [case[1:] for case in AWKWARD],
                         ids=[case[0] for case in AWKWARD])
def test_commands_reach_the_shell_byte_for_byte(commands, expected):
    result = make_qemu(commands)
    assert result.returncode == 0, result.output + result.message
    assert expected in result.output


@pytest.mark.slow
def test_commands_of_64_kib_reach_the_shell():
    line = "echo '$\"\\ '\n"
    commands = line * ((65536 - 16) // len(line))
    commands += ":" * (65536 - 9 - len(commands)) + "\necho end"
    result = make_qemu(commands.replace("::", ": ")[:65536])
    assert result.output.rstrip().endswith("end"), result.output[-500:] + result.message


@pytest.mark.slow
def test_commands_past_64_kib_are_refused_with_their_size():
    result = make_qemu("echo " + "x" * 65536)
    assert result.returncode != 0
    assert "65541" in result.message and "65536" in result.message


@pytest.mark.parametrize("commands", ["true", "exit 0", "sleep 0.1", "false; true"])
def test_status_0_of_the_commands_is_status_0_of_make(commands):
    result = make_qemu(commands)
    assert result.returncode == 0, result.output + result.message


@pytest.mark.parametrize("commands, status", [("false", 1), ("exit 3", 3), ("exit 255", 255),
                                              ("no-such-command", 127), ("kill -9 $$", 137)])
def test_another_status_of_the_commands_fails_and_is_named(commands, status):
    result = make_qemu(commands)
    assert result.returncode != 0
    assert f"the commands ended with status {status}" in result.message, result.message


@pytest.mark.slow
def test_a_hang_past_timeout_fails_and_says_so():
    result = make_qemu("while :; do :; done", "TIMEOUT=10")
    assert result.returncode != 0
    assert "hang: no end after 10 seconds" in result.message


def test_a_boot_that_fails_is_told_from_commands_that_fail():
    result = make_qemu("true", "QEMUEXTRA=-no-such-option")
    assert result.returncode != 0
    assert "boot failure" in result.message


def test_a_disk_that_is_not_there_is_named():
    result = make_qemu("true", disk="/no/such/disk.img")
    assert result.returncode != 0
    assert "DISK=/no/such/disk.img: no such file" in result.message


@pytest.mark.parametrize("cpus", ["0", "9", "two", ""])
def test_a_number_of_harts_that_does_not_work_is_refused(cpus):
    result = make_qemu("true", f"CPUS={cpus or '0'}")
    assert result.returncode != 0
    assert "must be a number from 1 to 8" in result.message


def test_with_commands_the_console_shows_their_output_and_no_boot_chatter():
    result = make_qemu("echo begin; domain restart null; echo end")
    text = result.output
    assert result.returncode == 0, text + result.message
    between = text[text.index("begin") : text.index("end")]
    assert "[" not in between, between


def core_with_a_broken_function(path, name):
    """A copy of the core whose function NAME begins with a word that is no instruction."""
    core = ROOT / "build" / "core" / "core.elf"
    tool = os.environ.get("TOOLPREFIX", "riscv64-unknown-elf-")
    listed = subprocess.run([f"{tool}nm", core], stdout=subprocess.PIPE, check=True, text=True).stdout
    address = next(int(line.split()[0], 16) for line in listed.splitlines()
                   if line.split()[-1] == name)
    image = bytearray(core.read_bytes())
    start, = struct.unpack_from("<Q", image, 32)
    for at in range(start, start + 56 * image[56], 56):
        offset, virtual, _, size = struct.unpack_from("<4Q", image, at + 8)
        if virtual <= address < virtual + size:
            struct.pack_into("<I", image, offset + address - virtual, 0)
    path.write_bytes(image)
    return path


def test_a_panic_of_the_core_names_functions_and_lines_and_fails(run, tmp_path):
    core = core_with_a_broken_function(tmp_path / "core.elf", "core_control_command")
    result = run("domain restart null; echo never", disk="none", core=core)
    assert result.returncode == 125 and "never" not in result.output
    assert re.search(r"^qemu: core panic: panic: hart \d+, task .*", result.message, re.M)
    panic = result.output[result.output.index("panic: "):].splitlines()
    assert len(panic) >= 2 and all(
        re.fullmatch(r"  0x[0-9a-f]{16} \w[\w.]*\+0x[0-9a-f]{1,4}( \([\w/]+\.[cS]:\d+\))?", line)
        for line in panic[1:]), panic
    broken = next(line for line in panic if "core_control_command+0x0" in line)
    file, line = re.search(r"\((\S+):(\d+)\)$", broken).groups()
    begin = (ROOT / file).read_text().splitlines()[int(line) - 4 : int(line)]
    assert any("core_control_command(" in one for one in begin), broken


@pytest.mark.parametrize("words, status", [("panic: of mine", 3), ("panic: of mine", 0),
                                           ("boot: of mine", 1), ("Bulkhead of mine", 5)])
def test_commands_that_print_as_the_core_does_are_not_taken_for_it(run, words, status):
    result = run(f"echo '{words}'; exit {status}", disk="none")
    assert result.returncode == status
    assert not status or f"the commands ended with status {status}" in result.message


@pytest.mark.parametrize("settings, why", [
    ({"extra": "-cpu rv64,zba=false"}, "this CPU lacks Zba"),
    ({"initrd": ROOT / "LICENSE"}, "the initrd has no boot/services"),
    ({"memory": "6M"}, "the initrd does not fit into memory")])
def test_a_boot_that_the_core_ends_is_a_boot_failure_that_says_why(run, settings, why):
    result = run("true", disk="none", **settings)
    assert result.returncode == 126
    assert re.search(f"^qemu: boot failure: .*{why}", result.message, re.M), result.message
