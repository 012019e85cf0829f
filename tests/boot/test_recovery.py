# SPDX-License-Identifier: MIT
"""Behind a shadow a crash is a restart that nobody notices, and nothing is lost by it."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from machine import ROOT, Machine, json_lines

pytestmark = pytest.mark.slow  # too long for the quick part of the tests

PATIENCE = 5  # a loaded host may be that much slower than the figures

CLASSES = ["load", "store", "jump", "exec", "illegal", "ebreak", "misaligned", "stack", "loop",
           "assert", "exhaust", "leak", "badref", "deadlock"]

# A use of each service, and what it must print for it to be right.
USES = {
    "null": ("head -c 3 /dev/empty | hexdump", r"0101 0001"),
    "nullblk": ("blkbench --dev=/dev/nullb0 --rw=randrw --ios=50 --verify -j", r'"errors":0'),
    "nullb1": ("blkbench --dev=/dev/nullb1 --rw=randrw --ios=50 -j", r'"errors":0'),
    "blk": ("blkbench --dev=/dev/vda --rw=randread --ios=50 -j", r'"errors":0'),
    "console": ("echo right", r"right"),
    "devfs": ("head -c 3 /dev/empty | hexdump", r"0101 0001"),
    "procfs": ("cat /proc/meminfo", r"PagesFree: +[0-9]+"),
}


def services(one):
    return {row["name"]: row for row in json_lines(one.check("domain list -j"))}


def counters(one):
    """What the core counts, that must be as it was once all is reclaimed. A page that is kept for reuse is as
    good as a free one; where it is just now depends on when the counters are read."""
    text = one.check("cat /proc/meminfo")
    counts = {name: int(value) for name, value in re.findall(r"^(\w+): +(\d+)", text, re.M)
              if not name.startswith("Mem")}
    counts["PagesFree"] += counts.pop("PagesKept")
    return counts


def lost(before, after):
    """The counters that are worse than before: less that is free, or more that is in use."""
    names = set(before) & set(after)
    free = {name for name in names if "Free" in name}
    return {name for name in names
            if (after[name] < before[name] if name in free else after[name] > before[name])}


# The same within the shell, so that no process comes and goes: its stacks would be counted too.
USES_IN_SHELL = {
    "null": "read -N 1 byte < /dev/empty",
    "nullblk": "read -N 1 byte < /dev/nullb0",
    "nullb1": "read -N 1 byte < /dev/nullb1",
    "blk": "read -N 1 byte < /dev/vda",
    "console": "echo",
    "devfs": "read -N 1 byte < /dev/zero",
    "procfs": "read word < /proc/uptime",
}


@pytest.mark.parametrize("service", USES)
def test_a_user_of_a_service_with_a_shadow_notices_no_fault_of_any_class(machine, service):
    command, expected = USES[service]
    one = machine()
    for number, kind in enumerate(CLASSES, 1):
        one.check(f"domain fault {service} {kind}")
        assert re.search(expected, one.check(command)), kind
        row = services(one)[service]
        assert (row["faults"], row["restarts"], row["state"]) == (number, number, "running"), kind
    report = one.check("dmesg")
    assert f"fault:   service {service}, called by: " in report
    assert "next: it is restarted" in report


CRASH_ROUNDS = 6


def rounds_of_crashes(one, service):
    """Classes of faults, the counters after each round of them, and the number of restarts."""
    # How far nullblk comes with `exhaust` before its time is over decides how the registry grows.
    classes = [kind for kind in CLASSES if (service, kind) != ("nullblk", "exhaust")]
    one.check("crash() { for class in " + " ".join(classes) + "; do "
              f"echo fault {service} $class > /proc/sys/domain/command; "
              + USES_IN_SHELL[service] + "; done; }")
    rounds = []
    for _ in range(CRASH_ROUNDS):
        one.check("crash")
        rounds.append(counters(one))
    return classes, rounds, services(one)[service]["restarts"]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """For each service a function that gives the rounds of its crashes, or raises what went wrong. All
    machines at once: each mostly waits until it is time for the next restart."""
    machines = {service: Machine(tmp_path_factory.mktemp(service), timeout=180)
                for service in USES_IN_SHELL}
    try:
        for one in machines.values():
            one.boot()
        with ThreadPoolExecutor(len(machines)) as pool:
            running = {service: pool.submit(rounds_of_crashes, one, service)
                       for service, one in machines.items()}
        yield {service: future.result for service, future in running.items()}
    finally:
        for one in machines.values():
            one.kill()


@pytest.mark.slow
@pytest.mark.parametrize("service", USES_IN_SHELL)
def test_crashes_behind_a_shadow_leave_every_counter_as_it_was(crashed, service):
    classes, rounds, restarts = crashed[service]()
    # What is allocated once only, is so in one of the rounds, on a loaded host perhaps in the third. A page or a
    # handle may be on its way when the counters are read, and the event of a lock is made when somebody first
    # has to wait for it; what leaks is missing again after each round.
    steps = [lost(before, after) for before, after in zip(rounds[1:], rounds[2:])]
    assert not set.intersection(*steps), rounds
    # One that is armed while callers are served again may find nobody to commit it.
    assert restarts > 3 * len(classes)


def test_a_line_that_was_being_typed_outlives_a_crash_of_the_console(machine):
    one = machine()
    one.check("(until test -s /tmp/typed; do sleep 0.1; done; domain fault console load; echo crashed) &")
    one.send("while read line && test \"$line\" != end; do echo \"read: $line\" >> /tmp/typed; done\r")
    one.expect("\n")
    one.send("first\rsecond and la")  # what was finished and is not read, too, wherever the crash comes
    one.expect("crashed")
    one.send("st\rend\r")
    one.expect("/ # ")
    assert "read: first\nread: second and last\n" in one.check("cat /tmp/typed")
    assert services(one)["console"]["faults"] == 1


def test_without_its_shadow_a_service_shows_its_faults_and_stays_down(machine):
    one = machine()
    one.check("domain shadow null off")
    assert "shadow off" in re.sub(" +", " ", one.check("domain info null"))
    one.check("domain fault null load")
    assert one.run("head -c 1 /dev/empty")[1] != 0
    assert one.run("head -c 1 /dev/empty")[1] != 0
    assert services(one)["null"]["state"] == "faulted"
    one.check("domain restart null; domain shadow null on")
    one.check("domain fault null load; head -c 1 /dev/empty")


def test_a_service_without_a_shadow_cannot_be_given_one(machine):
    one = machine()
    assert "has no shadow" in one.refuse("domain shadow bench on")
    assert one.run("domain shadow null maybe")[1] == 2


def test_a_service_that_crashes_again_and_again_is_restarted_more_and_more_rarely(machine):
    one = machine()
    for _ in range(4):
        one.check("domain fault null load; head -c 1 /dev/empty")
    report = one.check("dmesg")
    pauses = [int(ms) for ms in re.findall(r"restarted after (\d+) ms", report)]
    assert pauses == [1, 2, 4, 8], report


@pytest.mark.parametrize("kind", ["load", "loop", "stack"])
def test_a_crash_of_posix_ends_all_processes_and_brings_a_new_shell_within_a_second(machine, kind):
    one = machine()
    one.check("echo kept > /tmp/file")
    for number in range(1, 4):
        one.send("yes > /dev/null & sleep 1000 &\r")
        one.expect("# ")
        one.send(f"domain fault posix {kind}\r")
        one.expect(r"user: posix starts anew: the \d+ processes that it had end\s")
        start = time.monotonic()
        one.expect("boot: a new shell, in place of all programs, which ended with posix")
        one.expect("/ # ")
        assert time.monotonic() - start < 1.0 * PATIENCE
        row = services(one)["posix"]
        assert (row["faults"], row["restarts"], row["state"]) == (number, number, "running")
        processes = one.check("ps")
        assert "yes" not in processes and "sleep" not in processes
        assert one.check("cat /tmp/file").strip() == "kept"
        # The terminal is as a shell wants it: Ctrl-C reaches who is in the foreground.
        one.foreground("sleep 1000")
        one.send("\x03")
        one.expect("# ")


def test_commands_that_a_crash_of_posix_ends_have_failed(run):
    finished = run("domain fault posix load; echo not reached")
    assert finished.returncode == 70
    assert "lost by a crash of posix" in finished.output
    assert "\nnot reached" not in finished.output


# On a system disk the programs come through the page cache, with files open that nobody closes any more.
@pytest.mark.parametrize("disk", ["files", "system"])
def test_crashes_of_posix_leave_nothing_behind(machine, disk):
    one = machine(timeout=60, disk=None if disk == "files" else disk)

    def crash():
        one.send("domain fault posix load\r")
        one.expect(r"user: posix starts anew: the \d+ processes that it had end\s")
        one.expect("/ # ")
        one.check("true | true; domain list > /dev/null")
        counts = counters(one)
        # A thread of a program has buffers in posix that stay for the next; whether the second program of
        # a pipe finds those of the first is a matter of time. So what the posix that lives holds is not lost.
        counts["RRefsFree"] += services(one)["posix"]["rrefs"]
        return counts

    for _ in range(4):
        crash()
    counts = [crash() for _ in range(5)]
    # What one count has too few may be on its way: with the cache's reading ahead, or between the two looks.
    # What a crash leaves behind is missing after each.
    steps = [lost(*step) for step in zip(counts, counts[1:])]
    assert not set.intersection(*steps) & {"RRefsFree", "SlotsFree", "Threads"}, counts
    # Threads of other numbers touch stacks of their own, a few pages; one process has hundreds.
    assert counts[0]["PagesFree"] - counts[-1]["PagesFree"] < 100


def test_no_open_file_of_proc_is_lost_by_crashes_in_a_close(run):
    script = (ROOT / "tests" / "boot" / "scripts" / "open_proc.lua").read_bytes()
    finished = run("lua /open_proc.lua && domain list | grep procfs", files={"/open_proc.lua": script})
    assert "all openings of /proc are there" in finished.output, finished.output[-2000:]
    assert re.search(r"procfs +procfs +1 +\d+ +running +\d+ +6 +6 ", finished.output), finished.output


# A file is 1 MiB.
@pytest.mark.parametrize("service, folder", [("ramfs", "/tmp"), ("ext2", "/mnt")])
def test_closes_that_meet_a_crash_are_counted_once(machine, service, folder):
    script = (ROOT / "tests" / "boot" / "scripts" / "close_files.lua").read_bytes()
    one = machine(files={"/close_files.lua": script})
    one.check("mkdir -p /mnt && mount /dev/vda /mnt")
    output = one.check(f"lua /close_files.lua {service} {folder}")
    assert int(re.search(r"missing: (-?\d+) KiB", output)[1]) < 1024, output
    assert services(one)[service]["restarts"] == 10
    one.check("umount /mnt")


# ---- Faults elsewhere than in a method ----

STAGES = ["init", "rehearse", "import", "attach", "detach", "export", "exit"]
SECOND = {"blk": "blk_v2", "nullblk": "nullblk_v2"}


@pytest.mark.parametrize("service", SECOND)
def test_a_fault_anywhere_in_an_update_leaves_a_service_that_serves(machine, service):
    command, expected = USES[service]
    one = machine()
    for stage in STAGES:
        before = services(one)[service]["faults"]
        one.check(f"domain fault {service} store in {stage}")
        _, status = one.run(f"domain update {service} {SECOND[service]}")
        # The new one gives up and the old one serves on; or the old one dies, and the new one starts.
        assert (status == 0) == (stage in ("detach", "export", "exit")), stage
        assert re.search(expected, one.check(command)), stage
        row = services(one)[service]
        assert row["state"] in ("running", "probation") and row["faults"] == before + 1, stage
        assert row["impl"] == (SECOND[service] if status == 0 else service), stage
        if status == 0:
            one.check(f"domain update {service} {service}")


@pytest.mark.parametrize("stage", ["init", "attach", "detach", "exit"])
def test_a_fault_in_a_restart_is_followed_by_another_start(machine, stage):
    one = machine()
    for service in "null", "nullblk", "blk", "devfs", "console":
        one.check(f"domain fault {service} illegal in {stage}")
        one.run(f"domain restart {service}")
        command, expected = USES[service]
        assert re.search(expected, one.check(command)), service
        assert services(one)[service]["faults"] == 1, service


@pytest.mark.parametrize("kind", ["load", "loop", "stack"])
def test_a_fault_in_a_drivers_own_thread_is_recovered(machine, kind):
    one = machine()
    for number in range(1, 4):
        one.check(f"domain fault blk {kind} in thread")
        one.check("sync")  # a flush, whose end is the thread's work
        assert '"errors":0' in one.check("blkbench --dev=/dev/vda --rw=randread --ios=50 -j")
        assert services(one)["blk"]["faults"] == number
        one.check(f"domain fault console {kind} in thread")  # its thread wakes with the next key
        one.check("echo typed")
        assert services(one)["console"]["faults"] == number
        one.check("true")


# ---- Faults among others ----

LOADS = {
    "blk": "blkbench --dev=/dev/vda --rw=randrw --verify --size=4m --numjobs=4 --runtime=2 -j",
    "nullblk": "blkbench --dev=/dev/nullb0 --rw=randrw --verify --size=4m --numjobs=4 --runtime=2 -j",
}

# One crash after the other, each when the service has come back from the one before; the load goes on meanwhile.
CRASHES = """
until [ -e /tmp/enough ]; do LOAD || echo failed; done > /tmp/result &
n=0
for class in load jump loop stack exhaust badref leak ebreak; do
    n=$((n + 1))
    domain fault SERVICE $class
    until domain list -j | grep -q '"name":"SERVICE".*"faults":'$n',"restarts":'$n,; do :; done
