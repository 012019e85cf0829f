# SPDX-License-Identifier: MIT
"""Alternating updates of a block service under verified load, and what callers saw of them."""

import re
import subprocess
import tempfile
from pathlib import Path

from machine import json_lines, run_commands

# Updates go through the command file, with the shell's own words: no process is made for each.
COMMANDS = r"""
exec 3<> /proc/sys/domain/command
(while [ ! -e /tmp/stop ]; do
    blkbench --dev={device} --rw=randrw --bs=4k --numjobs={jobs} --iodepth={depth} --runtime=3 \
        --verify --force -j || echo FAILED
done > /tmp/results) &
n=0
while [ $n -lt {count} ]; do
    image={service}; [ $((n % 2)) = 1 ] || image={service}_v2
    echo "update {service} $image" >&3 2> /dev/null
    read -r line <&3
    case $line in
    *"paused "*) n=$((n + 1)); pause=${{line#*paused }}; echo "pause ${{pause%% us*}}" ;;
    *) echo "$line" ;;
    esac
done > /tmp/updates
touch /tmp/stop
wait
cat /tmp/updates /tmp/results
domain list -j
dmesg
"""


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure(service, device, jobs, depth, count, timeout=600, **settings):
    """One row: how often it was replaced, what failed, how long the gate was closed."""
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder, "scratch.img")
        subprocess.run(["truncate", "--size=64M", disk], check=True)
        commands = COMMANDS.format(service=service, device=device, jobs=jobs, depth=depth,
                                   count=count)
        done = run_commands(folder, commands, timeout=timeout, disk=disk, **settings)
    if done.returncode:
        raise AssertionError(f"{done.message}\n{done.output[-3000:]}")
    results = [one for one in json_lines(done.output) if "verify_errors" in one]
    pauses = [int(value) for value in re.findall(r"^pause (\d+)$", done.output, re.M)]
    refusals = re.findall(r"^domain: .*$", done.output, re.M)
    busy = sum("busy: " in line for line in refusals)
    return {
        "service": service, "jobs": jobs, "iodepth": depth, "updates": len(pauses), "busy": busy,
        "refused": len(refusals) - busy,
        "requests": sum(one["ios"] for one in results),
        "errors": sum(one["errors"] for one in results) + done.output.count("FAILED"),
        "verify_errors": sum(one["verify_errors"] for one in results),
        "pause_p50_us": percentile(pauses, 0.5), "pause_p99_us": percentile(pauses, 0.99),
        "pause_max_us": max(pauses),
    }
