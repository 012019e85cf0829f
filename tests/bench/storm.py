# SPDX-License-Identifier: MIT
"""The long fault campaigns, and what a crash costs who uses the service: a device with a crash a second,
the time to the next good answer, what is in use after ten thousand crashes."""

import operator
import random
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from machine import json_lines, run_commands

SCRATCH_BYTES = 16 << 20
LIMIT_SECONDS = 7200

# One run, blocks of seconds with a crash each by turns with blocks without: what else this computer does
# meets both alike. A second without has a command, too, so that the crash is all that differs.
CRASHES = r"""
exec 3> /proc/sys/domain/command
blkbench --dev=/dev/nullb0 --rw={pattern} --bs=4k --size=16m --verify --runtime={runtime} \
    --write_iops_log=/tmp/log -j > /tmp/result || echo FAILED &
job=$!
mark() {{ read now idle < /proc/uptime; echo "mark $1 $now"; echo "$2" >&3; sleep 1; }}
sleep 2
for round in {rounds}; do
    for second in {seconds}; do mark crash 'fault nullblk load'; done
    for second in {seconds}; do mark calm 'shadow nullblk on'; done
done > /tmp/marks
mark end 'shadow nullblk on' >> /tmp/marks
wait $job
cat /tmp/result /tmp/marks /tmp/log
domain list -j
"""
BLOCK_SECONDS = 4
WINDOW_MS = 10
RESTART_WINDOWS = 10  # of these, nothing of a restart goes on any more


