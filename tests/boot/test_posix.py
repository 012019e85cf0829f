# SPDX-License-Identifier: MIT
"""Processes, files, pipes, signals and job control, as programs and people at a shell see them."""

import re
import subprocess
import time

import pytest

from machine import Machine
from programs import CC, program_build

FAULTS = {
    "store": "sw zero, 8(zero)",
    "load": "lw a0, 8(zero)",
    "jump": "jr zero",
    "illegal": ".word 0xffffffff",
    "kernel": "li a0, -1; slli a0, a0, 38; lw a0, 0(a0)",
    "trap": "ebreak",
}


def compile_fault(folder, name, instructions):
    source, output = folder / f"{name}.S", folder / name
    source.write_text(f".globl _start\n_start: {instructions}\n1: j 1b\n")
    subprocess.run([CC, "-march=rv64gc", "-mabi=lp64d", "-nostdlib", "-static",
                    "-Wl,-Ttext=0x20000", source, "-o", output], check=True)
    return output.read_bytes()


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """One machine for all of these tests, with the programs in /bin."""
    folder = tmp_path_factory.mktemp("posix")
    files = {f"bin/{name}": program_build(name, folder) for name in ("posix_check", "region_limit", "float_check")}
    for name, instructions in FAULTS.items():
        files[f"bin/fault_{name}"] = compile_fault(folder, name, instructions)
    files["bin/script"] = b"#!/bin/sh -e\necho script $1\n"
    files["bin/long"] = b"#!" + b" " * 1000 + b"/bin/sh -e\necho long $1\n"
    files["bin/truncated"] = files["bin/posix_check"][:3000]
    files["bin/garbage"] = bytes(range(1, 255)) * 20
    one = Machine(folder, cpus=2, files=files)
    yield one.boot()
    one.kill()


def test_the_f_registers_of_programs_are_their_own_wherever_they_are_preempted(machine):
    output, status = machine.run("/bin/float_check", timeout=60)
    assert status == 0, output


def test_system_calls_do_what_linux_documents(machine):
    output, status = machine.run("/bin/posix_check", timeout=60)
    assert status == 0, output


def test_memory_that_cannot_be_unmapped_stays_mapped_and_is_given_to_nobody(machine):
    output, status = machine.run("/bin/region_limit", timeout=60)
    assert status == 0, output


@pytest.mark.parametrize("name", FAULTS)
def test_a_program_that_faults_is_killed_with_a_line_that_says_where(machine, name):
    output, status = machine.run(f"fault_{name}")
    assert status > 128, output
    assert re.search(r": pid \d+ \(fault_%s\) at pc 0x[0-9a-f]+ address 0x[0-9a-f]+" % name, output)
    assert machine.check("echo the shell goes on") == "the shell goes on\n"


def test_bad_programs_are_refused(machine):
    for name in ("truncated", "garbage"):
        output, status = machine.run(f"/bin/{name}")
        assert status in (1, 126, 127), (name, status, output)
    assert machine.check("echo on") == "on\n"


def test_a_domain_image_is_no_program(machine):
    output, _ = machine.run("/boot/blk.elf")
    assert "not executable" in output and "fault" not in output, output
    assert "Exec format error" in machine.run("env /boot/blk.elf")[0]


def test_init_started_by_hand_opens_no_second_shell(machine):
    assert machine.refuse("init") == "init: started by hand: the system starts it, as its first process"
    output, status = machine.run("init twice")
    assert (status, output.splitlines()[0]) == (2, "init: twice: no such word"), output


def test_a_shells_limits_are_those_of_what_it_starts(machine):
    output, status = machine.run("(ulimit -n 30; ulimit -s 1024; ulimit -v 30000; sh -c 'ulimit -n; ulimit -s; ulimit -v')")
    assert (output.split(), status) == (["30", "1024", "30000"], 0), output
    assert "ulimit" in machine.run("(ulimit -t 1)")[0]
    assert machine.check("(ulimit -n 31; until domain update posix posix_v2 > /tmp/said 2>&1; do :; done; ulimit -n; rm /tmp/said)") == "31\n"
    machine.change("domain rollback posix")
    assert "Cannot allocate memory" in machine.run("(ulimit -v 100; /bin/lua -e 'print(1)')")[0]


def test_no_more_processes_than_a_limit_allows(machine):
    """The shell itself would ask again for half a minute."""
    processes = len(machine.check("ps").splitlines()) - 2  # less the heading and ps
    command = "(echo made > /tmp/made; ulimit -p {0}; exec xargs echo < /tmp/made)"
    output, status = machine.run(command.format(processes + 1))
    assert "made" not in output and "xargs: " in output and status != 0, output
    assert machine.check(command.format(processes + 2)) == "made\n"


