# SPDX-License-Identifier: MIT
"""A disk that fails, does not answer or loses its driver: clear errors, no hang, and all is well after."""

import json
import subprocess
import time

import pytest

from faulty_disk import FaultyDisk
from machine import ROOT, Machine, json_lines


@pytest.fixture
def faulty(tmp_path):
    """A function that boots a machine whose disk fails when told to; returns both."""
    opened = []

    def boot(image="files", read_only=False, **settings):
        copy = tmp_path / "faulty.img"
        subprocess.run(["cp", "--sparse=always", ROOT / "build" / f"{image}.img", copy], check=True)
        disk = FaultyDisk(copy, tmp_path, read_only)
        one = Machine(tmp_path, disk="none", extra=disk.qemu, **settings)
        opened.append((one, disk))
        one.boot()
        return one, disk

    yield boot
    for one, disk in opened:
        one.kill()
        disk.close()


def disk_end(one, tmp_path):
    """Powers off; the host must find nothing to mend."""
    assert one.poweroff() == 0
    subprocess.run(["e2fsck", "-fn", tmp_path / "faulty.img"], check=True, stdout=subprocess.DEVNULL)


def no_faults(one):
    rows = json_lines(one.check("domain list -j"))
    states = ("running", "probation")
    assert all(row["state"] in states and row["faults"] == 0 for row in rows), rows


def await_calls(one, count):
    """Waits until the disk's driver has answered more calls than that; returns how many."""
    end = time.monotonic() + 120
    while True:
        calls = next(row["calls"] for row in json_lines(one.check("domain list -j")) if row["name"] == "blk")
        if calls > count:
            return calls
        assert time.monotonic() < end, (calls, count)


@pytest.mark.parametrize("depth", [1, 32])
def test_each_request_that_the_disk_fails_is_an_error_of_its_own(faulty, depth):
    one, disk = faulty()
    disk.fail("read")
    output, status = one.run(f"blkbench --rw=randread --ios=200 --iodepth={depth} -j")
    result = json.loads(output)
    assert status == 1 and result["errors"] == result["ios"] == 200, output
    output, status = one.run("dd if=/dev/vda of=/dev/null bs=4096 count=1")
    assert status == 1 and "Input/output error" in output
    disk.heal()
    assert json.loads(one.check(f"blkbench --rw=randread --ios=200 --iodepth={depth} -j"))["errors"] == 0
    no_faults(one)


def test_of_a_disk_that_takes_no_writes_what_is_there_can_be_read_and_nothing_is_lost(faulty, tmp_path):
    one, disk = faulty()
    one.check("mkdir -p /mnt && mount /dev/vda /mnt && cp /bin/mksh /mnt/old && sync && cp /bin/lua /mnt/new")
    disk.fail("write", "flush")
    output, status = one.run("sync")
    assert status == 1 and "sync: /mnt: Input/output error: what was written last is not on the disk" in output, output
    one.check("cmp /mnt/old /bin/mksh && cmp /mnt/new /bin/lua && ls -l /mnt && df /mnt")
    output, status = one.run("dd if=/bin/lua of=/mnt/third conv=fsync")
    assert status == 1 and "Input/output error" in output, output
    assert any(disk.counts.values()), "nothing was written, nor flushed what had been"
    disk.heal()
    one.check("cp /bin/sed /mnt/fourth && sync && cmp /mnt/new /bin/lua && umount /mnt && mount /dev/vda /mnt")
    one.check("cmp /mnt/old /bin/mksh && cmp /mnt/new /bin/lua && cmp /mnt/fourth /bin/sed && umount /mnt")
    no_faults(one)
    disk_end(one, tmp_path)


def test_a_disk_that_fails_at_its_unmounting_stays_mounted_until_it_takes_all(faulty, tmp_path):
    one, disk = faulty()
    one.check("mkdir -p /mnt && mount /dev/vda /mnt && cp /bin/mksh /mnt/old")
    disk.fail("write", "flush")
    for _ in range(2):
        said = one.refuse("umount /mnt 2>&1")
        assert "Input/output error" in said and "stays mounted" in said, said
    assert "/dev/vda on /mnt type ext2 (rw)" in one.check("mount")
    one.check("cmp /mnt/old /bin/mksh && echo more > /mnt/more")
    disk.heal()
    one.check("umount /mnt && mount /dev/vda /mnt")
    one.check("cmp /mnt/old /bin/mksh && grep more /mnt/more && umount /mnt")
    no_faults(one)
    disk_end(one, tmp_path)


