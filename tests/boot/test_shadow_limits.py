# SPDX-License-Identifier: MIT
"""Where a shadow gives up, and what the operator may do meanwhile."""

import re

import pytest

from machine import ROOT, json_lines, lines_of_programs

FILE = "/root/brittle.elf"
GOOD, CRASHES, NEVER_AGAIN = "read -N 1 x < /dev/empty", "read -N 2 x < /dev/empty", "read -N 3 x < /dev/empty"


@pytest.fixture
def brittle(machine):
    """A machine whose service `null` is the brittle one, and on no probation."""
    image = (ROOT / "build" / "tests" / "domains" / "brittle.elf").read_bytes()
    one = machine(files={FILE: image})
    before = slots_free(one)  # no instance has died yet
    one.check(f"domain stop null --force && domain load {FILE} as null && {GOOD}")
    await_slots(one, before)
    return one


def row(one):
    return next(row for row in json_lines(one.check("domain list -j")) if row["name"] == "null")


def slots_free(one):
    return int(re.search(r"SlotsFree: +(\d+)", one.check("cat /proc/meminfo"))[1])


def await_slots(one, count):
    """Waits until so many slots are free; a dead instance is taken apart in its own time."""
    one.check(f"until grep -q 'SlotsFree: *{count}$' /proc/meminfo; do sleep 0.01; done")


def test_a_request_that_crashes_three_instances_is_given_up_and_the_service_is_not(brittle):
    before = slots_free(brittle)
    for number in 1, 2:
        assert brittle.run(CRASHES)[1] != 0
        assert lines_of_programs(brittle.check(f"{GOOD}; echo $x"))[-1] == "b"
        now = row(brittle)
        assert (now["faults"], now["restarts"], now["state"]) == (3 * number, 3 * number, "running")
    log = brittle.check("dmesg")
    assert log.count("shadow: null: a request that has met 3 crashes is given up") == 2, log
    assert len(re.findall(r"fault: brittle v1 \(id \d+\): store page fault", log)) == 6, log
    await_slots(brittle, before)


def test_a_service_that_does_not_start_ten_times_stays_down_and_says_so(brittle):
    before = slots_free(brittle)
    output, status = brittle.run(NEVER_AGAIN)
    assert status != 0
    line = r"domain: null: does not start: attach of brittle failed with -5 .*\(try `domain restart null`\)"
    brittle.check("until dmesg | grep -q 'null: does not start'; do sleep 0.05; done")
    log = brittle.check("dmesg")
    assert len(re.findall(line, log)) == 1, log
    assert len(re.findall("null: not restarted, to be tried again: attach of brittle failed", log)) == 9, log
    assert row(brittle)["state"] == "faulted"
    assert brittle.run(GOOD)[1] != 0  # at once: nobody waits for what is not tried any more
    assert "attach of brittle failed" in brittle.refuse("domain restart null")
    # Stopped, it forgets what kept it from starting.
    brittle.check("domain stop null --force; domain load brittle as null")
    assert lines_of_programs(brittle.check(f"{GOOD}; echo $x"))[-1] == "b"
    await_slots(brittle, before)


@pytest.mark.slow
def test_a_service_that_is_about_to_start_by_itself_is_not_loaded_beside_that(brittle):
    before = slots_free(brittle)
    # The pauses between its restarts grow to half a second, in which the operator comes; in the shell's own words, so
    # that no process has to be made meanwhile.
    brittle.check("exec 3<> /proc/sys/domain/command; for n in 1 2 3 4 5; do " + CRASHES + "; done; "
                  "for command in 'load null' 'load brittle as null'; do "
                  "echo $command >&3; echo $?; read -r line <&3; echo \"$line\"; done > /tmp/said 2> /dev/null; exec 3>&-")
    refusal = ["1", "domain: null: is started again by itself (or use `domain restart null`)"]
    assert brittle.check("cat /tmp/said").splitlines() == 2 * refusal
    assert lines_of_programs(brittle.check(f"{GOOD}; echo $x"))[-1] == "b"
    now = row(brittle)
    assert (now["impl"], now["state"], now["restarts"]) == ("brittle", "running", 15), now
    await_slots(brittle, before)
    assert "runs already" in brittle.refuse("domain load null")


def test_a_service_whose_starts_fail_is_not_loaded_between_two_of_them(brittle):
    before = slots_free(brittle)
    # In the shell's own words: the tries to start it are over in a second.
    output = brittle.check(f"({NEVER_AGAIN}) & exec 3<> /proc/sys/domain/command; reply='runs already'; "
                           "while [ \"${reply#*runs already}\" != \"$reply\" ]; do "
                           "echo load null >&3; read -r reply <&3; done 2> /dev/null; echo \"$reply\"; exec 3>&-; wait")
    assert re.search(r"domain: null: is started again by itself \(.*\)\n", output), output
    await_slots(brittle, before + 1)  # it is down, and nothing is left of it
    brittle.check("domain load null")  # the other image, which was not asked to stay away
    assert (row(brittle)["impl"], row(brittle)["state"]) == ("null", "running")
    await_slots(brittle, before)


def test_a_method_without_arguments_finds_nothing_in_their_registers_when_it_is_repeated(brittle):
    brittle.check("domain load brittle as other")
    assert lines_of_programs(brittle.check("read -N 4 x < /dev/empty; echo $x"))[-1] == "zzzz"
    assert "fault:   service other" in brittle.check("dmesg")
