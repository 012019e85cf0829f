# SPDX-License-Identifier: MIT
"""Bulkhead and Linux 6.1, side by side in the same QEMU: the same programs, byte for byte, since Bulkhead's system
calls have Linux's numbers and structures. linux/build.sh makes the kernel; it boots with Bulkhead's own initrd.

Instructions are those of one hart, each a nanosecond of the machine's clock (ICOUNT=1). Times are the best of several
boots by turns, for a computer that does other things is slower at times and never faster.
"""

import subprocess
import tempfile
import time
from pathlib import Path

from machine import Machine, json_lines

ROOT = Path(__file__).resolve().parent.parent.parent
IMAGE = ROOT / "build" / "linux" / "Image"
INIT = "/bin/linux-init"
SCRIPT = b"""#!/bin/sh
mount -t devtmpfs none /dev
mount -t proc none /proc
exec sh -i < /dev/console > /dev/console 2>&1
"""
NULL_BLOCK = "null_blk.nr_devices=1 null_blk.memory_backed={}"
FILL = "blkbench --dev=/dev/{} --rw=write --bs=256k --size=8m --ios=32 --force -j"  # its blocks have memory then
TURNS = 5
OPERATIONS = ("getpid", "fork", "exec", "pipe", "read")
# What is read or written, the size of a request, how many are counted, and what Linux's device is told.
REQUESTS = [("nullb0", pattern, "4k", 2000, 1) for pattern in ("read", "write")] + \
    [("nullb1", pattern, "4k", 2000, 0) for pattern in ("read", "write")] + \
    [("nullb0", "read", "256k", 100, 1)]
# Times of requests: device, jobs, harts, and how many times as fast as Linux it should be.
RACES = [("nullb0", 1, 1, 2.5), ("nullb0", 4, 2, None), ("vda", 1, 1, None)]


def linux(folder, memory_backed=1, **settings):
    return Machine(folder, core=IMAGE, files={INIT: SCRIPT}, **settings,
                   append=f"console=ttyS0 rdinit={INIT} quiet {NULL_BLOCK.format(memory_backed)}")


def bulkhead(folder, memory_backed=1, **settings):
    del memory_backed  # it has a device of each kind
    return Machine(folder, **settings)


def answers(system, commands, **settings):
    """What the commands print, each one JSON object, in a machine of their own; and how long that took to boot."""
    with tempfile.TemporaryDirectory() as folder:
        one = system(folder, timeout=300, **settings)
        began = time.monotonic()
        one.boot()
        booted = time.monotonic() - began
        try:
            return [json_lines(one.check(command))[-1] for command in commands], booted * 1000
        finally:
            one.kill()


def request_command(device, pattern, size, limit, jobs=1):
    return (f"blkbench --dev=/dev/{device} --rw={pattern} --bs={size} --size=8m --numjobs={jobs} {limit} "
            "--gtod_reduce -j")


def filled(device, command):
    """The command on a device whose blocks have been written before."""
    return f"{FILL.format(device)} > /dev/null; {command}"


def row(figure, command, unit, ours, theirs, goal=None):
    """GOAL: how many times as good as Linux it should be at least."""
    ratio = ours / theirs if unit == "IOPS" else theirs / ours
    verdict = "" if not goal else "reached" if ratio >= goal else "short of the goal"
    return {"figure": figure, "command": command, "unit": unit, "bulkhead": round(ours), "linux_6_1": round(theirs),
            "times_as_good": round(ratio, 2), "goal": goal or "", "verdict": verdict}


def each_counted(result):
    return result["elapsed_ns"] / result["ios"]


def counted():
    """Instructions."""
    settings = {"cpus": 1, "icount": True}
    command = "osbench -j"
    ours, theirs = (answers(system, [command], **settings)[0][0] for system in (bulkhead, linux))
    rows = [row(f"{name}", command, "instructions", ours[name]["ns"], theirs[name]["ns"]) for name in OPERATIONS]
    for device, pattern, size, requests, backed in REQUESTS:
        # Linux calls its one device nullb0, with memory or without.
        mine, other = (request_command(name, pattern, size, f"--ios={requests}") for name in (device, "nullb0"))
        ours = answers(bulkhead, [filled(device, mine)], **settings)[0][0]
        theirs = answers(linux, [filled("nullb0", other)], memory_backed=backed, **settings)[0][0]
        kind = "null-block" if backed else "null-block without data"
        rows.append(row(f"{pattern} {size} {kind}", mine, "instructions", each_counted(ours), each_counted(theirs)))
    return rows


def race(commands, cpus):
    """The best answers of both systems to each command, and their best times to the prompt."""
    results = {bulkhead: [], linux: []}
    for _ in range(TURNS):
        for system, runs in results.items():
            runs.append(answers(system, commands, cpus=cpus))
    return ([[run[0][i] for run in runs] for i in range(len(commands))] + [[run[1] for run in runs]]
            for runs in results.values())


def timed():
    """Times of the wall."""
    rows = []
    for cpus in (1, 2):
        races = [each for each in RACES if each[2] == cpus]
        commands = ["osbench -j"] if cpus == 1 else []
        commands += [request_command(device, "randread", "4k", "--runtime=2", jobs) for device, jobs, _, _ in races]
        fills = [filled(each[0], command) if each[0] != "vda" else command
                 for each, command in zip(races, commands[-len(races):])]
        ours, theirs = race(commands[:-len(races)] + fills, cpus)
        if cpus == 1:
            rows += [row(name, commands[0], "ns", min(run[name]["ns"] for run in ours[0]),
                         min(run[name]["ns"] for run in theirs[0])) for name in OPERATIONS]
        for (device, jobs, _, goal), command, mine, other in zip(races, commands[-len(races):], ours[-1 - len(races):],
                                                                  theirs[-1 - len(races):]):
            rows.append(row(f"randread 4k {device} with {jobs} job(s) on {cpus} hart(s)", command, "IOPS",
                            max(run["iops"] for run in mine), max(run["iops"] for run in other), goal))
        rows.append(row(f"boot to the prompt on {cpus} hart(s)", "make qemu", "ms", min(ours[-1]), min(theirs[-1])))
    return rows


def measure():
    subprocess.run([ROOT / "tests" / "bench" / "linux" / "build.sh"], check=True)
    return counted() + timed()
