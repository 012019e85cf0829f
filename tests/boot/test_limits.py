# SPDX-License-Identifier: MIT
"""Programs that take all they can get, and input that makes no sense: the shell goes on."""

import os
import random
import re
import time

import pexpect
import pytest

from machine import Machine
from programs import program_build

pytestmark = pytest.mark.slow  # too long for the quick part of the tests

CALLS = int(os.environ.get("FUZZ_CALLS", "100000"))
FUZZERS = 4  # programs that share them
GARBAGE_BYTES = 2000
PAGES_SLACK = 8
REST_SECONDS = 2  # in which memory that is being given back grows, on any host
PAGES_SLACK_LONG = 32  # where a second round would take long


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine with little memory, for all of these tests."""
    folder = tmp_path_factory.mktemp("limits")
    files = {f"bin/{name}": program_build(name, folder)
             for name in ("memory_hog", "fork_bomb", "syscall_fuzz")}
    one = Machine(folder, cpus=2, memory="256M", files=files, timeout=60)
    one.boot()
    yield one
    one.kill()


def free_pages(machine):
    """In the shell's own words: there may be no memory for a process, and one that is killed may say so meanwhile."""
    text = machine.check("while read -r key value rest; do case $key in PagesFree:) echo free $value;; esac; done "
                         "< /proc/meminfo")
    return int(re.search(r"^free (\d+)$", text, re.M)[1])


def processes(machine):
    return [line.split()[-1] for line in machine.check("ps").splitlines()[1:]]


def shell_number(machine):
    return machine.check("echo $$").strip()


def await_only(machine, *names, limit=120):
    """Those that were killed take their time to die, and their parents to notice."""
    end = time.monotonic() + limit
    while (now := processes(machine)) != list(names) and time.monotonic() < end:
        time.sleep(0.5)  # between two looks at the state that is awaited
    assert now == list(names)


def free_pages_at_rest(machine, enough=None):
    """The same once it grows no more, or is ENOUGH. The memory of who has died comes back in its own time, which
    may be after `ps` has stopped to list it."""
    pages, since = free_pages(machine), time.monotonic()
    while not (enough and pages >= enough) and time.monotonic() - since < REST_SECONDS:
        time.sleep(0.1)  # between two looks at the state that is awaited: the shell remembers each line that it is given
        now = free_pages(machine)
        if now > pages:
            pages, since = now, time.monotonic()
    return pages


def settle(machine, action, rounds=6, slack=PAGES_SLACK):
    """Does something until free memory is afterwards what it was before. What stays so that the next
    time goes quicker stays once, or when more was at work at once than ever before; a leak stays
    behind each time."""
    losses = []
    before = free_pages_at_rest(machine)
    while len(losses) < rounds:
        action()
        after = free_pages_at_rest(machine, before - slack)
        losses.append(before - after)
        before = after
        if losses[-1] <= slack:
            return
    raise AssertionError(f"pages that each round took: {losses}")


def test_a_program_that_takes_all_memory_is_killed_and_nobody_else(machine):
    shell = shell_number(machine)

    def take_all():
        output, status = machine.run("memory_hog", timeout=120)
        free_pages_at_rest(machine)
        assert status == 137, output
        assert re.search(r"out of memory: pid \d+ \(memory_hog\) is killed, which holds \d{5,} KiB",
                         output), output
        assert shell_number(machine) == shell
        assert "memory_hog" in machine.check("dmesg | grep 'out of memory' | tail -n 1")

    settle(machine, take_all)


def test_many_that_take_all_memory_are_killed_one_after_the_other(machine):
    shell, pages = shell_number(machine), free_pages_at_rest(machine)

    def take_all():
        machine.run("memory_hog 8", timeout=120)
        end = time.monotonic() + 120
        while free_pages_at_rest(machine) < pages // 2:
            assert time.monotonic() < end, "memory does not come back"
        # Not `ps | grep`: while memory is short, ps may die and list nobody.
        machine.check("until list=$(ps) && [ \"${list#*memory_hog}\" = \"$list\" ]; do :; done", timeout=120)
        assert shell_number(machine) == shell
        await_only(machine, "init", "sh", "ps")

    settle(machine, take_all)


def test_files_fill_their_share_and_programs_still_run(machine):
    shell = shell_number(machine)

    def fill():
        told = int(re.search(r"ramfs +\d+ +\d+ +(\d+)", machine.check("df /tmp")).group(1)) * 1024
        output, status = machine.run("cat /dev/zero > /tmp/big", timeout=120)
        assert status == 1 and "No space left" in output, output
        size = int(machine.check("stat -c %s /tmp/big"))
        assert abs(size - told) <= 8 << 20, (size, told)  # who fills it takes memory as well
        assert machine.check("seq 1 1000 | tail -n 1") == "1000\n"
        output, status = machine.run("memory_hog", timeout=120)
        free_pages_at_rest(machine)
        assert status == 137, output
        assert shell_number(machine) == shell

    def fill_and_empty():
        try:
            fill()
        finally:
            machine.check("rm /tmp/big; echo small > /tmp/small; rm /tmp/small")

    settle(machine, fill_and_empty)


