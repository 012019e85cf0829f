# SPDX-License-Identifier: MIT
"""The long fault campaigns, and what a crash a second costs a device's users."""

import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from machine import json_lines, run_commands

SCRATCH_BYTES = 16 << 20
LIMIT_SECONDS = 7200

# Alternately with and without crashes, so that what else this computer does meets both alike.
CRASHES = r"""
load() {{ blkbench --dev=/dev/nullb0 --rw={pattern} --bs=4k --size=16m --verify --runtime={seconds} -j; }}
exec 3> /proc/sys/domain/command
for round in {rounds}; do
    load > /tmp/calm || exit 1
    cat /tmp/calm
    load > /tmp/stormy &
    job=$!
    for second in {ticks}; do sleep 1; echo 'fault nullblk load' >&3; done
    wait $job || exit 1
    cat /tmp/stormy
done
domain list -j
"""


def guest(commands):
    """Runs commands in a machine with a second disk; returns the JSON that they print."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, "scratch.img")
        subprocess.run(["truncate", "-s", str(SCRATCH_BYTES), scratch], check=True)
        done = run_commands(folder, commands, timeout=LIMIT_SECONDS, extra=(
            f"-drive if=none,file={scratch},format=raw,id=d1 -device virtio-blk-device,drive=d1"))
    results = json_lines(done.output)
    if done.returncode or not results:
        raise AssertionError(f"{done.message}\n{done.output[-3000:]}")
    return results


def campaign(options, faults):
    """A row for each class and one for all, of a campaign with a new seed."""
    seed = random.SystemRandom().randrange(1 << 31)
    result = guest(f"faultstorm {options} --faults={faults} --seed={seed} -j")[-1]
    classes = {**result["classes"], "total": result["total"]}
    return [{"seed": seed, "class": name, **counts} for name, counts in classes.items()]


def crashes(pattern, rounds, seconds):
    """One row: requests a second on /dev/nullb0, with a crash of its driver each second and without."""
    results = guest(CRASHES.format(
        pattern=pattern, seconds=seconds, rounds=" ".join(map(str, range(rounds))),
        ticks=" ".join(map(str, range(seconds - 1)))))
    runs = [one for one in results if "iops" in one]
    calm = statistics.median(one["iops"] for one in runs[0::2])
    stormy = statistics.median(one["iops"] for one in runs[1::2])
    driver = next(one for one in results if one.get("name") == "nullblk")
    return {"rw": pattern, "rounds": rounds, "seconds": seconds, "crashes": driver["faults"],
            "iops_calm": round(calm), "iops_crashing": round(stormy),
            "per_cent": round(100 * stormy / calm, 1),
            "errors": sum(one["errors"] for one in runs),
            "verify_errors": sum(one["verify_errors"] for one in runs)}
