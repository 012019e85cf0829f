# SPDX-License-Identifier: MIT
"""Threads of programs: what the system calls do, and that they outlive what is below them."""

import re
import time

import pytest

from machine import Machine
from programs import program_build

PROGRAMS = ("thread_check", "thread_bomb")
CHECK = "/bin/thread_check 2>/dev/null"  # some of its processes die of a fault, which is told there

# posix is replaced COUNT times, back and forth; "busy" leaves all as it was and is asked again.
UPDATES = r"""
n=0; image=posix_v2
while [ $n -lt COUNT ]; do
    answer=$(domain update posix $image 2>&1)
    case $answer in
    *"0 failed") n=$((n+1)); [ $image = posix ] && image=posix_v2 || image=posix ;;
    *"busy: "*) ;;
    *) echo "$answer"; break ;;
    esac
done > /tmp/failed 2>&1
echo $n > /tmp/updated
"""


def boot(folder, cpus, count=0):
    files = {f"bin/{name}": program_build(name, folder) for name in PROGRAMS}
    files["root/updates.sh"] = UPDATES.replace("COUNT", str(count)).encode()
    return Machine(folder, cpus=cpus, files=files, timeout=120).boot()


def threads(one):
    return int(one.check("grep Threads /proc/meminfo").split()[1])


def await_threads(one, most):
    """Until there are no more threads than that; one that has ended is taken apart in its own time."""
    end = time.monotonic() + 60
    while (now := threads(one)) > most and time.monotonic() < end:
        pass
    assert now <= most


def checks_while_posix_is_replaced(one, check, count):
    """COUNT updates of posix in a machine with UPDATES in it, and the program CHECK meanwhile."""
    one.check("sh /root/updates.sh &")
    runs = 0
    while one.run("test -e /tmp/updated")[1]:
        assert one.run(check) == ("0 checks failed\n", 0)
        runs += 1
    assert one.check("cat /tmp/failed /tmp/updated") == f"{count}\n" and runs


@pytest.mark.parametrize("cpus", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow), 4])
def test_threads_and_futexes_do_what_linux_documents(tmp_path, cpus):
    one = boot(tmp_path, cpus)
    try:
        assert one.run(CHECK) == ("0 checks failed\n", 0)
        assert one.run(CHECK) == ("0 checks failed\n", 0)
        assert "thread_check" not in one.check("ps")
    finally:
        one.kill()


@pytest.mark.parametrize("cpus", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_programs_with_threads_do_not_notice_that_posix_is_replaced(tmp_path, cpus):
    one = boot(tmp_path, cpus, count=50)
    try:
        checks_while_posix_is_replaced(one, CHECK, 50)
    finally:
        one.kill()


@pytest.mark.slow
def test_a_thread_bomb_is_limited_and_the_shell_goes_on(tmp_path):
    one = boot(tmp_path, 2)
    try:
        before = one.check("echo $$")
        one.send("thread_bomb &\r")
        one.expect(r"no place for more than (\d+): Resource temporarily unavailable")
        count = int(one.child.match.group(1))
        rows = [row.split() for row in one.check("ps").splitlines() if row.endswith("thread_bomb")]
        assert [int(row[3]) for row in rows] == [count + 1]
        # A second one, and a third, get what is left: then only the shell's own commands run.
        for _ in range(2):
            one.send("thread_bomb &\r")
            one.expect("no place for more than ")
        one.run("kill -9 -1; wait")
        assert one.check("echo $$") == before
        assert "thread_bomb" not in one.check("ps")
        assert one.run(CHECK) == ("0 checks failed\n", 0)
    finally:
        one.kill()


@pytest.mark.slow
def test_a_crash_of_posix_ends_all_threads(tmp_path):
    one = boot(tmp_path, 2)
    try:
        before = threads(one)
        one.send("thread_bomb &\r")
        one.expect(r"no place for more than \d+: ")
        one.send("domain fault posix load\r")
        one.expect(r"user: posix starts anew: the (\d+) processes that it had end\s")
        one.expect("/ # ")
        assert re.search("load", one.check("domain info posix"))
        await_threads(one, before)
        assert one.run(CHECK) == ("0 checks failed\n", 0)
    finally:
        one.kill()