def test_a_script_runs_through_its_interpreter(machine):
    assert machine.check("/bin/script works") == "script works\n"
    assert machine.check("env /bin/long works") == "long works\n"


def test_control_c_ends_what_is_in_the_foreground(machine):
    machine.foreground("/bin/sleep 100")
    machine.send("\x03")
    machine.expect("# ")
    assert machine.check("echo ok") == "ok\n"


def test_control_z_stops_and_fg_continues(machine):
    machine.foreground('sh -c "until [ -e /tmp/go ]; do :; done"')
    machine.send("\x1a")
    machine.expect("Stopped")
    machine.expect("# ")
    assert "Stopped" in machine.check("> /tmp/go; jobs")
    machine.send("fg\r")
    machine.expect("exec sh -c")
    machine.expect("# ")
    assert machine.check("rm /tmp/go; jobs") == ""


def test_a_background_job_that_reads_the_terminal_is_stopped(machine):
    machine.send("/bin/cat &\r")
    machine.expect("# ")
    machine.check("until jobs > /tmp/jobs; grep 'tty input' /tmp/jobs; do sleep 0.1; done; rm /tmp/jobs")
    machine.run("kill -9 %1; wait")
    machine.run("true")


def test_pipelines_hand_everything_on(machine):
    assert machine.check("seq 1 20000 | cat | tail -n 1") == "20000\n"
    assert machine.check("yes | head -n 2") == "y\ny\n"


def test_memory_comes_back_when_processes_end(machine):
    def free_pages():
        return int(re.search(r"PagesFree: +(\d+)", machine.check("cat /proc/meminfo")).group(1))

    machine.check("for i in 1 2 3 4 5; do seq 1 100 | cat > /dev/null; done")
    before = free_pages()
    machine.check("i=0; while [ $i -lt 60 ]; do seq 1 100 | cat > /dev/null; i=$((i+1)); done",
                  timeout=120)
    end = time.monotonic() + 30
    while free_pages() < before - 64:  # those that ended last may hold some for a moment
        assert time.monotonic() < end, (before, free_pages())


def cpu_ticks(one, pid):
    """User and system time of a process, and of its children that were waited for."""
    fields = one.check(f"cat /proc/{pid}/stat").rsplit(")", 1)[1].split()
    return [int(field) for field in fields[11:15]]


def test_cpu_time_is_shown_as_programs_expect_it_and_outlives_an_update_of_posix(machine):
    machine.check("sh -c 'while :; do :; done' & busy=$!")
    machine.check("dd if=/dev/zero of=/dev/null bs=1 count=20000 2> /dev/null")
    machine.check("until [ $(cut -d ' ' -f 14 /proc/$busy/stat) -ge 30 ]; do sleep 0.1; done")
    assert re.search(r"^ *\d+ +\d+ R +\d+ +(?!0\.0 )\d+\.\d sh$", machine.check("top -b -n 2 -d 1").split("\n\n")[1], re.M)
    assert float(machine.check("ps -o time -p $busy").split()[1]) >= 0.3
    before, shell = cpu_ticks(machine, "$busy"), cpu_ticks(machine, "$$")
    assert before[2:] == [0, 0] and sum(shell[2:]) > 0  # dd's, that wrote bytes one by one
    machine.change("domain update posix posix_v2")
    after = cpu_ticks(machine, "$busy")
    assert all(new >= old for new, old in zip(after, before, strict=True)) and after[0] > before[0] - 1
    assert all(new >= old for new, old in zip(cpu_ticks(machine, "$$"), shell, strict=True))
    machine.change("domain update posix posix")
    assert all(new >= old for new, old in zip(cpu_ticks(machine, "$busy"), after, strict=True))
    machine.check("kill $busy; wait $busy; true")
    assert sum(cpu_ticks(machine, "$$")[2:]) >= sum(after[:2])  # it has been waited for
    report = machine.check("/bin/time sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done' 2>&1")
    real, user, system = (float(value) for value in re.findall(r"\d+\.\d+", report))
    assert 0 < user + system <= real + 0.02


def test_boot_is_read_only_and_the_rest_is_not(machine):
    output, status = machine.run("echo x > /boot/x")
    assert status != 0 and "ead-only" in output
    output, status = machine.run("rm /boot/null.elf")
    assert status != 0
    assert machine.check("echo y > /y; cat /y; rm /y") == "y\n"
