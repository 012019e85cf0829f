# SPDX-License-Identifier: MIT
"""The fault campaign as a command, and what it has found."""

import subprocess

import pytest

from machine import json_lines, lines_of_programs

KEYS = {"injected", "activated", "detected", "recovered", "wrong", "hung", "leaked_pages",
        "leaked_rrefs"}
MEBIBYTE = 1 << 20


@pytest.fixture
def two_disks(machine, tmp_path):
    """A machine with a second disk of 8 MiB, which no driver has yet."""
    scratch = tmp_path / "scratch.img"
    subprocess.run(["truncate", "-s", str(8 * MEBIBYTE), scratch], check=True)
    return machine(extra=f"-drive if=none,file={scratch},format=raw,id=d1 "
                         "-device virtio-blk-device,drive=d1")


@pytest.mark.parametrize("options", ["--faults=0", "--faults=many", "--classes=load,sneeze",
                                     "--targets=nobody", "--storm", "9"])
def test_a_usage_error_is_told_with_the_synopsis_and_ends_with_2(machine, options):
    output, status = machine().run(f"faultstorm {options}")
    assert status == 2 and "usage: faultstorm" in output, output


def test_the_result_has_the_classes_asked_for_and_their_sum(machine):
    one = machine(timeout=120)
    output = one.check("faultstorm --faults=40 --seed=7 --classes=load,leak --targets=null -j")
    lines = lines_of_programs(output)
    assert len(lines) == 1, output
    result = json_lines(output)[0]
    assert list(result) == ["seed", "faults", "classes", "total", "answer_ns"]
    assert result["seed"] == 7 and result["faults"] == 40
    assert set(result["classes"]) == {"load", "leak"}
    for counts in [*result["classes"].values(), result["total"]]:
        assert set(counts) == KEYS
    assert result["total"]["injected"] == sum(
        counts["injected"] for counts in result["classes"].values()) == 40
    assert result["total"]["recovered"] == result["total"]["detected"] == 40
    times = result["answer_ns"]
    assert times["count"] >= 40 and 0 < times["p50"] <= times["p99"] <= times["max"]


def test_disks_whose_drivers_died_together_come_back_as_what_they_were(two_disks):
    one = two_disks
    one.check("domain load blk as blk1")
    one.check("printf second > /dev/vdb")
    for service in ("blk", "blk1"):
        one.check(f"domain fault {service} load")
    for device in ("vda", "vdb"):
        one.run(f"head -c 1 /dev/{device} > /dev/null")
    for service in ("blk1", "blk"):
        one.run(f"domain restart {service}")
    assert one.check("head -c 6 /dev/vdb; echo").strip() == "second"
    assert one.check("head -c 6 /dev/vda; echo").strip() != "second"


def test_a_disk_whose_driver_was_stopped_may_go_to_another_service(two_disks):
    one = two_disks
    one.check("domain load blk as blk1")
    one.check("domain stop blk1 --force")
    one.check("domain load blk as blk2")


def origin(one, name):
    """Where the image comes from that counts for a name now."""
    return next(row["from"] for row in json_lines(one.check("domain images -j"))
                if row["name"] == name)


def test_a_forgotten_image_gives_its_memory_back_and_the_one_before_counts_again(machine):
    one = machine()
    one.check("(cat /boot/null.elf; echo) > /tmp/n.elf")
    one.check("domain register /tmp/n.elf")
    assert origin(one, "null") == "file"
    one.check("domain forget null")
    assert origin(one, "null") == "initrd"
    assert "came from a file" in one.refuse("domain forget zlib")

    # With the shell's own words: a process that has just ended may still be on its way out.
    output = one.check(
        "exec 3<> /proc/sys/domain/command; for round in 1 2 3 4 5 6; do "
        "echo 'register /tmp/n.elf' >&3; echo 'forget null' >&3; sum=0; "
        "while read key pages rest; do case $key in PagesFree:|PagesKept:) "
        "sum=$((sum + pages));; esac; done < /proc/meminfo; echo $sum; done; exec 3>&-")
    pages = [int(line) for line in output.split()]
    assert len(pages) == 6 and min(pages[1:]) >= pages[1] - 4, pages  # an image takes thirty


def test_an_image_that_a_service_runs_is_not_forgotten(machine):
    one = machine()
    one.check("(cat /boot/null_v2.elf; echo) > /tmp/n.elf")
    one.check("domain register /tmp/n.elf")
    one.check("domain update null null_v2")
    assert "runs it" in one.refuse("domain forget null_v2")
    one.check("domain update null null")
    assert "runs it" in one.refuse("domain forget null_v2")  # a rollback would go back to it
    one.check("head -c 1 /dev/empty > /dev/null")
