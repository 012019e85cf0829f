# SPDX-License-Identifier: MIT
"""Requests to block devices in flight beyond a system call: each ends once, whatever happens meanwhile."""


import pytest

from machine import json_lines
from programs import program_build
from test_update_under import CHANGE

LOAD = "blkbench --dev=/dev/{} --iodepth=32 --rw=randrw --verify --size=4m -j "


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return {"bin/ring_check": program_build("ring_check", tmp_path_factory.mktemp("ring"))}


def service(one, name):
    return {row["name"]: row for row in json_lines(one.check("domain list -j"))}[name]


def held(one):
    return service(one, "posix")["rrefs"]


def test_bad_rings_and_requests_are_refused_and_programs_end_with_requests_in_flight(machine, program):
    one = machine(cpus=2, files=program, timeout=120)
    for device in ("/dev/vda", "/dev/nullb0"):
        assert one.check(f"ring_check {device} 2> /dev/null", timeout=120).strip() == "ring_check: 0 wrong"
    counts = []
    for _ in range(2):
        together = one.check("sh -c 'for n in 1 2 3 4; do ring_check > /tmp/out$n 2> /dev/null & done; wait; "
                             "cat /tmp/out?'", timeout=240)
        assert together.split("\n") == 4 * ["ring_check: 0 wrong"] + [""]
        counts.append(held(one))
    # Places of threads keep four buffers each, and so do those that still end; one ring has 48 and more.
    assert counts[1] < counts[0] + 48, counts
    assert all(row["faults"] == 0 for row in json_lines(one.check("domain list -j")))


def test_many_jobs_with_many_requests_each_are_within_what_the_system_has(machine):
    one = machine(cpus=2, timeout=240)
    result = json_lines(one.check("blkbench --dev=/dev/nullb0 --numjobs=64 --iodepth=4 --ios=40 -j", timeout=240))[-1]
    assert (result["ios"], result["errors"]) == (64 * 40, 0), result


def test_a_device_is_reached_by_rings_whatever_else_there_is(machine):
    one = machine(cpus=2, timeout=240)
    one.check("for n in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & done")
    result = json_lines(one.check("blkbench --dev=/dev/nullb0 --iodepth=4 --ios=500 -j"))[-1]
    assert (result["ios"], result["errors"]) == (500, 0), result
    one.check("kill $(jobs -p)")


# The load goes on until all changes were made, however long these take.
CHANGES = CHANGE + """
until [ -e /tmp/enough ]; do LOAD --runtime=2 || echo failed; done > /tmp/load &
change update posix posix_v2
for n in 1 2 3 4; do
    domain fault SERVICE load; change update SERVICE OTHER; change update posix posix
    domain fault SERVICE jump; change update SERVICE SERVICE; change update posix posix_v2
done > /tmp/changes 2>&1
> /tmp/enough; wait
"""


@pytest.mark.slow
@pytest.mark.parametrize("device, service, other", [("vda", "blk", "blk_v2"), ("nullb0", "nullblk", "nullblk_v2")])
def test_requests_in_flight_survive_updates_of_both_sides_and_crashes_of_the_driver(machine, device, service, other):
    script = CHANGES.replace("LOAD", LOAD.format(device)).replace("SERVICE", service).replace("OTHER", other)
    one = machine(cpus=2, timeout=120, files={"/root/changes.sh": script.encode()})
    one.check("umount /mnt 2> /dev/null; sh /root/changes.sh", timeout=300)
    loads, changes = one.check("cat /tmp/load"), one.check("cat /tmp/changes")
    results = json_lines(loads)
    assert "failed" not in loads and sum(load["ios"] for load in results) > 0, (loads, changes)
    assert all(load["errors"] == load["verify_errors"] == 0 for load in results), (loads, changes)
    assert changes.count("paused") >= 4 and "the next call commits" in changes, changes


def test_a_crash_of_posix_with_requests_in_flight_leaves_a_device_that_works(machine):
    one = machine(cpus=2, timeout=120)
    for _ in range(3):
        before = service(one, "blk")["calls"]
        one.check("blkbench --iodepth=64 --rw=randread --runtime=1000 -j > /dev/null &")
        for _ in range(1000):
            if service(one, "blk")["calls"] > before + 1000:
                break
        assert service(one, "blk")["calls"] > before + 1000
        one.send("domain fault posix load\r")
        one.expect(r"user: posix starts anew: the \d+ processes that it had end\s")
        one.expect("/ # ")
        assert "blkbench" not in one.check("ps")
        result = json_lines(one.check("blkbench --iodepth=64 --rw=randread --ios=1000 -j"))[-1]
        assert (result["ios"], result["errors"]) == (1000, 0), result
    assert service(one, "blk")["faults"] == 0
