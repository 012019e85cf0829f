# SPDX-License-Identifier: MIT
"""Hostile domains in the running system: each attack is contained, and nothing is lost.

All slots but a few are filled with canaries, so that a hostile domain always has some beside it.
After each attack witness.py looks at the whole memory of the machine from outside.
"""

import json
import re
import tempfile
from pathlib import Path

from guest import COUNTS
from machine import ROOT, Machine
from witness import (ATTACK_MARK_END, EXECUTE, FILLED, LAYOUT, PAGE, WRITE, Memory, Tables, Witness,
                     gate_page_wrong)

FOLDER = ROOT / "tests" / "hostile" / "domains"
IMAGES = ROOT / "build" / "hostile"
MEMORY = 128  # MiB
CANARIES = 30
CANARY_PAGES = 28  # of data, heap and RRefs
# What a machine makes once and keeps: page tables, stacks of threads, the log.
SLACK_PAGES = 256
# A second disk, for a hostile driver: what is on it, and what that one writes (hostile_dma).
SCRATCH = 1 << 20
DISK, WRITTEN = b"Disk" * 128, b"\x77" * 512
NOT_GIVEN_BACK = "not given back"

# The guest's side. A result is a line of the form `[...]`: reports of faults come between.
SCRIPT = r"""
counts() {
    while read -r key value rest; do
        case $key in
        PagesFree:) pages=$value ;;
        RRefsFree:) rrefs=$value ;;
        Events:) events=$value ;;
        Threads:) threads=$value ;;
        SlotsFree:) slots=$value ;;
        esac
    done < /proc/meminfo
    all="$rrefs $events $threads $slots"
}
same() {
    counts
    [ "$slots" = "${was##* }" ] && [ "$workload" -o "$all" = "$was" -a $((pages + SLACK)) -ge $was_pages ]
}
enter() {
    counts
    was=$all was_pages=$pages
    tries=0
    until [ $((tries += 1)) -gt 100 ]; do # the device of the last one may be on its way back
        domain update null $1 > /tmp/out 2>&1 && return
        sleep 0.05
    done
    echo "[refused $(cat /tmp/out)]"
}
strike() {
    answer=
    read -r -N $1 answer < /dev/empty
    echo "[answer <${answer:0:1}>]"
} 2> /dev/null
leave() {
    alive=
    domain update null null || { domain restart null; domain update null null; }
    read -r -N 1 alive < /dev/empty
    [ "$alive" = $'\x01' ] && alive=yes || alive=no
    tries=0
    until same || [ $((tries += 1)) -gt 500 ]; do
        sleep 0.02
    done
    echo "[alive $alive was $was_pages $was now $pages $all]" > /dev/console
} > /dev/null 2>&1
warm() {
    echo | cat | cat | cat | cat | cat > /dev/null
    for each in 1 2 3 4 5 6; do
        head -c 100000 /dev/zero > /dev/null &
    done
    wait
    for each in 1 2; do
        enter null_v2
        strike 1
        leave
    done
} > /dev/null 2>&1
work() {
    until [ -e /tmp/enough ]; do
        blkbench --dev=/dev/nullb0 --rw=randrw --verify --size=4m --numjobs=2 --runtime=3 -j || echo broken
    done > /tmp/work 2>&1
}
"""
SCRIPT = SCRIPT.replace("SLACK", str(SLACK_PAGES))


def attacks_of(domain):
    """The attacks in the order of their table, (name, must it come back), and the first half of their mark."""
    source = next((FOLDER / domain).glob("*.c")).read_text()
    table = re.search(r"const struct attack attacks\[\] = \{(.*?)^\};", source, re.S | re.M).group(1)
    names = []
    for kind, name, times in re.findall(r"\b(ATTACK|LIVES|REPEAT)\((\w+)(?:, (\d+))?\)", table):
        names += [(name, kind == "LIVES")] * int(times or 1)
    return names, int(re.search(r"attack_mark = (0x\w+);", source).group(1), 16)


