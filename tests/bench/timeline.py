# SPDX-License-Identifier: MIT
"""Requests in each 10 ms on a device, while its driver is replaced and while it crashes."""

import re
import tempfile

from machine import json_lines, run_commands

RUN = r"""
exec 3> /proc/sys/domain/command
blkbench --dev=/dev/nullb0 --rw=randread --bs=4k --size=16m --verify --runtime={seconds} \
    --write_iops_log=/tmp/log -j > /tmp/result || echo FAILED &
job=$!
mark() {{ read now idle < /proc/uptime; echo "mark $now $1"; echo "$1" >&3; sleep 1; }}
sleep 2
for round in 1 2; do
    mark 'update nullblk nullblk_v2'
    mark 'update nullblk nullblk'
    mark 'fault nullblk load'
    mark 'fault nullblk stack'
done > /tmp/marks
wait $job
cat /tmp/result /tmp/marks /tmp/log
"""
SECONDS, WINDOW_MS = 12, 10


def measure():
    """Rows: millisecond since the first request, requests in the 10 ms behind it, what was done then."""
    with tempfile.TemporaryDirectory() as folder:
        done = run_commands(folder, RUN.format(seconds=SECONDS), disk="none", cpus=2)
    result = next((one for one in json_lines(done.output) if "iops" in one), None)
    if done.returncode or not result or "FAILED" in done.output or result["errors"] or result["verify_errors"]:
        raise AssertionError(f"{done.message}\n{done.output[-3000:]}")
    windows = {int(ms): int(count) for ms, count in re.findall(r"^(\d+), (\d+)$", done.output, re.M)}
    marks = {int(float(now) * 1000) // WINDOW_MS * WINDOW_MS: what
             for now, what in re.findall(r"^mark ([\d.]+) (.+)$", done.output, re.M)}
    first, last = min(windows), max(windows)
    return [{"ms": ms - first, "requests": windows.get(ms, 0), "event": marks.get(ms, "")}
            for ms in range(first, last + 1, WINDOW_MS)]
