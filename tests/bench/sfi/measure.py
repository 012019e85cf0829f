# SPDX-License-Identifier: MIT
"""What confinement costs: the workloads of tests/unit/sfi, plain in a program and confined in a domain of
the same system. Instructions are counted (ICOUNT), times are the least of
several runs, and of these the median over code layouts."""

import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from machine import ROOT, Machine, run_commands

HERE = Path(__file__).resolve().parent
PREFIX = os.environ.get("TOOLPREFIX") or "riscv64-unknown-elf-"
LAYOUTS = ["4", "32", "64"]  # where functions begin: multiples of
PLAIN = ["-march=rv64ima_zba_zbb", "-mabi=lp64", "-mno-relax", "-mcmodel=medany", "-msmall-data-limit=0"]
FLAGS = ["-std=gnu11", "-O2", "-w", "-fno-stack-protector", "-fno-pic", "-ffunction-sections", "-fdata-sections", "-I."]


def run(*command):
    return subprocess.run([str(word) for word in command], cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def plain_build(folder, layout):
    newlib = ROOT / "build/newlib/plain"
    if not (newlib / "lib/libc.a").exists():
        run(HERE / "newlib.sh")
    output = folder / f"plain{layout}"
    run(PREFIX + "gcc", *PLAIN, *FLAGS, f"-falign-functions={layout}", "-isystem", newlib / "include", "-c", "-o",
        f"{output}.o", HERE / "plain.c")
    run(PREFIX + "ld", "--no-relax", "--gc-sections", "-T", "linker/user.ld", "-z", "max-page-size=4096",
        "--build-id=none", "-e", "_start", "-o", output, f"{output}.o", newlib / "lib/libc.a")
    return output


def confined_build(folder, layout):
    newlib, made = ROOT / "build/newlib/domain", folder / f"confined{layout}"
    made.mkdir()
    run("build/host/idlc", "--manifest", HERE / "confined/manifest", "--interfaces", "domainlib/interface", "--out", made)
    objects = []
    for source in (HERE / "confined/confined.c", made / "manifest.c", ROOT / "tests/empty_service.c",
                   ROOT / "build/gen/interface/empty_server.c"):
        objects.append(made / f"{source.stem}.o")
        run("build/host/sfi-cc", *FLAGS, f"-falign-functions={layout}", "-Idomainlib/include", "-Ibuild/gen",
            "-Ibuild/gen/interface", f"-I{made}", "-isystem", newlib / "include", "-c", "-o", objects[-1], source)
    run(PREFIX + "ld", "-q", "--no-relax", "--gc-sections", "--build-id=none", "-z", "max-page-size=4096", "-T",
        "linker/domain.ld", "-o", f"{made}.elf", *objects, "--start-group", "build/lib/domainlib.a",
        newlib / "lib/libc.a", "--end-group")
    return Path(f"{made}.elf"), objects[0]


def figures(text):
    """name: picoseconds, of lines `sfi: NAME NUMBER`."""
    return {name: int(number) for name, number in re.findall(r"sfi: (\w+) (\d+)", text) if name != "end"}


def guest_figures(plain, confined, counting):
    commands = f"""/bin/plain {'count' if counting else ''} && domain load sfi_confined || exit 1
until dmesg | grep -q 'sfi: end'; do sleep 0.2; done
echo confined; dmesg | grep 'sfi: '"""
    files = {"bin/plain": plain.read_bytes(), "boot/sfi_confined.elf": confined.read_bytes()}
    with tempfile.TemporaryDirectory() as folder:
        result = run_commands(folder, commands, timeout=1500, files=files, icount=counting,
                              cpus=1 if counting else 2)
    if result.returncode:
        raise SystemExit(f"bench: sfi: {result.message}\n{result.output[-2000:]}")
    plain_text, confined_text = result.output.split("\nconfined\n")
    return figures(plain_text), figures(confined_text)


def sizes(path):
    """name: bytes, of the functions of an object."""
    return {words[3]: int(words[1], 16) for words in
            (line.split() for line in run(PREFIX + "nm", "-S", path).splitlines())
            if len(words) == 4 and words[2] in "tT"}


def verify_rate():
    """Instructions a second that the verifier judges in the guest, while it boots."""
    best = 0
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(folder)
            text = machine.boot().boot_text
            machine.kill()
        pairs = [(int(kib) * 256, float(ms)) for kib, ms in re.findall(r"verified (\d+) KiB in ([\d.]+) ms", text)]
        best = max(best, sum(count for count, _ in pairs) / sum(ms for _, ms in pairs) * 1000)
    return round(best)


def measure():
    """The rows of docs/bench/sfi.csv."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = {layout: (plain_build(folder, layout), *confined_build(folder, layout)) for layout in LAYOUTS}
        plain, confined, confined_object = built[LAYOUTS[0]]
        counted = guest_figures(plain, confined, True)
        timed = [guest_figures(plain, confined, False) for plain, confined, _ in built.values()]
        text = sizes(f"{plain}.o"), sizes(confined_object)
    rows = []
    for work in counted[0]:
        pairs = {
            "insns": [side[work] / 1000 for side in counted],
            "ns": [statistics.median(run[side][work] for run in timed) / 1000 for side in (0, 1)],
            "text": [side[work] for side in text],
        }
        rows.append({"workload": work, **{f"{kind}_{side}": round(value) for kind, both in pairs.items()
                                          for side, value in zip(("plain", "confined"), both)},
                     **{f"{kind}_ratio": round(both[1] / both[0], 3) for kind, both in pairs.items()}})
    mean = {key: round(statistics.geometric_mean(row[key] for row in rows), 3)
            for key in rows[0] if key.endswith("_ratio")}
    rows.append({**{key: "" for key in rows[0]}, "workload": "geometric mean", **mean})
    rows.append({**{key: "" for key in rows[0]}, "workload": "verified instructions a second",
                 "insns_confined": verify_rate()})
    return rows