done > /tmp/changes 2>&1
> /tmp/enough; wait
"""


@pytest.mark.parametrize("cpus", [1, 4])
@pytest.mark.parametrize("service, depth", [("blk", 1), ("nullblk", 1), ("nullblk", 4)])
def test_no_request_of_a_verified_load_is_lost_by_crashes(machine, service, depth, cpus):
    load = f"{LOADS[service]} --iodepth={depth}"
    script = CRASHES.replace("LOAD", load).replace("SERVICE", service)
    one = machine(cpus=cpus, timeout=120, files={"/root/crashes.sh": script.encode()})
    one.check("sh /root/crashes.sh")
    text = one.check("cat /tmp/result")
    results = json_lines(text)
    assert "failed" not in text and sum(result["ios"] for result in results) > 100, text
    assert all(result["errors"] == result["verify_errors"] == 0 for result in results), text
    assert services(one)[service]["restarts"] == 8


def test_who_calls_on_into_a_crash_or_crashes_above_one_gets_its_answer(machine):
    one = machine()
    for caller, callee in ("load", "load"), ("loop", "deadlock"), ("stack", "loop"):
        # Both at once: devfs on its way to null.
        one.check(f"domain fault devfs {caller}; domain fault null {callee}")
        assert "0001" in one.check("head -c 1 /dev/empty | hexdump")
        # null is in its endless wait for one caller while devfs dies by another one's call.
        one.check("domain fault null deadlock")
        one.check("head -c 1 /dev/empty > /tmp/byte & "
                  f"domain fault devfs {caller}; head -c 1 /dev/zero > /dev/null; wait")
        assert "0001" in one.check("hexdump /tmp/byte")
    for service in "devfs", "null":
        assert services(one)[service]["state"] == "running"


def test_a_process_that_is_killed_within_a_fault_ends_and_nothing_stays(machine):
    one = machine(timeout=60)
    slots = counters(one)["SlotsFree"]  # no instance has died yet

    def rounds():
        one.check("for class in deadlock loop load exhaust; do domain fault null $class; "
                  "head -c 1 /dev/empty > /dev/null & kill -9 $!; wait; done > /dev/null 2>&1; true")
        one.check("head -c 1 /dev/empty")
        # A dead instance is taken apart in its own time, and its slot comes back last.
        one.check(f"until grep -q 'SlotsFree: *{slots}$' /proc/meminfo; do sleep 0.01; done")
        return counters(one)

    for _ in range(3):
        before = rounds()
    after = rounds()
    for name in "RRefsFree", "SlotsFree", "Threads":
        assert after[name] == before[name], name
