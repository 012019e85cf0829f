# SPDX-License-Identifier: MIT
"""The price of being a domain: nullblk as a domain beside the same sources as plain C in the core
(NULLBLK=core, tests/bench/core_driver), instructions of a request, one hart, ICOUNT=1."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Size of a request, and by how many per cent more instructions it may take.
GOALS = {"4k": 5, "32k": 2, "256k": None}
PATTERNS = ["read", "write"]


def command(pattern, size):
    return f"blkbench --dev=/dev/nullb0 --rw={pattern} --bs={size} --size=8m --ios=500 --seed=1 -j"


def build(*settings):
    """Always in the same place, as make does with any setting: what it changes is built anew."""
    done = subprocess.run(["make", "-j2", *settings], cwd=ROOT, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"bench: make {' '.join(settings)} failed:\n{done.stdout[-2000:]}")


def measure(guest):
    """GUEST runs commands in a machine and returns the JSON objects that they print."""
    cases = [(pattern, size) for size in GOALS for pattern in PATTERNS]
    # All of the area is written first: a block that never was is made by its first write.
    lines = "\n".join(f"{command(*case)} || exit 1" for case in [("write", "256k"), *cases])

    def read():
        return [one["insns_per_io"] for one in guest(lines, icount=True, cpus=1)[1:]]

    domain = read()
    try:
        build("NULLBLK=core")
        core = read()
    finally:
        build()
    return [row(*case, *pair) for case, *pair in zip(cases, domain, core, strict=True)]


def row(pattern, size, domain, core):
    more = 100 * (domain - core) / core
    goal = GOALS[size]
    return {"figure": f"{pattern} {size}", "command": f"make qemu CPUS=1 ICOUNT=1 [NULLBLK=core] RUN='{command(pattern, size)}'",
            "domain_insns": domain, "core_insns": core, "more_percent": round(more, 2), "goal_percent": goal or "",
            "verdict": "" if not goal else "reached" if more <= goal else "short of the goal"}
