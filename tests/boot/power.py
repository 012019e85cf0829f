# SPDX-License-Identifier: MIT
"""The power goes at a write of the disk: what is on it then, and whether the files that were synced are.

QEMU's blklogwrites logs each request of the disk, in the format of Linux's dm-log-writes. The workload
(programs/power_work.c) marks in the same log, by writes behind the file system, what it begins and what is
done, so that what must be there is known at each write.

Two models of a disk that loses power. *prefix*: it has done all writes so far and nothing else. *cache*: it
has done what came before the last flush, and of what came after, each sector or not: at a time half of them,
few, or almost all.
"""

import re
import struct
import subprocess
from pathlib import Path

from machine import ROOT, Machine
from programs import program_build

SECTOR, BLOCK = 512, 4096
FILE_SYSTEM, MARKS = 8 << 20, 512 << 10
FLUSH, FLAG_DISCARD = 1, 4
FOLDERS = "abc"  # of power_work.c
SHARES_DONE = (0.5, 0.1, 0.9)  # of the sectors that wait in the disk's cache
LOG_MAGIC = 0x6A736677736872
MKFS = ROOT / "build" / "host" / "mkfs"


def content(number, size):
    """As content_byte of power_work.c."""
    return bytes((at * 7 + number * 31 + (at >> 8)) & 255 for at in range(size))


def entries(log):
    """(sector, flags, bytes) of each request, in their order."""
    raw = Path(log).read_bytes()
    magic, _, count, size = struct.unpack_from("<QQQI", raw)
    assert magic == LOG_MAGIC, "no log of writes"
    at = size
    for _ in range(count):
        sector, sectors, flags, _ = struct.unpack_from("<QQQQ", raw, at)
        at += size
        length = 0 if flags & FLAG_DISCARD else sectors * size
        yield sector, flags, raw[at:at + length]
        at += length


class Expectation:
    """What the marks say: of each file by number, under which names and in which sizes it may be found."""

    def __init__(self):
        self.files = {}
        self.is_over = False

    def hear(self, text):
        words = text.split()
        if words[0] == "end":
            self.is_over = True
            return
        state, what, name, number = words[0], words[1], words[2], int(words[3])
        if what == "unlink":
            del self.files[number]
        elif what == "rename" and state == "begin":
            self.files[number][0].add(words[4])
            for other, (names, *_) in list(self.files.items()):
                if other != number and words[4] in names:
                    del self.files[other]  # replaced: now, or in a moment
        elif what == "rename":
            self.files[number][0] = {words[4]}
        elif state == "done":
            self.files[number] = [{name}, int(words[4]), int(words[4])]
        elif what == "append":
            self.files[number][2] = int(words[4])

    def losses(self, found):
        """FOUND maps names to bytes. What is not as it must be, a line each."""
        return [f"file {number}, as {' or '.join(sorted(names))}, {least} to {most} bytes"
                for number, (names, least, most) in self.files.items()
                if not any(is_whole(number, found.get(name, b""), least, most) for name in names)]


