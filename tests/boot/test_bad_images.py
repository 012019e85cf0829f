# SPDX-License-Identifier: MIT
"""Images that must not be loaded: one clear line each, nothing changed, no hang, no panic."""

import random
import struct

import pytest

from machine import ROOT, Machine, json_lines

SEGMENT_OFFSET, SEGMENT_ADDRESS, SEGMENT_FILE_SIZE, SEGMENT_SIZE = 8, 16, 32, 40
EXECUTE, WRITE, READ, LOAD = 1, 2, 4, 1


def original():
    return bytearray((ROOT / "build" / "domains" / "null.elf").read_bytes())


def segments(image):
    """Offsets of the loadable program headers in the file."""
    start, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    headers = [start + size * index for index in range(count)]
    return [at for at in headers if struct.unpack_from("<I", image, at)[0] == LOAD]


def field_set(image, at, field, value):
    struct.pack_into("<Q", image, at + field, value)
    return image


def text_segment(image):
    return next(at for at in segments(image) if struct.unpack_from("<I", image, at + 4)[0] & EXECUTE)


def instruction_set(word):
    """NULL with one instruction in the middle of its text replaced."""
    image = original()
    text = text_segment(image)
    offset, = struct.unpack_from("<Q", image, text + SEGMENT_OFFSET)
    size, = struct.unpack_from("<Q", image, text + SEGMENT_FILE_SIZE)
    struct.pack_into("<I", image, offset + (size // 2 & ~3), word)
    return image


def wrong_machine():
    image = original()
    struct.pack_into("<H", image, 18, 62)  # x86-64
    return image


def overlapping():
    image = original()
    first, second = segments(image)[:2]
    address, = struct.unpack_from("<Q", image, first + SEGMENT_ADDRESS)
    return field_set(image, second, SEGMENT_ADDRESS, address)


def writable_text():
    image = original()
    struct.pack_into("<I", image, text_segment(image) + 4, READ | WRITE | EXECUTE)
    return image


def oversized():
    image = original()
    return field_set(image, segments(image)[-1], SEGMENT_SIZE, 1 << 40)


def past_the_file():
    image = original()
    return field_set(image, segments(image)[0], SEGMENT_FILE_SIZE, len(image) * 2)


def many_headers():
    image = original()
    struct.pack_into("<H", image, 56, 0xFFFF)
    return image


def noise():
    return random.Random(1).randbytes(100000)


IMAGES = {
    "empty": lambda: b"",
    "of_three_bytes": lambda: original()[:3],
    "cut_in_the_header": lambda: original()[:40],
    "cut_in_the_text": lambda: original()[: len(original()) // 2],
    "for_another_machine": wrong_machine,
    "with_overlapping_segments": overlapping,
    "with_writable_text": writable_text,
    "with_an_oversized_segment": oversized,
    "with_a_segment_past_the_file": past_the_file,
    "with_65535_headers": many_headers,
    "with_an_ecall": lambda: instruction_set(0x00000073),
    "with_a_wild_store": lambda: instruction_set(0x00B53023),  # sd a1, 0(a0)
    "with_a_csr_access": lambda: instruction_set(0x10051073),  # csrw sstatus, a0
    "with_a_write_to_gp": lambda: instruction_set(0x00050193),  # mv gp, a0
    "of_random_bytes": noise,
    "of_random_bytes_behind_a_good_header": lambda: original()[:64] + noise(),
}


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """One machine for all of them: that it survives each is part of the test."""
    files = {f"bad/{name}.elf": bytes(make()) for name, make in IMAGES.items()}
    one = Machine(tmp_path_factory.mktemp("machine"), files=files)
    yield one.boot()
    one.kill()


def state(one):
    return [(row["name"], row["impl"], row["id"], row["state"])
            for row in json_lines(one.check("domain list -j"))]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("verb", ["verify", "register"])
def test_an_image_is_refused(victim, verb, name):
    before, known = state(victim), victim.check("domain images -j")
    output, status = victim.run(f"domain {verb} /bad/{name}.elf")
    assert status == 1, output
    assert len(output.strip().splitlines()) == 1, output
    assert verb == "verify" or output.startswith("domain: "), output
    assert state(victim) == before
    assert victim.check("domain images -j") == known


WORK = ("(while [ ! -e /tmp/stop ]; do blkbench --dev=/dev/nullb0 --rw=randrw --size=8m --ios=1000 --verify -j"
        " || echo FAILED; done > /tmp/results) &")


def test_updates_to_broken_images_do_not_disturb_a_service_at_work(victim):
    before = state(victim)
    victim.check(WORK)
    for name in IMAGES:
        output, status = victim.run(f"domain update nullblk /bad/{name}.elf")
        lines = [line for line in output.splitlines() if line.startswith("domain: ")]
        assert status == 1 and len(lines) == 1 and "paused" not in lines[0], (name, output)
    victim.check("touch /tmp/stop; wait; rm /tmp/stop")
    text = victim.check("cat /tmp/results")
    results = json_lines(text)
    assert results and "FAILED" not in text, text
    assert {(one["errors"], one["verify_errors"]) for one in results} == {(0, 0)}, text
    assert state(victim) == before


def test_the_refusal_of_an_instruction_names_address_instruction_and_rule(victim):
    output, _ = victim.run("domain verify /bad/with_a_wild_store.elf")
    assert "0x" in output and "rule 2" in output, output


def test_a_good_image_is_accepted_with_its_counts(victim):
    assert "ok: " in victim.check("domain verify /boot/null.elf")


@pytest.mark.parametrize("command", [
    "load nothing", "update nobody null_v2", "stop nobody", "restart nobody", "info nobody",
    "rollback nobody", "fault nobody load", "register /no/such.elf", "verify /no/such.elf"])
def test_an_unknown_name_is_refused_in_one_line(victim, command):
    before = state(victim)
    line = victim.refuse(f"domain {command}")
    assert line.startswith("domain: "), line
    assert state(victim) == before


@pytest.mark.parametrize("command", ["", "nonsense", "update", "update null", "load a b c d"])
def test_a_usage_error_ends_with_status_2(victim, command):
    output, status = victim.run(f"domain {command}")
    assert status == (0 if not command else 2), output
    assert "domain" in output


def test_a_mebibyte_of_garbage_written_to_the_command_file_changes_nothing(victim):
    before = state(victim)
    _, status = victim.run("head -c 1048576 /dev/random > /proc/sys/domain/command")
    assert status != 0
    _, status = victim.run("head -c 4097 /dev/zero > /proc/sys/domain/command")
    assert status != 0
    assert state(victim) == before
    victim.check("echo still here")


@pytest.mark.parametrize("line", ["", "nonsense", "update", "update a b c d", "register",
                                  "update null null_v2 one", "load " + "x" * 200])
def test_a_bad_line_in_the_command_file_fails_the_write_and_dmesg_says_why(victim, line):
    before = state(victim)
    output, status = victim.run(f'echo "{line}" > /proc/sys/domain/command')
    assert status != 0, output
    assert "procfs: " in victim.check("dmesg | tail -1")
    assert state(victim) == before