def guest(commands, **settings):
    """Runs commands in a machine with a second disk; returns the JSON that they print."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, "scratch.img")
        subprocess.run(["truncate", "-s", str(SCRATCH_BYTES), scratch], check=True)
        done = run_commands(folder, commands, timeout=LIMIT_SECONDS, **settings, extra=(
            f"-drive if=none,file={scratch},format=raw,id=d1 -device virtio-blk-device,drive=d1"))
    results = json_lines(done.output)
    if not results:
        raise AssertionError(f"{done.message}\n{done.output[-3000:]}")
    return results


def campaign(options, faults):
    """A row for each class and one for all, of a campaign with a new seed. What went wrong in it stands
    in the row."""
    seed = random.SystemRandom().randrange(1 << 31)
    result = guest(f"faultstorm {options} --faults={faults} --seed={seed} -j")[-1]
    classes = {**result["classes"], "total": result["total"]}
    return [{"seed": seed, "class": name, **counts} for name, counts in classes.items()]


def answers(service, faults):
    """Rows: from a fault to the good reply of the request that met it, by the clock, and with instructions
    as the clock."""
    rows = []
    for clock, settings in (("wall", {"cpus": 2}), ("instructions", {"cpus": 1, "icount": True})):
        count = faults if clock == "wall" else faults // 10
        result = guest(f"faultstorm --targets={service} --classes=load --faults={count} --seed=1 -j",
                       **settings)[-1]
        times = result["answer_ns"]
        rows.append({"service": service, "clock": clock, "answers": times["count"], "p50_ns": times["p50"],
                     "p99_ns": times["p99"], "max_ns": times["max"]})
    return rows


LOOK = ("while read key value rest; do case $key in PagesFree:|PagesKept:|RRefsFree:|Threads:|Events:|"
        "Handles:|SlotsFree:) echo -n \"$key $value \";; esac; done < /proc/meminfo; echo")


def cycles(service, count):
    """Rows: what the system counts before and after that many crashes of one service, and after as many
    again."""
    storm_line = f"faultstorm --targets={service} --classes=load --seed=1 --faults={{}} -j"
    with tempfile.TemporaryDirectory() as folder:
        done = run_commands(folder, f"{storm_line.format(100)} && {LOOK} && {storm_line.format(count)} && "
                            f"{LOOK} && {storm_line.format(count)} && {LOOK}", timeout=LIMIT_SECONDS,
                            disk="none")
    looks = [re.findall(r"(\w+): (\d+)", line) for line in done.output.splitlines()
             if re.match("(PagesFree|RRefsFree):", line)]
    totals = [one["total"] for one in json_lines(done.output)]
    if done.returncode or len(looks) != 3:
        raise AssertionError(f"{done.message}\n{done.output[-3000:]}")
    crashes_so_far = [sum(one["recovered"] for one in totals[1:place + 1]) for place in range(3)]
    return [{"service": service, "crashes": crashed, **dict(look)}
            for crashed, look in zip(crashes_so_far, looks)]


def rates(windows, marks):
    """(what, requests a second) of each block of seconds of one kind."""
    blocks = []
    starts = [at for at in range(len(marks)) if at == 0 or marks[at][0] != marks[at - 1][0]]
    for start, end in zip(starts, starts[1:]):
        begin, stop = (int(marks[at][1] * 1000) for at in (start, end))
        count = sum(windows.get(ms, 0) for ms in range(begin, stop, WINDOW_MS))
        blocks.append((marks[start][0], count * 1000 / (stop - begin)))
    return blocks


def profile(windows, marks, kind):
    """For each 10 ms of a second behind a mark: its requests, per cent of the second's usual ones, at
    the median of all such seconds."""
    seconds = []
    for what, seconds_since_boot in marks:
        start = int(round(seconds_since_boot * 1000))
        counts = [windows.get(start + ms, 0) for ms in range(0, 1000, WINDOW_MS)]
        usual = statistics.median(counts)
        if what == kind and usual:
            seconds.append([100 * count / usual for count in counts])
    return [round(statistics.median(column), 1) for column in zip(*seconds)]


def crashes(pattern, rounds, timeout=3600, **settings):
    """(one row: requests a second on /dev/nullb0 with a crash of its driver each second and without;
    rows of what is done in each 10 ms after a crash, and after another command)."""
    runtime = (2 * rounds * BLOCK_SECONDS + 2) * 11 // 10 + 10
    with tempfile.TemporaryDirectory() as folder:
        done = run_commands(folder, CRASHES.format(
            pattern=pattern, runtime=runtime, rounds=" ".join(map(str, range(rounds))),
            seconds=" ".join(map(str, range(BLOCK_SECONDS)))), timeout=timeout, disk="none",
            **settings)
    results = json_lines(done.output)
    run = next((one for one in results if "iops" in one), None)
    if done.returncode or not run or "FAILED" in done.output:
        raise AssertionError(f"{done.message}\n{done.output[-3000:]}")
    marks = [(what, float(now)) for what, now in
             re.findall(r"^mark (\w+) ([\d.]+)$", done.output, re.M)]
    windows = {int(ms): int(count) for ms, count in
               re.findall(r"^(\d+), (\d+)$", done.output, re.M)}
    blocks = rates(windows, marks)
    calm = [rate for what, rate in blocks if what == "calm"]
    crashing = [rate for what, rate in blocks if what == "crash"]
    after_crash, after_calm = (profile(windows, marks, kind) for kind in ("crash", "calm"))
    driver = next(one for one in results if one.get("name") == "nullblk")
    row = {"rw": pattern, "clock": "instructions" if settings.get("icount") else "wall",
           "blocks": len(crashing), "seconds": BLOCK_SECONDS, "crashes": driver["faults"],
           "iops_calm": round(statistics.median(calm)),
           "iops_crashing": round(statistics.median(crashing)),
           "per_cent": round(100 * statistics.median(map(operator.truediv, crashing, calm)), 1),
           "lost_ms_a_crash": round(sum(map(operator.sub, after_calm[:RESTART_WINDOWS],
                                            after_crash)) * WINDOW_MS / 100, 2),
           "errors": run["errors"], "verify_errors": run["verify_errors"]}
    return row, [{"rw": pattern, "ms": WINDOW_MS * place, "after_crash": one, "after_calm": other}
                 for place, (one, other) in enumerate(zip(after_crash, after_calm))]