def test_a_fork_bomb_is_limited_and_dies_of_one_kill(machine):
    shell = shell_number(machine)

    def explode():
        machine.send("fork_bomb &\r")
        machine.expect("no place for more: ")
        machine.run("kill -9 -1; wait", timeout=120)
        await_only(machine, "init", "sh", "ps")
        assert shell_number(machine) == shell

    settle(machine, explode, rounds=20)  # each round has another peak


@pytest.mark.parametrize("calls", [8000, pytest.param(CALLS, marks=pytest.mark.slow)])
def test_random_system_calls_do_no_harm(machine, calls):
    shell = shell_number(machine)

    def fuzz():
        each = calls // FUZZERS
        output, _ = machine.run(f"for i in $(seq {FUZZERS}); do syscall_fuzz {each} $((i * 100000)) & done; "
                                "wait; rm -rf /tmp/fuzz.*", timeout=600 + calls // 200)
        counts = [int(count) for count in re.findall(r"(\d+) calls,", output)]
        assert len(counts) == FUZZERS and min(counts) >= each, output
        print({"system calls": sum(counts)})
        assert shell_number(machine) == shell
        await_only(machine, "init", "sh", "ps")
        assert machine.check("ls /tmp") == ""

    settle(machine, fuzz, slack=PAGES_SLACK_LONG)


def interrupt_forget(machine):
    """An interrupt that came between two reads of the line editor is kept by the shell until it next waits
    for something, and then ends the line."""
    machine.send("sleep 0.1 & wait\r")
    machine.expect("wait\r*\n")
    machine.expect("# ")


@pytest.mark.parametrize("seed", range(3))
def test_garbage_at_the_console_does_no_harm(machine, seed):
    generator = random.Random(seed)
    # Not Ctrl-A, which is QEMU's, nor Ctrl-D, which would end the shell as it must.
    alphabet = [byte for byte in range(256) if byte not in (1, 4)]
    os.write(machine.child.child_fd, bytes(generator.choices(alphabet, k=GARBAGE_BYTES)))
    machine.send("\r")
    for turn in range(100):  # an open quote, a half-typed sequence or a program may be in the way
        machine.send(f'\x03\recho "ali""ve in turn {turn}"\r')
        if machine.child.expect([rf"alive in turn {turn}\r*\n", "panic: ", pexpect.TIMEOUT], timeout=3) < 2:
            break
    assert "alive" in str(machine.child.after), machine.child.before
    machine.expect("# ")
    interrupt_forget(machine)
    machine.run("sleep 100 & kill -9 -1; wait")  # one at least, or `kill` ends the line
    assert machine.check("cd /; ls -d /bin") == "/bin\n"


def test_what_is_typed_while_a_program_prints_is_read_afterwards(machine):
    machine.send("seq 1 2000\r")
    machine.send("".join(f"echo line {number} >> /tmp/typed\r" for number in range(12)))
    machine.send('echo "e""nd of it"\r')
    machine.expect("end of it\r*\n")
    machine.expect("# ")
    expected = "".join(f"line {number}\n" for number in range(12))
    assert machine.check("cat /tmp/typed; rm /tmp/typed") == expected


KEYS = {  # what is typed, and what the shell then prints
    "arrow up brings the last command back": ("echo fir''st\recho sec''ond\r\x1b[A\r",
                                              r"first.*second.*second"),
    "arrow up and down go through the history": ("echo o''ne\recho tw''o\r\x1b[A\x1b[A\x1b[B\r",
                                                 r"one.*two.*\btwo\r"),
    "arrow left puts in between": ("echo 'a'c\x1b[Db\r", r"abc\r|acb\r"),
    "tab completes a command": ("blkb\t --help\r", r"usage: blkbench"),
    "tab completes a file name": ("cat /proc/memi\t\r", r"PagesFree"),
    "tab goes into folders": ("ls /pro\tsy\t\r", r"domain"),
    "tab lists what fits": ("ls /boot/null_v\t\x15ls /boot/null\t\t", r"nullblk\.elf"),
    "a word and a line can be deleted": ("echo wrong\x17ri''ght\r", r"right\r"),
}


@pytest.mark.parametrize("name", KEYS)
def test_the_line_editor(machine, name):
    typed, printed = KEYS[name]
    machine.send(typed)
    machine.expect(f"(?s){printed}")
    machine.expect("# ")  # while a command still ends, the shell may keep an interrupt for the next line
    machine.send("\x03")
    machine.expect(r"\^C")
    machine.expect("# ")
    interrupt_forget(machine)
    assert machine.check("echo ready")[-6:] == "ready\n"
