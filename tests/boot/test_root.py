# SPDX-License-Identifier: MIT
"""Where / is: on a disk that holds a system, where it stays and survives what is below it; else in
memory, and the system says why."""

import random
import re
import shutil
import subprocess

import pytest

from machine import ROOT, Machine, json_lines

MKFS = ROOT / "build" / "host" / "mkfs"
ON_DISK = "boot: / is on /dev/vda\n"


def is_sound(image):
    """Fails with what e2fsck says, if it finds anything to mend."""
    result = subprocess.run(["e2fsck", "-fn", image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    assert result.returncode == 0, result.stdout


def host_read(image, path):
    return subprocess.run(["debugfs", "-R", f"cat {path}", image], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout.decode()


def test_what_is_written_below_root_survives_a_poweroff_and_what_is_in_tmp_does_not(machine):
    one = machine(disk="system")
    assert ON_DISK in one.boot_text
    mounts = one.check("mount")
    for line in ("/dev/vda on / type ext2 (rw)", "devfs on /dev ", "procfs on /proc ",
                 "initrd on /boot type ramfs (ro)", "ramfs on /tmp type ramfs (rw)"):
        assert line in mounts, mounts
    assert re.search(r"^/dev/vda .* /$", one.check("df"), re.M)
    one.check("mkdir -p /home/me && echo mine > /home/me/file && echo temporary > /tmp/file && "
              "cp /bin/true /bin/mine && ls /boot/blk.elf")
    assert one.poweroff() == 0
    is_sound(one.disk)
    assert host_read(one.disk, "/home/me/file") == "mine\n"
    two = machine(disk=one.disk)
    assert two.check("cat /home/me/file && mine").strip() == "mine"
    assert two.run("cat /tmp/file")[1] == 1
    assert two.poweroff() == 0
    is_sound(one.disk)


def test_the_disk_that_is_root_is_neither_written_to_nor_mounted_nor_unmounted(machine):
    one = machine(disk="system")
    output, status = one.run("blkbench --rw=write --ios=1")
    assert status == 2 and "/dev/vda: is mounted" in output
    assert "in use" in one.refuse("mount /dev/vda /mnt 2>&1")
    for folder in ("/", "/tmp", "/boot", "/dev"):
        one.refuse(f"umount {folder} 2>&1")
    assert "busy" in one.refuse("rmdir /tmp 2>&1")
    assert "Read-only" in one.run("echo x > /boot/x")[0]
    assert "Read-only" in one.run("touch /boot/x")[0]
    one.check("echo moved > /home/a && mv /home/a /tmp/a && mv /tmp/a /home/b && [ ! -e /tmp/a ]")
    assert one.check("cd /tmp && cd .. && pwd && cat home/b").split() == ["/", "moved"]
    assert one.poweroff() == 0
    is_sound(one.disk)


def disk_random(folder):
    path = folder / "random.img"
    path.write_bytes(random.Random(5).randbytes(2 << 20))
    return path


def disk_of(folder, init):
    """A disk with /bin/init of these bytes, and nothing else."""
    tree = folder / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "init").write_bytes(init)
    (tree / "bin" / "init").chmod(0o755)
    subprocess.run([MKFS, folder / "of.img", "--size", "2M", "--from", tree], check=True)
    return folder / "of.img"


def disk_torn(folder):
    """A system whose inodes are gone."""
    path = folder / "torn.img"
    shutil.copy(ROOT / "build" / "system.img", path)
    told = subprocess.run(["dumpe2fs", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout
    first = int(re.search(r"Inode table at (\d+)", told).group(1))
    with open(path, "r+b") as image:
        image.seek(first * 4096)
        image.write(bytes(8 * 4096))
    return path


DISKS = {
    "none": (lambda folder: "none", "there is no disk"),
    "random bytes": (disk_random, "/dev/vda has no ext2 file system that can be read"),
    "files": (lambda folder: None, "the files on /dev/vda are no system, /bin/init is not there"),
    "a first program that is none": (lambda folder: disk_of(folder, bytes(5000)),
                                     "what is on /dev/vda cannot be used (error 8)"),
    "a system without inodes": (disk_torn, "what is on /dev/vda cannot be used (error 5)"),
}


@pytest.mark.parametrize("kind", DISKS)
def test_without_a_disk_with_a_system_root_is_in_memory_and_a_line_says_why(machine, tmp_path, kind):
    make, why = DISKS[kind]
    one = machine(disk=make(tmp_path))
    assert f"boot: / is in memory: {why}\n" in one.boot_text, one.boot_text
    assert one.check("mount").startswith("ramfs on / type ramfs (rw)\n")
    assert one.check("echo kept > /file && cat /file").strip() == "kept"
    assert one.poweroff() == 0


def test_after_a_power_cut_root_is_read_only_until_the_host_has_mended_it(machine):
    one = machine(disk="system")
    one.check("echo synced > /home/file && sync")
    one.kill()
    two = machine(disk=one.disk)
    assert "boot: / is on /dev/vda, read-only: run e2fsck -fy on the disk\n" in two.boot_text
    assert two.check("cat /home/file").strip() == "synced"
    assert "Read-only" in two.run("echo x > /home/x")[0]
    two.check("echo x > /tmp/x && cat /tmp/x")
    assert two.poweroff() == 0
    subprocess.run(["e2fsck", "-fy", one.disk], stdout=subprocess.DEVNULL, check=False)
    three = machine(disk=one.disk)
    assert ON_DISK in three.boot_text
    assert three.check("cat /home/file").strip() == "synced"


EXECS = """while [ ! -e /tmp/stop ]; do
    cp /bin/env /home/copy && sync && cmp /bin/env /home/copy && echo . >> /tmp/rounds || echo bad >> /tmp/bad
done"""


@pytest.mark.slow
def test_programs_run_and_start_while_all_below_root_crashes_and_is_replaced(machine):
    one = machine(disk="system", timeout=180)
    one.check(f"({EXECS}) > /tmp/log 2>&1 &")

    def goes_on():
        """Two rounds more have been made, each of which starts three programs from the disk and writes to it."""
        one.check("n=$(wc -l < /tmp/rounds); while [ $(wc -l < /tmp/rounds) -lt $((n+2)) ]; do sleep 0.05; done")

    one.check("until [ -e /tmp/rounds ]; do sleep 0.05; done")
    for service, fault in (("ext2", "load"), ("blk", "store"), ("vfs", "load"), ("ext2", "stack"), ("blk", "illegal"),
                           ("vfs", "assert")):
        one.check(f"domain fault {service} {fault}")
        goes_on()
    for service in ("blk", "ext2", "vfs", "posix", "ramfs"):
        one.change(f"domain update {service} {service}_v2")
        goes_on()
        one.change(f"domain rollback {service}")
        goes_on()
    rows = {row["name"]: row for row in json_lines(one.check("domain list -j"))}
    assert rows["ext2"]["faults"] == rows["blk"]["faults"] == 2, rows
    one.check("echo > /tmp/stop; wait; [ ! -e /tmp/bad ] || { cat /tmp/bad /tmp/log; false; }")
    assert one.poweroff() == 0
    is_sound(one.disk)


def test_after_a_crash_of_posix_root_is_on_the_disk_again(machine):
    one = machine(disk="system")
    one.send("echo before > /home/file; exec 5> /home/open; rm /home/open; domain fault posix assert; true\r")
    one.expect(re.escape(ON_DISK.strip()))
    one.expect("# $")
    assert one.check("cat /home/file").strip() == "before"
    one.check("echo after > /home/file")
    assert one.poweroff() == 0
    is_sound(one.disk)
    assert host_read(one.disk, "/home/file") == "after\n"
