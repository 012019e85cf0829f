# SPDX-License-Identifier: MIT
"""The gate with a hart held at each of its instructions, while the others replace or crash the callee.

A debugger stops the hart that is about to change a service, then another one at an instruction of the gate. The first
is let go until the change is made, under the held one, and then that as well; the same with the next instruction.
"""

import re
import subprocess
import tempfile
import time
from collections import namedtuple
from pathlib import Path

from debugger import Debugger
from machine import ROOT, Machine, json_lines

CORE = ROOT / "build" / "core" / "core.elf"
FIRST, END_OF_GATE = "gate_call", "gate_abort"  # calls and returns; behind that, what no change can meet
SEARCH_SECONDS = 0.1   # the load comes by each instruction of its way a thousand times in that
BEGIN_SECONDS = 60     # until the next change begins, which is soon
CHANGE_SECONDS = 0.06  # a drain that waits for the held hart has given up by then

# So many were held at least, and of those that the load comes by at all so large a part: some are on the way of
# who changes the service alone.
HELD_LEAST, PART_LEAST = 60, 0.2
REACHED_LEAST = 2 * HELD_LEAST
ROUNDS = 5  # on a busy host the load comes by seldom: while too few were, it is waited for twice as long

# Functions of the core: at `begins` a change is about to be seen by callers, at `ends` it has been made.
Load = namedtuple("Load", "sentence begins ends work change check")


def symbols():
    """Of a function of which only a part is left out of line, that part."""
    listing = subprocess.run(["riscv64-unknown-elf-nm", CORE], check=True, stdout=subprocess.PIPE, text=True)
    return {words[2].split(".")[0]: int(words[0], 16) for line in listing.stdout.splitlines()
            if len(words := line.split()) == 3}


def instructions():
    """The addresses of the gate's instructions."""
    places = symbols()
    listing = subprocess.run(
        ["riscv64-unknown-elf-objdump", "-d", "--no-show-raw-insn", CORE,
         f"--start-address={places[FIRST]:#x}", f"--stop-address={places[END_OF_GATE]:#x}"],
        check=True, stdout=subprocess.PIPE, text=True)
    return [int(address, 16) for address in re.findall(r"^([0-9a-f]+):\s", listing.stdout, re.M)]