def test_a_failing_disk_is_unmounted_by_force_and_may_be_mounted_again(faulty):
    one, disk = faulty()
    one.check("mkdir -p /mnt && mount /dev/vda /mnt && cp /bin/mksh /mnt/old")
    disk.fail("write")
    assert "in use" in one.refuse("(cd /mnt && umount -f /mnt) 2>&1")
    said = one.refuse("umount -f /mnt 2>&1")
    assert "Input/output error" in said and "is lost" in said, said
    assert "/mnt" not in one.check("mount") and one.check("ls /mnt") == ""
    assert "lost" in one.check("dmesg | grep ext2:")
    disk.heal()
    one.check("mount /dev/vda /mnt && ls /mnt/README && umount -f /mnt")
    no_faults(one)


@pytest.mark.slow
def test_without_its_driver_a_mounted_disk_gives_errors_at_once_and_goes_on_with_the_next(faulty, tmp_path):
    one, _ = faulty()
    one.check("mkdir -p /mnt && mount /dev/vda /mnt && cp /bin/mksh /mnt/old && sync")
    one.check("(while cp /bin/lua /mnt/copy && cmp /bin/lua /mnt/copy; do :; done) > /tmp/cp 2>&1 &")
    calls = await_calls(one, 0)
    one.check("blkbench --rw=randread --iodepth=16 --ios=200000 -j > /tmp/bench 2>&1 &")
    await_calls(one, calls + 1000)
    one.check("domain stop blk --force")
    began = time.monotonic()
    for _ in range(4):
        _, status = one.run("dd if=/bin/lua of=/mnt/next conv=fsync")
        assert status == 1
    assert "No such device" in one.refuse("blkbench --ios=10")
    assert time.monotonic() - began < 60  # a request that waits for its time to pass takes 30 s
    one.run("wait $!", timeout=300)
    result = json.loads(one.check("cat /tmp/bench"))
    assert result["ios"] and result["errors"], result
    one.check("domain load blk && kill %1; wait; sync && cmp /mnt/old /bin/mksh && cp /bin/lua /mnt/next && umount /mnt")
    one.check("mount /dev/vda /mnt && cmp /mnt/next /bin/lua && umount /mnt")
    no_faults(one)
    disk_end(one, tmp_path)


def test_requests_that_the_disk_does_not_answer_outlive_a_restart_of_their_driver(faulty, tmp_path):
    one, disk = faulty()
    one.check("mkdir -p /mnt && mount /dev/vda /mnt")
    disk.hang("read", "write", "flush")
    one.send("dd if=/dev/vda of=/tmp/a bs=4096 skip=99 count=1 &\rcp /bin/lua /mnt/a &\r")
    disk.await_held()  # from now on within the thirty seconds that ext2 waits
    one.check("domain list > /dev/null; ps > /dev/null")
    one.run("domain update blk blk_v2", timeout=30)
    disk.heal()
    one.check("wait; sync; cmp /mnt/a /bin/lua && umount /mnt")
    no_faults(one)
    disk_end(one, tmp_path)


def test_as_root_a_failing_disk_leaves_a_shell_that_works(faulty, tmp_path):
    one, disk = faulty("system")
    one.check("cp /bin/lua /home/lua && sync")
    disk.fail("read", "write", "flush")
    one.run("echo text > /home/text; /bin/sqlite3 -h; cp /bin/lua /home/second; sync")
    one.check("echo alive && echo text > /tmp/text && domain list > /dev/null || true")
    disk.heal()
    one.check("cmp /home/lua /bin/lua && echo text > /home/text && sync")
    disk_end(one, tmp_path)


@pytest.mark.parametrize("image", ["files", "system"])
def test_a_read_only_disk_says_so_to_who_would_write(faulty, tmp_path, image):
    one, _ = faulty(image, read_only=True)
    folder = "/mnt" if image == "files" else ""
    if folder:
        one.check("mkdir -p /mnt && mount /dev/vda /mnt")
        output, status = one.run("blkbench --rw=randwrite --ios=10 --force")
        assert status == 2 and "is read-only" in output, output
    assert "ext2 (ro)" in one.check("mount | grep /dev/vda")
    assert "the disk is read-only" in one.check("dmesg | grep ext2:")
    output, status = one.run(f"cp /bin/lua {folder}/home/lua")
    assert status == 1 and "Read-only file system" in output
    one.run("dd if=/bin/lua of=/dev/vda; sync")
    assert json.loads(one.check("blkbench --rw=randread --ios=50 -j"))["errors"] == 0
    no_faults(one)
    disk_end(one, tmp_path)
