# SPDX-License-Identifier: MIT
"""Wall time: from the machine's clock once, everywhere the same, and kept whatever crashes."""

import re
import time
from calendar import timegm

import pytest

from machine import ROOT, image_renamed, json_lines

BASE = timegm((2031, 5, 6, 7, 8, 9))
CLOCK_AT_BASE = "-rtc base=2031-05-06T07:08:09,clock=vm"
BOOT_LIMIT = 90  # seconds that the machine may have run for before it reads its clock


def seconds(one, command="date +%s"):
    return int(re.search(r"^(\d+)$", one.check(command), re.M).group(1))


def boot_moment(one):
    """Wall time at boot, to the second: what the time is, less what has passed."""
    text = one.check("date +%s; cat /proc/uptime; date +%s")
    before, uptime, after = re.search(r"^(\d+)\n(\d+)\.\d+ .*\n(\d+)$", text, re.M).groups()
    return int(before) - int(uptime) - 1, int(after) - int(uptime) + 1


def is_dated(one):
    """Is wall time what the machine's clock has told?"""
    earliest, latest = boot_moment(one)
    return BASE - 2 <= earliest and latest <= BASE + BOOT_LIMIT


def modified(one, path):
    text = re.search(r"^Modify: (\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)\.", one.check(f"stat {path}"), re.M)
    return timegm(tuple(int(part) for part in text.groups()))


def assert_modified_now(one, path):
    before = seconds(one)
    one.check(f"touch {path}")
    assert before <= modified(one, path) <= seconds(one), path


def service(one, name):
    return next(row for row in json_lines(one.check("domain list -j")) if row["name"] == name)


def test_the_date_is_the_host_s(machine):
    one = machine()
    before = time.time()
    told = seconds(one)
    assert before - 3 <= told <= time.time() + 3
    year = time.gmtime(told).tm_year
    assert re.search(rf"^\w{{3}} \w{{3}} [ \d]\d \d\d:\d\d:\d\d UTC {year}$", one.check("date"), re.M)
    assert re.search(rf"^{year}-\d\d-\d\d$", one.check("date -u '+%Y-%m-%d'"), re.M)


@pytest.mark.slow
def test_files_are_dated_and_no_fault_update_or_stop_of_the_clock_changes_that(machine):
    one = machine(extra=CLOCK_AT_BASE, files={"/boot/rt2.elf": image_renamed("rtc", "rt2")})
    assert is_dated(one)
    one.check("mount /dev/vda /mnt")
    for path in ("/tmp/file", "/mnt/file"): # /mnt is the disk
        assert_modified_now(one, path)
    for path in ("/bin/ls", "/dev/null", "/proc/meminfo"):
        assert re.search(r" 2031-05-0\d \d\d:\d\d " + path, one.check(f"ls -l {path}")), path

    # devfs, started anew, asks again: the call that crashes the clock's driver is repeated.
    boot = modified(one, "/dev/null")
    for number, kind in enumerate(("load", "loop", "assert"), 1):
        one.check(f"domain fault rtc {kind}")
        one.check("domain restart devfs")
        assert modified(one, "/dev/null") == boot, kind
        row = service(one, "rtc")
        assert (row["faults"], row["state"]) == (number, "running"), kind

    for command in ("domain update rtc rt2", "domain rollback rtc", "domain restart rtc"):
        one.change(command)
        one.check("domain restart devfs")
        assert modified(one, "/dev/null") == boot, command

    # Nobody is left to ask.
    one.check("domain stop rtc --force")
    one.change("domain update posix posix_v2")
    one.check("domain restart ramfs")
    one.check("domain restart ext2")
    assert is_dated(one)
    for path in ("/tmp/file", "/mnt/file"):
        assert_modified_now(one, path)


@pytest.mark.slow
def test_without_a_clock_time_begins_at_boot_until_one_is_loaded(machine):
    lines = (ROOT / "domains" / "services").read_text().replace("load rtc\n", "")
    one = machine(extra=CLOCK_AT_BASE, files={"/boot/services": lines.encode()})
    assert "rtc" not in one.check("domain list")
    assert seconds(one) < 3600
    assert_modified_now(one, "/tmp/file")
    one.check("domain load rtc")
    assert is_dated(one)
    assert_modified_now(one, "/tmp/file")