def reached(debugger, places):
    """Those of the places that the load often comes by, found by stopping once at each."""
    left, seconds = set(places), SEARCH_SECONDS
    for place in left:
        debugger.break_at(place)
    for _ in range(ROUNDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            debugger.go()
            if not debugger.stopped(seconds):
                debugger.stop()
            elif (place := debugger.place()) in left:
                debugger.unbreak(place)
                left.remove(place)
                end = time.monotonic() + seconds
        if len(places) - len(left) >= REACHED_LEAST:
            break
        seconds *= 2
    for place in left:
        debugger.unbreak(place)
    return [place for place in places if place not in left]


def run_to(debugger, place, seconds, but=None):
    """Lets the harts go on, but one, until one comes there. Which; None: none did in time. All are stopped then."""
    debugger.break_at(place)
    debugger.go(but)
    hart = debugger.stopped(seconds)
    if not hart:
        debugger.stop()
    debugger.unbreak(place)
    return hart


def hold_at(debugger, place, begins, ends, seconds):
    """Holds a hart there while another changes the callee. False: none came by in time."""
    changer = run_to(debugger, begins, BEGIN_SECONDS)
    assert changer, "no service changes any more"
    held = run_to(debugger, place, seconds, but=changer)
    # Also if none came by: else this very change would begin the next try too, which finds the load where this
    # one left it, often all of it waiting for the change.
    run_to(debugger, ends, CHANGE_SECONDS, but=held)
    return bool(held)


# In the shell's own words, so that hardly a process comes and goes: its page tables would have to be
# forgotten by all harts, and the held one does not answer.
# Who has answered a hundred calls is restarted at once.
AT_ONCE = "for i in 0 1 2 3 4 5 6 7 8 9; do for j in 0 1 2 3 4 5 6 7 8 9; do {0}; done; done"
LOADS = [
    Load("a service that is replaced while a hart stands at any instruction of the gate fails no request",
         "update_quiesced", "service_open",
         "blkbench --dev=/dev/nullb0 --rw=randrw --verify --bs=4k --numjobs=4 --runtime=1 -j >> /tmp/results",
         "echo update nullblk nullblk_v2 >&3; echo rollback nullblk >&3",
         lambda row: row["errors"] == 0 and row["verify_errors"] == 0 and row["ios"] > 0),
    Load("a service that crashes while a hart stands at any instruction of the gate loses no data",
         "service_lose_locked", "fault_unwind",
         "blkbench --dev=/dev/nullb0 --rw=randrw --verify --bs=4k --numjobs=4 --runtime=1 -j >> /tmp/results",
         "echo fault nullblk load >&3; " + AT_ONCE.format("read -N 1 byte < /dev/nullb0"),
         lambda row: row["verify_errors"] == 0 and row["ios"] > 0),
    Load("RRefs handed over and given back while a hart stands at any instruction of the gate are not lost",
         "open_for_new", "version_drain",
         "for kind in call call_rref; do echo $kind >&4; read -r line <&4; done; "
         "echo '{}' >> /tmp/results",
         "echo update null null_v2 >&3; echo rollback null >&3; echo restart null >&3",
         lambda row: True),
]

START = """rm -f /tmp/end /tmp/results
(exec 3<> /proc/sys/domain/command; while ! test -e /tmp/end; do {change}; done 2> /tmp/refused) &
(exec 4<> /dev/bench; while ! test -e /tmp/end; do {work}; done) &
until test -s /tmp/results; do :; done"""
END = "touch /tmp/end; wait"


def in_use(one):
    text = one.check("cat /proc/meminfo")
    return {name: int(re.search(rf"^{name}: *(\d+)", text, re.M)[1])
            for name in ("RRefsFree", "Threads", "SlotsFree")}


def in_use_again(one, before):
    """What is in use once the dead are taken apart: BEFORE, unless something is lost."""
    end = time.monotonic() + 60
    while (now := in_use(one)) != before and time.monotonic() < end:
        time.sleep(0.1)
    return now


def instances(one):
    return max(row["id"] for row in json_lines(one.check("domain list -j")))


def held(load, folder):
    """Holds a hart at each instruction that the load comes by; returns what went wrong, or ""."""
    socket, gate, functions = Path(folder, "debugger"), instructions(), symbols()
    one = Machine(folder, cpus=4, timeout=60, extra=f"-gdb unix:{socket},server=on,wait=off").boot()
    start = START.format(change=load.change, work=load.work)
    try:
        # What is made once and kept is there from then on: with more jobs than later, more is.
        for line in start.replace("numjobs=4", "numjobs=8").splitlines() + [END]:
            one.check(line)
        before, count = in_use(one), instances(one)
        for line in start.splitlines():
            one.check(line)
        debugger = Debugger(socket)
        met = reached(debugger, gate)
        least, left = max(HELD_LEAST, PART_LEAST * len(met)), set(met)
        for turn in range(ROUNDS):
            for place in sorted(left):
                if turn and len(met) - len(left) >= least:
                    break
                if hold_at(debugger, place, functions[load.begins], functions[load.ends], SEARCH_SECONDS * 2 ** turn):
                    left.remove(place)
                one.drain()
        done = len(met) - len(left)
        debugger.close()
        one.check(END)
        count = instances(one) - count
        rows, after = json_lines(one.check("cat /tmp/results")), in_use_again(one, before)
    finally:
        one.kill()
    wrong = [str(row) for row in rows if not load.check(row)]
    if after != before:
        wrong.append(f"in use before: {before}, afterwards: {after}")
    if done < least or count < done:
        wrong.append(f"held at {done} of {len(met)} instructions reached, of {len(gate)}; {count} instances")
    return "\n".join(wrong)


def gate():
    """The gate, held at each instruction; yields (sentence, what is wrong)."""
    for load in LOADS:
        with tempfile.TemporaryDirectory() as folder:
            yield load.sentence, held(load, folder)
