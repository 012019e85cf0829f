# SPDX-License-Identifier: MIT
"""Programs that people know, from Debian's sources: they do here what they do elsewhere."""

import subprocess

import pytest

from machine import ROOT, run_commands

SCRIPTS = ROOT / "tests" / "boot" / "scripts"


def guest_run(folder, commands, *scripts):
    """Runs commands with scripts under /scripts; returns what came behind the line of dashes."""
    files = {f"scripts/{name}": (SCRIPTS / name).read_bytes() for name in scripts}
    finished = run_commands(folder, "echo -----; " + commands, files=files)
    assert finished.returncode == 0, finished.message + finished.output[-2000:]
    return finished.output.split("-----\n", 1)[1]


def test_lua_runs_closures_coroutines_strings_files_and_pipes(tmp_path):
    assert guest_run(tmp_path, "lua /scripts/check.lua", "check.lua").endswith(
        "all of Lua's checks passed\n")


@pytest.mark.slow
def test_sqlite_answers_as_the_host_does(tmp_path):
    host = subprocess.run(["sqlite3", tmp_path / "host.db"], input=(SCRIPTS / "check.sql").read_text(),
                          capture_output=True, text=True)
    guest = guest_run(tmp_path, "cd /tmp; sqlite3 guest.db < /scripts/check.sql 2> errors; cat errors; "
                      "sqlite3 guest.db 'select count(*) from item'", "check.sql")
    assert "wal" in host.stdout
    assert guest == host.stdout + host.stderr + "99900\n"


def test_ed_edits_as_the_host_does(tmp_path):
    with open(SCRIPTS / "check.ed", encoding="ascii") as script:
        host = subprocess.run(["ed"], stdin=script, cwd=tmp_path, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    guest = guest_run(tmp_path, "cd /tmp; ed < /scripts/check.ed; echo $?; cat copy", "check.ed")
    assert "<42>" in host.stdout
    assert guest == f"{host.stdout}{host.returncode}\n{(tmp_path / 'copy').read_text()}"


def test_operands_behind_two_dashes_are_taken_once(tmp_path):
    guest = guest_run(tmp_path, "cd /tmp; echo one > -a; echo two > b; cat -- -a b; cat b -- -a; "
                      "cp -v -- -a c; mv -- b -d; rm -- -a -d c; echo $?; ls; echo -n -- | wc -c --")
    assert guest == "one\ntwo\ntwo\none\n'-a' -> 'c'\n0\n2\n"