class Arena:
    """A machine with canaries in it, and what is known of its memory."""

    def __init__(self, domains, cpus, prefix):
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        ram = Path(self.folder.name, "ram")
        files = {f"hostile/{name}.elf": (IMAGES / f"{name}.elf").read_bytes()
                 for name in [*domains, "canary"]}
        files["hostile/attack.sh"] = SCRIPT.encode()
        # The first disk is the service blk's.
        self.scratch, other = Path(self.folder.name, "scratch"), Path(self.folder.name, "other")
        self.scratch.write_bytes(DISK * (SCRATCH // len(DISK)))
        other.write_bytes(bytes(SCRATCH))
        extra = (f"-drive if=none,file={self.scratch},format=raw,id=d1 -device virtio-blk-device,drive=d1 "
                 f"-object memory-backend-file,id=ram,size={MEMORY}M,mem-path={ram},share=on "
                 "-machine memory-backend=ram")
        self.machine = Machine(self.folder.name, cpus=cpus, memory=f"{MEMORY}M", disk=other,
                               extra=extra, files=files, timeout=90)
        try:
            self.machine.boot()
            self.memory = Memory(ram, prefix)
            self.witness = Witness(self.memory)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.machine.kill()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def prepare(self, domains):
        """Whatever is made on first use is made before the first count."""
        for name in [*domains, "canary"]:
            self.machine.check(f"domain register /hostile/{name}.elf > /dev/null")
        self.machine.check(". /hostile/attack.sh; workload=; warm")
        self.machine.check(f"for n in $(seq {CANARIES}); do domain load canary as canary$n; done > /dev/null")
        self.machine.check("warm")
        return self.witness.canaries_find()

    def slots_exhaust(self):
        """Loads canaries until there is no slot left: the one that is too many is refused, in one line."""
        self.machine.check("n=0; while domain load canary as more$n > /tmp/more 2>&1; do n=$((n + 1)); done")
        said = self.machine.check("cat /tmp/more; grep SlotsFree /proc/meminfo")
        self.machine.check("while [ $n -gt 0 ]; do n=$((n - 1)); domain stop more$n; done > /dev/null")
        found = re.match(r"domain: more\d+: out of memory or slots \(.*\)\nSlotsFree: +0\n", said)
        return "" if found else said

    def attack(self, domain, number, name, lives, mark, workload):
        """What went wrong, a line each."""
        self.witness.calm()
        entered = self.machine.check(f"enter {domain}")
        common = [DISK] * (domain == "hostile_dma")
        if self.witness.before(common) is None or "[refused" in entered:
            return [f"the hostile domain was not loaded: {entered}", *self._leave(workload)]
        output = self.machine.check(f"strike {number + 1}")
        answer = re.search(r"\[answer <(.?)>\]", output)
        written = (mark | number).to_bytes(4, "little") + ATTACK_MARK_END
        # What the core copies goes through its registers, a few words in a row.
        marks = [written * 8 if "write" in name else written] + [FILLED] * ("fill" in name)
        wrong = self.witness.after(marks + common)
        if not answer:
            wrong.append("there is no answer: " + output)
        elif answer.group(1) in ("E", "z"):
            wrong.append("it got what it must not get: " + self.machine.run("dmesg | grep ESCAPE | tail -1")[0]
                         if answer.group(1) == "E" else "there is no such attack")
        elif lives and answer.group(1) != ".":
            wrong.append("it did not get to its end: " + output)
        return wrong + self._leave(workload)

    def _leave(self, workload):
        output = self.machine.check("leave")
        found = re.search(r"\[alive (\w+) was ([\d ]+) now ([\d ]+)\]", output)
        if not found:
            return ["it is not known how the system is: " + output]
        was, now = [[int(word) for word in found.group(part).split()] for part in (2, 3)]
        wrong = [] if found.group(1) == "yes" else ["the service did not come back"]
        if not workload and (was[1:] != now[1:] or now[0] + SLACK_PAGES < was[0]):
            wrong.append(f"{NOT_GIVEN_BACK}: {', '.join(COUNTS)} were {was}, are {now}")
        return wrong

    def canaries_ask(self):
        """The canaries' own word in the end."""
        self.machine.check(f"for n in $(seq {CANARIES}); do domain stop canary$n; done > /dev/null")
        words = re.findall(r"canary: (\d+) wrong", self.machine.check("dmesg | grep 'canary: .* wrong'"))
        good = len(words) >= CANARIES and set(words) == {"0"}
        return "" if good else f"{len(words)} of {CANARIES} answered: {words}"

    def scratch_look(self):
        """Only what was there and what the driver may write is on its disk."""
        content = self.scratch.read_bytes()
        sectors = {content[place:place + 512] for place in range(0, SCRATCH, 512)}
        return "" if sectors == {DISK, WRITTEN} else f"{len(sectors)} kinds of sectors are there"

    def workload_end(self):
        self.machine.check("> /tmp/enough; wait $work", timeout=120)
        output = self.machine.check("cat /tmp/work")
        runs = [json.loads(line) for line in re.findall(r"^\{.*\}$", output, re.M)]
        if not runs or re.search("^broken$", output, re.M):
            return "blkbench failed\n" + output[-2000:]
        wrong = [run for run in runs if run["errors"] or run["verify_errors"] or not run["ios"]]
        return json.dumps(wrong) if wrong else ""


def plants(witness):
    """What an escape would do, done from outside: what it is, where, and the bytes."""
    memory, tables = witness.memory, Tables(witness.memory)
    (first, second), mark = list(witness.canaries)[:2], (0x6F776E00).to_bytes(4, "little") + ATTACK_MARK_END
    buffer = next(place for place in witness.canaries if place[1] >= LAYOUT["SLOT_SHARED"])
    text = next(place for place in tables.pages if place[3] & EXECUTE)
    foreign = memory.word(tables.entries[second])
    writable = memory.word(tables.entries[text[:2]]) | WRITE
    name, start, content = witness.constants[1]
    yield "the mark on a stack of the core", memory.image("idle_stacks"), mark
    yield "one byte of " + name, start + len(content) - 1, bytes([content[-1] ^ 1])
    yield "one byte of the gate page", memory.image("gate_page") + 8 * 40, b"\x01"
    yield "one byte of a domain's text", text[2] * PAGE + 400, b"\x13\x13"
    yield "one word of a canary's data", witness.canaries[first][0] * PAGE + 8, bytes(8)
    yield "one byte of a canary's buffer", witness.canaries[buffer][0] * PAGE + 4095, b"\x01"
    yield "a page of text that can be written", tables.entries[text[:2]], writable.to_bytes(8, "little")
    yield "a page that two slots have", tables.entries[first], foreign.to_bytes(8, "little")


def check_witness(witness):
    """The witness is no use if it sees nothing: so for each thing that it looks for, one is made."""
    witness.calm()
    witness.before()
    mark = (0x6F776E00).to_bytes(4, "little") + ATTACK_MARK_END
    clean = witness.after([mark])
    for what, place, content in plants(witness):
        before = witness.memory.read(place, len(content))
        witness.memory.write(place, content)
        noticed = witness.look([mark])
        witness.memory.write(place, before)
        wrong = "it is not noticed" if not noticed else ""
        yield f"the witness notices {what}", wrong or "\n".join(clean + witness.after([mark]))


def check_arena(settings, domains, attacks, workload, cpus):
    beside = " beside a verified workload" if workload else ""
    with Arena(domains, cpus, settings["prefix"]) as arena:
        counts = arena.prepare(domains)
        yield (f"{CANARIES} canaries show all their memory{beside}",
               "" if sorted(counts.values()) == [CANARY_PAGES] * CANARIES else f"pages by slot: {counts}")
        yield (f"each word of the gate page is the beginning of a core entry{beside}",
               "\n".join(gate_page_wrong(arena.memory)))
        yield from check_witness(arena.witness)
        yield f"who loads one domain too many is told{beside}", arena.slots_exhaust()
        if workload:
            arena.machine.check("workload=yes; work & work=$!")
        for domain, number, name, lives, mark in attacks:
            try:
                wrong = arena.attack(domain, number, name, lives, mark, workload)
                if wrong and all(line.startswith(NOT_GIVEN_BACK) for line in wrong):
                    # What is made once, as the event of a device or of a mutex that was never contended.
                    wrong = arena.attack(domain, number, name, lives, mark, workload)
            except AssertionError as error:
                yield f"{domain} {number + 1}: {name} leaves the system alive{beside}", str(error)
                return
            yield f"{domain} {number + 1}: {name} is contained{beside}", "\n".join(wrong)
        if workload:
            yield "the verified workload saw no error", arena.workload_end()
        if any(domain == "hostile_dma" for domain, *_ in attacks):
            yield f"the hostile driver's disk holds nothing but what was its own{beside}", arena.scratch_look()
        yield f"the canaries see that all is as it was{beside}", arena.canaries_ask()


def check(settings):
    domains = sorted(path.parent.name for path in FOLDER.glob("hostile_*/manifest"))
    attacks = []
    for domain in domains:
        names, mark = attacks_of(domain)
        attacks += [(domain, number, name.replace("_", " "), lives, mark)
                    for number, (name, lives) in enumerate(names)]
    if settings["quick"]:
        yield from check_arena(settings, domains, attacks[4::8], True, 4)
        return
    yield from check_arena(settings, domains, attacks, False, 2)
    yield from check_arena(settings, domains, attacks, True, 4)