def is_whole(number, found, least, most):
    """All that was synced, and of what was being appended a part. e2fsck gives a file whose new size did not
    come to the disk the size of its blocks: then zeros follow, to the end of its last block."""
    right = content(number, most)
    same = next((at for at in range(min(len(found), most)) if found[at] != right[at]), min(len(found), most))
    if least == most:
        return len(found) == most == same
    return least <= same and len(found) <= -(-most // BLOCK) * BLOCK and not any(found[same:])


def disk_check(image, folder):
    """Mends IMAGE as after a power cut; the bytes of each file, or what e2fsck could not mend."""
    mended = subprocess.run(["e2fsck", "-fy", image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if mended.returncode > 1:
        return None, f"e2fsck ends with {mended.returncode}: {mended.stdout[-500:]}"
    names = []
    for inside in FOLDERS:
        Path(folder, inside).mkdir(exist_ok=True)
        listing = subprocess.run(["debugfs", "-R", f"ls -p /{inside}", image], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True, check=True).stdout
        names += [f"{inside}/{name}" for name in re.findall(r"^/\d+/10\d+/\d+/\d+/(f\d+)/", listing, re.M)]
    commands = "".join(f"dump /{name} {folder}/{name}\n" for name in names)
    subprocess.run(["debugfs", "-f", "-", image], input=commands, text=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    return {name: Path(folder, name).read_bytes() for name in names}, ""


def run(folder, steps, seed, **settings):
    """Runs the workload with the log on; (the image before, the log's entries)."""
    folder = Path(folder)
    image, log = folder / "power.img", folder / "writes.log"
    (folder / "tree").mkdir()
    subprocess.run([MKFS, image, "--size", f"{FILE_SYSTEM >> 20}M", "--from", folder / "tree"], check=True)
    with open(image, "r+b") as file:
        file.truncate(FILE_SYSTEM + MARKS)
    before = image.read_bytes()
    log.touch()
    one = Machine(folder, disk="none", files={"bin/power_work": program_build("power_work", folder)}, extra=(
        f"-blockdev driver=file,filename={image},node-name=below -blockdev driver=file,filename={log},node-name=log "
        "-blockdev driver=blklogwrites,file=below,log=log,node-name=logged -device virtio-blk-device,drive=logged"),
        **settings)
    one.boot()
    one.check("mount /dev/vda /mnt")
    one.check(f"power_work /mnt /dev/vda {FILE_SYSTEM} {steps} {seed}", timeout=600)
    assert one.poweroff() == 0
    return before, list(entries(log))


class Cuts:
    """Cuts the power at chosen writes of a log."""

    def __init__(self, before, log, source, folder):
        self.flushed = bytearray(before)  # what a cache cannot lose
        self.now = bytearray(before)
        self.waiting = []  # since the last flush
        self.expected = Expectation()
        self.log, self.source, self.folder = log, source, Path(folder)
        self.report = {"writes": 0, "flushes": 0, "cuts": 0, "synced": 0, "losses": 0, "unsound": 0}
        self.complaints = []

    def judge(self, model, image):
        """One cut: what is on the disk is IMAGE."""
        path = self.folder / "cut.img"
        path.write_bytes(image)
        found, why = disk_check(path, self.folder)
        losses = [] if found is None else self.expected.losses(found)
        self.report["cuts"] += 1
        self.report["synced"] += len(self.expected.files)
        self.report["losses"] += len(losses)
        self.report["unsound"] += found is None
        self.complaints += [f"{model}, write {self.report['writes']}: {loss}" for loss in losses]
        if why:
            self.complaints.append(f"{model}, write {self.report['writes']}: {why}")

    def with_some(self):
        """What a disk with a cache may have: each waiting sector or not."""
        image, done = bytearray(self.flushed), self.source.choice(SHARES_DONE)
        for sector, data in self.waiting:
            for at in range(0, len(data), SECTOR):
                if self.source.random() < done:
                    image[sector * SECTOR + at:sector * SECTOR + at + SECTOR] = data[at:at + SECTOR]
        return image

    def take(self, sector, flags, data):
        if data:
            self.now[sector * SECTOR:sector * SECTOR + len(data)] = data
            self.waiting.append((sector, data))
        if flags & FLUSH:
            self.flushed, self.waiting = bytearray(self.now), []

    def run(self, share=1.0):
        """Cuts at SHARE of the writes, and once more at the end; the report."""
        for sector, flags, data in self.log:
            self.take(sector, flags, data)
            self.report["flushes"] += bool(flags & FLUSH)
            if not data:
                continue
            self.report["writes"] += 1
            if sector * SECTOR >= FILE_SYSTEM:
                self.expected.hear(data.split(b"\n")[0].decode().split(" ", 2)[2])
            if self.source.random() < share:
                self.judge("prefix", self.now[:FILE_SYSTEM])
                self.judge("cache", self.with_some()[:FILE_SYSTEM])
        assert self.expected.is_over, "the log does not have the whole run"
        return self.report
