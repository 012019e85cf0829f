# SPDX-License-Identifier: MIT
"""Alternating updates of a block service under verified load, and what callers saw of them.

Requests are counted at both ends: by the programs that make them and get their answers, by the driver
over all its instances, and, where there is a device, by QEMU behind it.
"""

import json
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from machine import Machine, json_lines

# Updates go through the command file, with the shell's own words: no process is made for each.
SCRIPT = r"""
exec 3<> /proc/sys/domain/command
(while [ ! -e /tmp/stop ]; do
    blkbench --dev={device} --rw=randrw --bs=4k --size={size} --numjobs={jobs} --iodepth={depth} \
        --runtime={seconds} --verify --force -j --counts || echo FAILED
done > /tmp/results) &
n=0
while [ $n -lt {count} ]; do
    image={service}; [ $((n % 2)) = 1 ] || image={service}_v2
    echo "update {service} $image" >&3 2> /dev/null
    read -r line <&3
    case $line in
    *"paused "*) n=$((n + 1)); pause=${{line#*paused }}; echo "pause ${{pause%% us*}}" ;;
    *"it already"*) n=$((n + 1)); echo "$line" ;; # it went back by itself: the other one's turn
    *) echo "$line" ;;
    esac
done > /tmp/updates
touch /tmp/stop
wait
"""

# What the two drivers write into the kernel log when their instance ends.
TOTALS = {"blk": r"(\d+) requests with \d+ notifications, (\d+) ended",
          "nullblk": r"served (\d+) requests()"}


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class Monitor:
    """QEMU's own view of the machine, by its monitor protocol."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.socket.sendall(json.dumps({"execute": command}).encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            if "event" not in answer:
                return answer["return"]

    def disk_operations(self):
        """How many requests the disk has carried out."""
        stats = self.ask("query-blockstats")[0]["stats"]
        return sum(stats[f"{kind}_operations"] for kind in ("rd", "wr", "flush"))

    def waited_ns(self):
        """How long the harts, which are threads here, were ready and had no processor."""
        waited = 0
        for hart in self.ask("query-cpus-fast"):
            waited += int(Path(f"/proc/{hart['thread-id']}/schedstat").read_text().split()[1])
        return waited


def driver_total(one, service):
    """How many requests the service has taken and ended since boot, over all its instances."""
    for image in (f"{service}_v2", service):
        one.change(f"domain update {service} {image}")
    found = re.findall(TOTALS[service], one.check("dmesg"))
    taken, ended = found[-1]
    return int(taken), int(ended or taken)


def ends_count(one, monitor, service):
    taken, ended = driver_total(one, service)
    return {"driver": taken, "driver_ended": ended, "device": monitor.disk_operations(),
            "waited": monitor.waited_ns(), "time": time.monotonic_ns()}


def measure(service, device, jobs, depth, count, size="4m", seconds=3, timeout=600, cpus=2,
            **settings):
    """One row: how often it was replaced, what became of the requests, how long the gate was closed."""
    script = SCRIPT.format(service=service, device=device, jobs=jobs, depth=depth, count=count,
                           size=size, seconds=seconds)
    with tempfile.TemporaryDirectory() as folder:
        disk, path = Path(folder, "scratch.img"), Path(folder, "monitor")
        subprocess.run(["truncate", "--size=64M", disk], check=True)
        one = Machine(folder, disk=disk, files={"/root/updates.sh": script.encode()}, cpus=cpus,
                      timeout=120, extra=f"-qmp unix:{path},server=on,wait=off", **settings)
        one.environment["TIMEOUT"] = str(timeout)
        try:
            one.boot()
            monitor = Monitor(path)
            before = ends_count(one, monitor, service)
            one.check("sh /root/updates.sh", timeout=timeout)
            after = ends_count(one, monitor, service)
            updates, results = one.check("cat /tmp/updates"), one.check("cat /tmp/results")
        finally:
            one.kill()
    spent = {key: after[key] - before[key] for key in before}
    pauses = [int(value) for value in re.findall(r"^pause (\d+)$", updates, re.M)]
    refusals = re.findall(r"^domain: .*$", updates, re.M)
    busy = sum("busy: " in line for line in refusals)
    loads = json_lines(results)
    assert loads and pauses, (updates[-1000:], results[-1000:])
    return {
        "service": service, "jobs": jobs, "iodepth": depth, "updates": len(pauses), "busy": busy,
        "refused": len(refusals) - busy,
        "requests": sum(one["made"] for one in loads),
        "answers": sum(one["ended"] for one in loads),
        "driver_requests": spent["driver"], "driver_answers": spent["driver_ended"],
        "device_operations": spent["device"] if service == "blk" else "",
        "errors": sum(one["errors"] for one in loads) + results.count("FAILED"),
        "verify_errors": sum(one["verify_errors"] for one in loads),
        "pause_p50_us": percentile(pauses, 0.5), "pause_p99_us": percentile(pauses, 0.99),
        "pause_max_us": max(pauses),
        "harts_waited_percent": round(100 * spent["waited"] / spent["time"] / cpus),
    }


def faults_of(row):
    """What is wrong with a row: nothing, if each request was carried out once and answered once."""
    counts = {row[key] for key in ("requests", "answers", "driver_requests", "driver_answers")}
    if row["device_operations"] != "":
        counts.add(row["device_operations"])
    wrong = [key for key in ("errors", "verify_errors", "refused") if row[key]]
    return wrong + (["counts differ"] if len(counts) > 1 else [])
