# SPDX-License-Identifier: MIT
"""The page cache over the file system on the disk: what it holds survives it, and everybody sees the same."""

import random
import re

import pytest

from machine import json_lines
from test_ext2 import FAULTS, checksum, host_read, image_make, is_sound


def lines_of(text):
    return text.split()


def calls(one, service):
    return next(row["calls"] for row in json_lines(one.check("domain list -j")) if row["name"] == service)


def test_a_crash_of_the_cache_loses_no_page_and_no_open_file(machine, tmp_path):
    one = machine(disk=image_make(tmp_path), timeout=120)
    one.check("mount /dev/vda /mnt && cp /bin/mksh /mnt/shell && echo open > /mnt/open")
    one.check("exec 5< /mnt/open && rm /mnt/open")
    for fault in FAULTS:
        one.check(f"echo {fault} > /mnt/{fault} && domain fault vfs {fault}")
        one.run("ls /mnt > /dev/null")
        assert one.check(f"cat /mnt/{fault}").strip() == fault
    for command in ("domain restart vfs", "domain update vfs vfs_v2", "domain rollback vfs"):
        one.check("echo before > /mnt/before")
        one.change(command)
        one.check("cmp /bin/mksh /mnt/shell")
        assert one.check("cat /mnt/before").strip() == "before"
    assert one.check("cat <&5").strip() == "open"
    one.check("exec 5<&-; umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")
    assert host_read(tmp_path / "ext2.img", "/exhaust") == b"exhaust\n"


def test_what_was_read_before_is_not_asked_of_the_disk_again(machine, tmp_path):
    one = machine(disk=image_make(tmp_path, files={"big": random.Random(1).randbytes(3 << 20)}))
    one.check("mount /dev/vda /mnt && cat /mnt/big > /dev/null")
    before = calls(one, "blk")
    one.check("cat /mnt/big > /dev/null && cmp /mnt/big /mnt/big")
    assert calls(one, "blk") == before


def test_two_openings_see_each_others_writes_at_once(machine, tmp_path):
    one = machine(disk=image_make(tmp_path))
    one.check("mount /dev/vda /mnt && exec 5> /mnt/file 6< /mnt/file 7>> /mnt/file")
    one.check("echo one >&5 && echo two >&7")
    assert lines_of(one.check("cat <&6; wc -c < /mnt/file")) == ["one", "two", "8"]
    one.check("echo three >&7")
    assert one.check("cat <&6").strip() == "three"
    assert "Size: 14" in one.check("stat /mnt/file")
    assert "in use" in one.refuse("umount /mnt 2>&1")
    one.check("exec 5>&- 6<&- 7>&- && umount /mnt")


def test_a_file_that_is_replaced_or_removed_while_it_is_open_stays_what_it_was(machine, tmp_path):
    one = machine(disk=image_make(tmp_path))
    one.check("mount /dev/vda /mnt && echo old > /mnt/a && echo new > /mnt/b && exec 5< /mnt/a")
    one.check("mv /mnt/b /mnt/a")
    assert lines_of(one.check("cat <&5; cat /mnt/a")) == ["old", "new"]
    one.check("exec 6<> /mnt/a && rm /mnt/a && echo more >&6 && sync && domain restart vfs && sync")
    one.check("exec 5<&- 6>&- && cp /bin/lua /mnt/temporary && rm /mnt/temporary && sync")
    free = re.search(r"/dev/vda +\d+ +(\d+)", one.check("df"))
    assert free and one.check("umount /mnt") == ""
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")


def test_a_file_is_as_long_as_it_was_made(machine, tmp_path):
    """Holes, the end within a page, and what was behind the end before."""
    one = machine(disk=image_make(tmp_path))
    one.check("mount /dev/vda /mnt && cd /mnt")
    one.check("""lua -e '
        local function all(name) local f = io.open(name) local text = f:read("a") f:close() return text end
        local f = io.open("holes", "w")
        f:seek("set", 100000) f:write("end") f:close()
        assert(all("holes") == string.rep("\\0", 100000) .. "end")
        f = io.open("holes", "r+") f:seek("set", 4090) f:write("0123456789") f:close()
        local text = all("holes")
        assert(#text == 100003 and text:sub(4091, 4100) == "0123456789" and text:sub(-3) == "end")
        f = io.open("holes", "w") f:write("short") f:close()
        assert(all("holes") == "short")
        f = io.open("holes", "r+") f:seek("set", 9000) f:write("x") f:close()
        assert(all("holes") == "short" .. string.rep("\\0", 8995) .. "x")'""")
    one.check("cd / && umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")
    assert host_read(tmp_path / "ext2.img", "/holes") == b"short" + bytes(8995) + b"x"


@pytest.mark.slow
def test_more_than_the_cache_holds_is_written_and_read_right(machine, tmp_path):
    """128 MiB of memory give it 16 MiB."""
    content = random.Random(2).randbytes(24 << 20)
    one = machine(disk=image_make(tmp_path, size="96M", files={"big": content}), memory="128M", timeout=120)
    one.check("mount /dev/vda /mnt && cp /mnt/big /mnt/copy")
    for name in ("big", "copy"):
        assert one.check(f"sha256sum /mnt/{name} 2> /dev/null").split()[0] == checksum(content)
    one.check("umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")
    assert checksum(host_read(tmp_path / "ext2.img", "/copy")) == checksum(content)


def test_a_write_for_which_there_is_no_room_says_so_at_once(machine, tmp_path):
    one = machine(disk=image_make(tmp_path, size="4M"), timeout=120)
    one.check("mount /dev/vda /mnt")
    assert "No space" in one.refuse("head -c 8000000 /dev/zero 2>&1 > /mnt/much")
    one.check("rm /mnt/much && cp /bin/lua /mnt/lua && sync && cmp /bin/lua /mnt/lua && umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")


@pytest.mark.parametrize("service", ["ext2", "blk"])
def test_pages_reach_the_disk_though_what_is_below_crashes(machine, tmp_path, service):
    one = machine(disk=image_make(tmp_path, size="32M"), timeout=120)
    one.check("mount /dev/vda /mnt")
    for fault in ("load", "illegal", "assert"):
        one.check(f"cp /bin/mksh /mnt/{fault}; domain fault {service} {fault}; sync; sync")
    one.check("umount /mnt && mount /dev/vda /mnt")
    for fault in ("load", "illegal", "assert"):
        one.check(f"cmp /bin/mksh /mnt/{fault}")
    one.check("umount /mnt")
    assert one.poweroff() == 0
    is_sound(tmp_path / "ext2.img")
