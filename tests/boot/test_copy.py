# SPDX-License-Identifier: MIT
"""Copies of large files, which pass no program and no cache, and what reads past the cache leave to it."""

import random
import re
import socket
import time

import pytest

from machine import json_lines
from programs import program_build
from test_ext2 import checksum, host_read, image_make, is_sound

MIB = 1 << 20


def service(one, name):
    return next(row for row in json_lines(one.check("domain list -j")) if row["name"] == name)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return {"bin/copy_check": program_build("copy_check", tmp_path_factory.mktemp("copy"))}


def unmounted_soundly(one, folder, contents):
    """Ends the machine; what the host finds on its disk, names beside what is to be in them."""
    one.check("umount /mnt")
    assert one.poweroff() == 0
    is_sound(folder / "ext2.img")
    for name, content in contents.items():
        assert checksum(host_read(folder / "ext2.img", name)) == checksum(content)


@pytest.mark.slow
def test_copy_file_range_does_in_memory_and_on_the_disk_what_it_does_on_linux(machine, program, tmp_path):
    one = machine(disk=image_make(tmp_path), files=program, timeout=120)
    one.check("mount /dev/vda /mnt")
    for folder in ("/tmp", "/mnt"):
        assert one.check(f"copy_check {folder}", timeout=120).strip() == "copy_check: 0 wrong"
    unmounted_soundly(one, tmp_path, {})


def test_a_copy_on_the_disk_goes_past_the_cache_and_leaves_nothing_behind(machine, tmp_path):
    """What the cache does not hold is asked of the disk, in as many requests as it takes, and no more."""
    content = random.Random(1).randbytes(8 * MIB)
    one = machine(disk=image_make(tmp_path, size="64M", files={"big": content}), timeout=120)
    one.check("mount /dev/vda /mnt && cp /mnt/big /mnt/copy")  # places of threads keep what they have once had
    before, memory = service(one, "posix")["rrefs"], service(one, "posix")["pages"]
    one.check("cp /mnt/big /mnt/other && cp /mnt/big /tmp/big && cp /tmp/big /mnt/back")
    assert service(one, "posix")["rrefs"] == before and service(one, "posix")["pages"] <= memory + 4
    asked = service(one, "blk")["calls"]
    one.check("head -c 8388608 /mnt/copy > /dev/null")
    assert service(one, "blk")["calls"] > asked
    for name in ("copy", "other", "back"):
        one.check(f"cmp /mnt/big /mnt/{name}")
    unmounted_soundly(one, tmp_path, {"/back": content})


@pytest.mark.slow
def test_a_large_file_comes_to_lie_in_the_cache_when_it_is_read_again(machine, tmp_path):
    content = random.Random(2).randbytes(6 * MIB)
    one = machine(disk=image_make(tmp_path, size="32M", files={"big": content}), timeout=120)
    one.check("mount /dev/vda /mnt")
    asked = []
    for _ in range(4):
        before = service(one, "blk")["calls"]
        one.check("dd if=/mnt/big of=/dev/null bs=256k 2> /dev/null")
        asked.append(service(one, "blk")["calls"] - before)
    assert asked[0] >= 24 and asked[1] >= 24 and asked[2:] == [0, 0], asked
    assert one.check("dd if=/mnt/big bs=256k 2> /dev/null | sha256sum 2> /dev/null").split()[0] == checksum(content)


# Copies are made and compared until there is a file /tmp/stop.
COPIES = ("sh -c 'until [ -e /tmp/stop ]; do cp /mnt/big /mnt/copy && cmp /mnt/big /mnt/copy || echo wrong; done' "
          "> /tmp/copies 2>&1 &")


def copies_checked(one):
    output = one.check("touch /tmp/stop; wait; cat /tmp/copies")
    assert "wrong" not in output and "cp:" not in output and "cmp:" not in output, output


@pytest.mark.parametrize("name", [pytest.param("ext2", marks=pytest.mark.slow), pytest.param("vfs", marks=pytest.mark.slow), "blk"])
def test_a_copy_is_right_though_what_is_below_crashes_and_is_replaced(machine, tmp_path, name):
    content = random.Random(3).randbytes(8 * MIB + 777)
    one = machine(disk=image_make(tmp_path, size="32M", files={"big": content}), timeout=240)
    one.check("mount /dev/vda /mnt && cp /mnt/big /mnt/copy")
    one.run(COPIES)
    for fault in ("load", "illegal", "assert"):
        for _ in range(2):
            one.run(f"domain fault {name} {fault}; until cmp /mnt/copy /mnt/copy; do :; done")
        # So soon after an update, a fault may have brought back either image.
        one.check(f"until domain update {name} {name}_v2 > /dev/null 2>&1 || "
                  f"domain update {name} {name} > /dev/null 2>&1; do :; done")
    copies_checked(one)
    assert service(one, name)["faults"] > 0
    unmounted_soundly(one, tmp_path, {"/copy": content})


@pytest.mark.slow
def test_a_copy_goes_on_in_a_new_posix_and_ends_by_a_signal(machine, tmp_path):
    content = random.Random(4).randbytes(16 * MIB)
    one = machine(disk=image_make(tmp_path, size="64M", files={"big": content}), timeout=120)
    one.check("mount /dev/vda /mnt")
    one.run(COPIES)
    for version in ("posix_v2", "posix", "posix_v2", "posix"):
        one.check(f"until domain update posix {version} > /dev/null 2>&1; do :; done")
    copies_checked(one)
    before = service(one, "posix")["rrefs"]
    for _ in range(5):
        one.run("cp /mnt/big /mnt/other & until [ -s /mnt/other ]; do :; done; kill $!; wait $!; rm -f /mnt/other")
    assert service(one, "posix")["rrefs"] <= before
    unmounted_soundly(one, tmp_path, {})


@pytest.mark.slow
def test_a_flush_ends_after_all_that_was_asked_before_it(machine, tmp_path):
    """The disk serves reads slowly, and would flush at once: who asks for that waits for the read under way."""
    monitor = tmp_path / "monitor"
    one = machine(extra=f"-monitor unix:{monitor},server,nowait", timeout=120)
    one.check("umount /mnt 2> /dev/null; sync")
    with socket.socket(socket.AF_UNIX) as qemu:
        qemu.connect(str(monitor))
        qemu.sendall(b"block_set_io_throttle d0 0 524288 0 0 0 0\n")
        told = b""
        while told.count(b"(qemu)") < 2:
            told += qemu.recv(4096)
    begin = time.monotonic()
    syncs = one.check("dd if=/dev/vda of=/tmp/read bs=256k count=8 2> /dev/null & n=0; until [ -s /tmp/read ]; do :; done; "
                      "while kill -0 $! 2> /dev/null; do sync; n=$((n + 1)); done; echo $n")
    assert time.monotonic() - begin > 1, "the disk is not slow"
    assert int(re.findall(r"\d+", syncs)[-1]) <= 24, syncs
