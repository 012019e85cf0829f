# SPDX-License-Identifier: MIT
"""What the system reads from and writes to its disk is what the host sees."""

import hashlib
import random
import re
import subprocess

from machine import Machine


def image_make(folder, size):
    path = folder / "random.img"
    path.write_bytes(random.Random(7).randbytes(size))
    return path


def checksum(content):
    return hashlib.sha256(content).hexdigest()


def test_every_block_of_the_disk_reads_as_the_host_wrote_it(run, tmp_path):
    disk = image_make(tmp_path, 8 << 20)
    result = run("sha256sum /dev/vda && domain update blk blk_v2 && sha256sum /dev/vda", disk=disk)
    assert result.returncode == 0, result.output + result.message
    assert result.output.count(checksum(disk.read_bytes())) == 2, result.output


def test_what_the_system_writes_is_on_the_disk_after_poweroff(run, tmp_path):
    disk = tmp_path / "zero.img"
    disk.write_bytes(bytes(4 << 20))
    result = run("cat /bin/mksh > /dev/vda && sha256sum /bin/mksh && wc -c /bin/mksh", disk=disk)
    assert result.returncode == 0, result.output + result.message
    length = int(re.search(r"^ *(\d+) .*mksh", result.output, re.M).group(1))
    assert checksum(disk.read_bytes()[:length]) in result.output


def test_reading_changes_no_byte_of_the_disk(run, tmp_path):
    disk = image_make(tmp_path, 4 << 20)
    before = checksum(disk.read_bytes())
    assert run("cat /dev/vda > /dev/null; blkbench --dev=/dev/vda --rw=randread --ios=100",
               disk=disk).returncode == 0
    assert checksum(disk.read_bytes()) == before


def test_e2fsck_accepts_the_disk_after_a_session(tmp_path):
    one = Machine(tmp_path)
    try:
        one.boot().check("cat /dev/vda > /dev/null")
        assert one.poweroff() == 0
    finally:
        one.kill()
    subprocess.run(["e2fsck", "-fn", one.disk], check=True, stdout=subprocess.DEVNULL)
