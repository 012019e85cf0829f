# SPDX-License-Identifier: MIT
"""Random bytes come from the machine's device, and from the time where there is none."""

import os
import re
import time

import pytest

from machine import ROOT, image_renamed, json_lines


def service(one, name):
    return next(row for row in json_lines(one.check("domain list -j")) if row["name"] == name)


def random_bytes(one, device="/dev/urandom"):
    text = one.check(f"head -c 16 {device} | hexdump")
    return re.search(r"^\d+ +([0-9a-f ]+)$", text, re.M).group(1)


def test_bytes_are_the_device_s_also_when_its_driver_crashes(machine):
    one = machine()
    assert service(one, "rng")["calls"] == 0
    seen = {random_bytes(one), random_bytes(one), random_bytes(one, "/dev/random")}
    assert len(seen) == 3
    calls = service(one, "rng")["calls"]
    assert calls >= 1

    # devfs, started anew, has no seed: the call that crashes the driver is repeated.
    for number, kind in enumerate(("load", "assert"), 1):
        one.check(f"domain fault rng {kind}")
        one.check("domain restart devfs")
        seen.add(random_bytes(one))
        row = service(one, "rng")
        assert (row["faults"], row["state"]) == (number, "running"), kind
        assert row["calls"] > calls, kind
        calls = row["calls"]
    assert len(seen) == 5


@pytest.mark.slow
def test_the_service_is_replaced_stops_and_holds_its_device(machine):
    one = machine(files={"/boot/rn2.elf": image_renamed("rng", "rn2")})
    seen = [random_bytes(one)]
    for command in ("restart rng", "update rng rn2", "rollback rng", "update rng rn2"):
        one.check("domain " + command)
        calls = service(one, "rng")["calls"]
        one.check("domain restart devfs")
        seen.append(random_bytes(one))
        assert service(one, "rng")["calls"] > calls, command
    assert "virtio 4 is held by another service" in one.refuse("domain load rng as rng2")
    one.check("domain stop rng --force")
    one.check("domain restart devfs")
    seen += [random_bytes(one), random_bytes(one)]
    one.check("domain load rng as rng2")
    assert service(one, "rng2")["state"] == "running"
    assert len(set(seen)) == len(seen)


@pytest.mark.slow
def test_without_the_service_bytes_differ_and_it_is_used_once_it_is_there(machine):
    lines = (ROOT / "domains" / "services").read_text().replace("load rng\n", "")
    one = machine(files={"/boot/services": lines.encode()})
    assert "rng" not in one.check("domain list")
    assert random_bytes(one) != random_bytes(one)
    one.check("domain load rng")
    end = time.monotonic() + 120
    while service(one, "rng")["calls"] == 0:  # it is asked each second, by who reads
        assert time.monotonic() < end
        random_bytes(one)


@pytest.mark.slow
@pytest.mark.parametrize("writer", [True, False], ids=["silent", "empty"])
def test_a_device_that_gives_nothing_costs_no_answer(machine, tmp_path, writer):
    """Its bytes come from a pipe: with a writer who says nothing they do not come, without one they
    come back as none."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR) if writer else -1
    lines = (ROOT / "domains" / "services").read_text().replace("load rng\n", "")
    one = machine(files={"/boot/services": lines.encode(),
                         "/boot/rn2.elf": image_renamed("rng", "rn2")},
                  extra=f"-object rng-random,id=pipe,filename={pipe} -device virtio-rng-device,rng=pipe")
    one.check("domain load rng as first")  # has the device that every machine has
    one.check("domain load rng")
    assert random_bytes(one) != random_bytes(one)
    assert service(one, "rng")["calls"] >= 1
    for command in ("restart rng", "update rng rn2"):  # with the request at the device, or without
        one.check("domain " + command)
        assert random_bytes(one) != random_bytes(one), command
    if writer:
        os.write(end, bytes(range(256)) * 4)
        one.check("domain restart devfs")
        assert random_bytes(one) != random_bytes(one)
        os.close(end)
    row = service(one, "rng")
    assert row["faults"] == 0 and row["state"] in ("running", "probation")
