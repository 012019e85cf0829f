# SPDX-License-Identifier: MIT
"""Files on an ext2 disk: what the system writes the host reads, and the other way round; full and
damaged disks; a file system whose domain crashes and is replaced while it is mounted."""

import hashlib
import os
import random
import re
import subprocess
import time

import pytest

import soak
from machine import ROOT, json_lines
from programs import program_build

MKFS = ROOT / "build" / "host" / "mkfs"
LARGE = ROOT / "build" / "user" / "bin" / "sqlite3"  # in the guest: /bin/sqlite3


def image_make(folder, size="16M", files=None):
    """An image made by the host with `files` (path: bytes) in it."""
    tree, image = folder / "tree", folder / "ext2.img"
    tree.mkdir(exist_ok=True)
    for name, content in (files or {}).items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    subprocess.run([MKFS, image, "--size", size, "--from", tree], check=True)
    return image


def checksum(content):
    return hashlib.sha256(content).hexdigest()


def is_sound(image):
    """Fails with what e2fsck says, if it finds anything to mend."""
    result = subprocess.run(["e2fsck", "-fn", image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    assert result.returncode == 0, result.stdout


def host_read(image, path):
    """The bytes of a file on the image, by debugfs."""
    return subprocess.run(["debugfs", "-R", f"cat {path}", image], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def host_stat(image, path):
    return subprocess.run(["debugfs", "-R", f"stat {path}", image], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout


def test_the_host_reads_what_the_system_wrote(run, tmp_path):
    image = image_make(tmp_path)
    result = run("""set -e
        mount /dev/vda /mnt
        mkdir /mnt/one /mnt/one/two /mnt/empty
        cp /bin/sqlite3 /mnt/one/large
        echo first > /mnt/one/two/text; echo second >> /mnt/one/two/text
        ln /mnt/one/two/text /mnt/hard
        ln -s one/two/text /mnt/soft
        echo gone > /mnt/gone; rm /mnt/gone
        mkdir /mnt/gone; rmdir /mnt/gone
        echo old > /mnt/replaced; echo new > /mnt/one/fresh; mv /mnt/one/fresh /mnt/replaced
        mv /mnt/empty /mnt/one/two/moved
        cat /mnt/soft
        i=0; while [ $i -lt 150 ]; do echo $i > /mnt/one/a-file-with-a-long-name-$i; i=$((i+1)); done
        """, disk=image, timeout=300)
    assert result.returncode == 0, result.output + result.message
    is_sound(image)
    assert "first\nsecond\n" in result.output
    assert host_read(image, "/one/large") == LARGE.read_bytes()
    assert host_read(image, "/hard") == b"first\nsecond\n"
    assert host_read(image, "/replaced") == b"new\n"
    assert host_read(image, "/one/a-file-with-a-long-name-149") == b"149\n"
    assert "Links: 2" in host_stat(image, "/hard")
    assert 'Fast link dest: "one/two/text"' in host_stat(image, "/soft")
    assert "Type: directory" in host_stat(image, "/one/two/moved")
    assert "Inode" not in host_stat(image, "/gone") and "Inode" not in host_stat(image, "/one/fresh")


def test_the_system_reads_what_the_host_wrote_and_changes_no_byte_of_it(run, tmp_path):
    source = random.Random(11)
    files = {f"d{i % 7}/e{i % 3}/f{i}": source.randbytes(source.randrange(20000)) for i in range(120)}
    files["large"] = source.randbytes(6 << 20)
    image = image_make(tmp_path, "32M", files)
    before = checksum(image.read_bytes())
    names = " ".join(sorted(files))
    result = run(f"mount -o ro /dev/vda /mnt && cd /mnt && sha256sum {names} && cd / && umount /mnt",
                 disk=image, timeout=300)
    assert result.returncode == 0, result.output + result.message
    found = dict(line.split()[::-1] for line in result.output.splitlines()
                 if re.match(r"[0-9a-f]{64} ", line))
    assert found == {name: checksum(content) for name, content in files.items()}
    assert checksum(image.read_bytes()) == before


def test_a_full_disk_is_an_error_and_stays_sound(run, tmp_path):
    image = image_make(tmp_path, "2M")
    result = run("""mount /dev/vda /mnt && echo kept > /mnt/kept
        cat /dev/zero > /mnt/fill; echo "status $?"
        mkdir /mnt/folder; echo "status $?"
        df; rm /mnt/fill && cp /bin/true /mnt/later && cmp /bin/true /mnt/later && echo "room again"
        """, disk=image, timeout=300)
    assert "No space left" in result.output, result.output + result.message
    assert "room again" in result.output
    is_sound(image)
    assert host_read(image, "/kept") == b"kept\n"


def test_a_mounted_disk_is_listed_is_not_written_to_and_is_given_back(machine, tmp_path):
    one = machine(disk=image_make(tmp_path))
    one.check("mount /dev/vda /mnt")
    assert "/dev/vda on /mnt type ext2 (rw)" in one.check("mount")
    output, status = one.run("blkbench --rw=write --ios=1")
    assert status == 2 and "is mounted" in output
    assert "in use" in one.refuse("mount /dev/vda /tmp 2>&1")
    assert "in use" in one.refuse("(cd /mnt && umount /mnt) 2>&1")
    one.check("umount /mnt")
    assert "/dev/vda" not in one.check("mount")
    one.check("mount -o ro /dev/vda /mnt")
    assert one.run("echo x > /mnt/x")[1] != 0
    one.check("umount /dev/vda")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")


@pytest.mark.slow
def test_what_nobody_syncs_is_on_the_disk_soon(machine, tmp_path):
    image = image_make(tmp_path)
    one = machine(disk=image)
    one.check("mount /dev/vda /mnt && cp /bin/env /mnt/aged")
    wanted, until = (ROOT / "build/user/bin/env").read_bytes(), time.monotonic() + 90
    while host_read(image, "/aged") != wanted:
        assert time.monotonic() < until, "not within 90 s"
        time.sleep(0.5)
    one.change("domain update ext2 ext2_v2")
    one.check("echo later > /mnt/later")
    while host_read(image, "/later") != b"later\n":
        assert time.monotonic() < until, "not within 90 s after an update"
        time.sleep(0.5)
    one.kill()
    mended = subprocess.run(["e2fsck", "-fy", image], stdout=subprocess.PIPE, check=False)
    assert mended.returncode <= 1, mended.stdout.decode()
    assert host_read(image, "/aged") == wanted


FAULTS = ["load", "stack", "loop", "assert", "exhaust"]


def test_a_crash_or_an_update_loses_nothing_that_was_written(machine, tmp_path):
    one = machine(disk=image_make(tmp_path), timeout=120)
    one.check("mount /dev/vda /mnt && cp /bin/mksh /mnt/shell && echo open > /mnt/open")
    one.check("exec 5< /mnt/open")
    for number, fault in enumerate(FAULTS):
        one.check(f"echo {fault} > /mnt/{fault} && domain fault ext2 {fault}")
        one.run("ls /mnt > /dev/null")
        assert one.check(f"cat /mnt/{fault}").strip() == fault
        one.check(f"mkdir /mnt/folder{number}")
    for command in ("domain restart ext2", "domain update ext2 ext2_v2", "domain rollback ext2"):
        one.check("echo before > /mnt/before")
        one.change(command)
        one.check("cmp /bin/mksh /mnt/shell")
        assert one.check("cat /mnt/before").strip() == "before"
    assert one.check("cat <&5").strip() == "open"
    one.check("exec 5<&-; umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")
    assert host_read(tmp_path / "ext2.img", "/exhaust") == b"exhaust\n"


def test_the_driver_may_crash_while_files_are_written(machine, tmp_path):
    one = machine(disk=image_make(tmp_path), timeout=120)
    one.check("mount /dev/vda /mnt")
    for fault in ("store", "illegal", "leak"):
        one.check(f"domain fault blk {fault}; cp /bin/mksh /mnt/{fault}; sync; cmp /bin/mksh /mnt/{fault}")
    one.check("domain update blk blk_v2; cp /bin/lua /mnt/lua; sync; cmp /bin/lua /mnt/lua")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")


@pytest.mark.slow
def test_files_and_a_database_survive_crashes_and_updates_of_all_below(tmp_path):
    row, complaints = soak.measure(tmp_path, 4, timeout=300)
    assert row["wrong"] == row["failed"] == row["e2fsck"] == 0 and not complaints, (row, complaints)
    assert row["host_reads_the_copy"] and row["copies"] and row["transactions"] >= 20, row
    assert row["crashes_of_each"] >= 4, row


def test_a_folder_that_gets_the_inode_of_another_lies_where_it_was_made(machine):
    one = machine(disk="system")
    one.check("cd /root && mkdir one two one/folder")
    one.check("for n in 1 2 3 4 5 6; do stat one/folder/.. > /dev/null; done")
    number = one.check("ls -di one/folder").split()[0]
    one.check("rmdir one/folder && mkdir two/folder")
    assert one.check("ls -di two/folder").split()[0] == number
    assert one.check("ls -di two/folder/..").split()[0] == one.check("ls -di two").split()[0]


@pytest.mark.parametrize("cpus", [2, 4])
def test_names_are_what_was_made_of_them_while_all_below_crashes_and_is_replaced(machine, tmp_path, cpus):
    script = """
        (name_check /mnt 4 1000 SEED -w > /tmp/names 2>&1; echo "ended: $?" >> /tmp/names; touch /tmp/stopped) &
    """.replace("SEED", str(cpus)) + soak.CHANGES.replace("COUNT", "3").replace("SERVICES", "ext2 vfs blk")
    one = machine(disk=image_make(tmp_path), cpus=cpus, timeout=300, files={
        "bin/name_check": program_build("name_check", tmp_path), "root/names.sh": script.encode()})
    one.check("mount /dev/vda /mnt && sh /root/names.sh")
    said = one.check("cat /tmp/names /tmp/changes").strip().splitlines()
    assert said[-1] == "ended: 0" and len(said) == 5, "\n".join(said)
    one.check("umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")


@pytest.mark.parametrize("seed", range(3))
def test_a_synced_file_is_whole_after_the_power_went(machine, tmp_path, seed):
    image = image_make(tmp_path)
    one = machine(disk=image)
    one.check("mount /dev/vda /mnt && cp /bin/lua /mnt/synced && sync")
    one.send("i=0; while :; do cp /bin/env /mnt/f$i; mv /mnt/f$i /mnt/g; mkdir /mnt/d$i; i=$((i+1)); "
             "[ $((i % 9)) = 0 ] && sync && echo round $i; done\r")
    for _ in range(seed + 1):
        one.expect(r"round \d+\r")
    one.kill()
    mended = subprocess.run(["e2fsck", "-fy", image], stdout=subprocess.PIPE, check=False)
    assert mended.returncode <= 1, mended.stdout.decode()
    is_sound(image)
    assert host_read(image, "/synced") == (ROOT / "build/user/bin/lua").read_bytes()


IMAGES = int(os.environ.get("FUZZ_IMAGES", "100"))


def test_damaged_disks_are_errors_and_never_the_end(machine, tmp_path):
    """FUZZ_IMAGES of them, other ones each time."""
    seed = random.SystemRandom().randrange(1 << 31)
    print("seed", seed)
    source = random.Random(3)
    files = {f"d{i % 3}/f{i}": source.randbytes(source.randrange(9000)) for i in range(30)}
    files["larger"] = source.randbytes(150000)
    image = image_make(tmp_path, "1M", files)
    one = machine(disk=image, files={"image": image.read_bytes(), "bin/image_fuzz": program_build("image_fuzz", tmp_path)},
                  timeout=120)
    one.check("echo kept > /tmp/other")
    output = one.check(f"image_fuzz /image /dev/vda /mnt {seed} {IMAGES}", timeout=60 + 10 * IMAGES)
    done = json_lines(output)[-1]
    assert done["images"] == IMAGES and done["slow"] == done["stuck"] == 0, (seed, done)
    assert done["mounted"] >= IMAGES // 10 and done["refused"] >= IMAGES // 20, (seed, done)
    assert "/mnt" not in one.check("mount") and one.check("cat /tmp/other").strip() == "kept"
    rows = {row["name"]: row for row in json_lines(one.check("domain list -j"))}
    print(done, {name: row["faults"] for name, row in rows.items()})
    assert {name for name, row in rows.items() if row["faults"]} <= {"ext2"}, (seed, rows)
    one.check("cat /dev/zero > /dev/vda 2> /dev/null; true")
    assert "no ext2" in one.refuse("mount /dev/vda /mnt 2>&1")
    assert one.poweroff() == 0
