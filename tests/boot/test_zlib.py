# SPDX-License-Identifier: MIT
"""A library that knows nothing of domains: zlib, confined, gives what it gives on the host."""

import random
import zlib

from machine import ROOT

MIB = 1 << 20


def text_make():
    """1 MiB that compresses like text does: words drawn from a small and a large set, and noise."""
    source = random.Random(7)
    words = [bytes(source.choices(b"abcdefghijklmnopqrstuvwxyz", k=source.randint(2, 9)))
             for _ in range(4000)]
    text = bytearray()
    while len(text) < MIB:
        text += source.choice(words[:200] if source.random() < 0.7 else words) + b" "
        if source.random() < 0.01:
            text += source.randbytes(64)
    return bytes(text[:MIB])


def test_a_mebibyte_compressed_and_expanded_between_domains_is_what_the_host_makes(run, tmp_path):
    text = text_make()
    disk = tmp_path / "result.img"
    disk.write_bytes(bytes(4 * MIB))
    store = (ROOT / "build" / "tests" / "domains" / "zstore.elf").read_bytes()
    result = run("domain load zlib && domain update nullb1 /etc/zstore.elf && "
                 "cat /etc/text > /dev/nullb1 && cat /dev/nullb1 > /dev/vda && sync && dmesg | tail -5",
                 files={"etc/zstore.elf": store, "etc/text": text}, disk=disk)
    assert result.returncode == 0, result.output + result.message
    got, expected = disk.read_bytes(), zlib.compress(text, 6)
    assert f"compressed {MIB} bytes to {len(expected)}" in result.output
    assert got[:MIB] == text, "the device lost what was written to it"
    assert got[MIB:MIB + len(expected)] == expected
    assert not any(got[MIB + len(expected):3 * MIB])
    assert got[3 * MIB:] == text, "expanded again it is something else"
