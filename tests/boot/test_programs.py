# SPDX-License-Identifier: MIT
"""Programs that people know, from Debian's sources: they do here what they do elsewhere."""

import subprocess

import pytest

from machine import ROOT, Machine, run_commands

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


@pytest.fixture(name="machine")
def fixture_machine(tmp_path):
    one = Machine(tmp_path).boot()
    yield one
    one.kill()


def test_the_shell_completes_the_words_of_domain(machine):
    # A status from before stays, and the words are those of the command at hand.
    machine.send("false\r")
    machine.expect("# $")
    machine.send("domain upd\tbl\tblk_\t; echo status $?, domain inf\tnullb1\r")
    machine.expect(r"domain: blk: blk v1 \(id \d+\) -> blk_v2 v2 .* 0 failed\r*\nstatus 0, domain infnullb1\r*\n.*# $")
    machine.send("true; false\r")
    machine.expect("# $")
    machine.send("domain fault null l\t")
    machine.expect(r"load +loop +leak\r*\n.*domain fault null l *\x08*$")
    machine.send("\x15echo $?\r")
    machine.expect("\r*\n1\r*\n.*# $")
    # What is no word of the command may be a file.
    machine.check("echo text > /tmp/a_file")
    machine.send("domain register /tmp/a_f\t\r")
    machine.expect("domain: a_file: too short .*# $")


def test_a_signal_right_after_the_fork_is_not_lost(machine):
    output = machine.check("(i=0; while [ $i -lt 100 ]; do sleep 1000 & kill $!; wait $!; echo \"status $?\"; "
                           "i=$((i + 1)); done) 2> /dev/null")
    assert output == "status 143\n" * 100, output


def test_stty_tells_and_changes_how_the_terminal_is(machine):
    assert machine.check("stty sane; stty") == "all as usual\n"
    assert machine.check("stty rows 40 cols 132; stty size; stty") == "40 132\nall as usual\n"
    assert machine.check("stty -echo intr ^X; stty; stty sane") == "intr = ^X; \n-echo\n"
    shown = machine.check("stty raw; stty -a; stty -raw; stty")
    assert "-icanon" in shown and "-isig" in shown and "rows 40; columns 132" in shown, shown
    assert shown.endswith("all as usual\n"), shown
    assert machine.check("tty; tty < /dev/null || tty -s") == "/dev/console\nnot a tty\n"


def test_home_is_a_folder_of_its_own(machine):
    assert machine.check("cd; pwd; echo ~; echo 'alias hello=\"echo mine\"' > .mkshrc; sh -ic hello; cd /") == "/root\n/root\nmine\n"


def test_who_waits_for_next_to_nothing_shows_no_progress(machine):
    assert machine.check("(for i in 4 3 2 1; do sleep 0.5; echo $i; done) | sort") == "1\n2\n3\n4\n"
    many = machine.check("(for i in 3 2 1; do sleep 0.7; seq 1000000 1030000; done) | sort -u | wc -l")
    assert "stdin: 0." in many, many
