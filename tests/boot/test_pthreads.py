# SPDX-License-Identifier: MIT
"""POSIX threads of the C library, and programs that use them."""

import pytest

from machine import Machine, ROOT, run_commands
from programs import program_build
from test_threads import UPDATES, await_threads, checks_while_posix_is_replaced, threads

CHECK = "/bin/pthread_check 2>/dev/null"  # some of its processes die of a fault, which is told there


def boot(folder, cpus, count=0):
    files = {"bin/pthread_check": program_build("pthread_check", folder)}
    files["root/updates.sh"] = UPDATES.replace("COUNT", str(count)).encode()
    return Machine(folder, cpus=cpus, files=files, timeout=180).boot()


@pytest.mark.parametrize("cpus", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow), 4])
def test_posix_threads_do_what_they_should(tmp_path, cpus):
    one = boot(tmp_path, cpus)
    try:
        before = threads(one)
        assert one.run(CHECK) == ("0 checks failed\n", 0)
        assert one.run(CHECK) == ("0 checks failed\n", 0)
        assert "pthread_check" not in one.check("ps")
        await_threads(one, before)
    finally:
        one.kill()


@pytest.mark.slow
@pytest.mark.parametrize("cpus", [1, 4])
def test_posix_threads_do_not_notice_that_posix_is_replaced(tmp_path, cpus):
    one = boot(tmp_path, cpus, count=30)
    try:
        checks_while_posix_is_replaced(one, CHECK, 30)
    finally:
        one.kill()


@pytest.mark.slow
def test_sqlite_serves_several_threads(tmp_path):
    """SQLite as /bin/sqlite3 has it, in a program with threads."""
    work = ROOT / "build/user/sqlite3"
    program = program_build("sqlite_threads", tmp_path, [work / "sqlite3.o", "-lm"], [f"-I{work}"])
    finished = run_commands(tmp_path, "sqlite_threads && echo good", cpus=4,
                            files={"bin/sqlite_threads": program})
    assert finished.returncode == 0, finished.message
    assert finished.output.endswith("0 50 1225\n1 50 1225\n2 50 1225\n3 50 1225\nok\ngood\n")


def test_lua_interpreters_run_in_several_threads(tmp_path):
    work = ROOT / "build/user/lua"
    objects = [each for each in sorted(work.glob("*.o")) if each.name != "lua.o"]
    headers = next(ROOT.glob("build/src/lua5.4-*/src"))
    program = program_build("lua_threads", tmp_path, [*objects, "-lm"], [f"-I{headers}", f"-I{work}"])
    finished = run_commands(tmp_path, "lua_threads", cpus=4, files={"bin/lua_threads": program})
    assert finished.returncode == 0, finished.message
    expected = [f"{n} {n * 2001000 + 5050} {n ** 0.5:.2f}" for n in range(1, 5)]
    assert finished.output.splitlines()[-4:] == expected
