# SPDX-License-Identifier: MIT
"""Looks at a machine's memory from outside: what an attack must have left as it was.

QEMU keeps the guest's RAM in a file that this side maps. So nothing in the guest, neither the core
nor a domain, has a part in the judgement, and nothing is added to the core for it. The layout comes
from the core's symbols and from the ABI's headers.
"""

import mmap
import re
import struct
import subprocess
import time
from pathlib import Path

from machine import ROOT

CORE = ROOT / "build" / "core" / "core.elf"
PAGE = 4096
ZEROS = bytes(PAGE)
RAM = 0x80000000
HARTS_MAX = 8
# Of a hart in `caches` (microcore/page.c): two counts, so many pages, and so many that are clear.
CACHE_PAGES, CACHE_CLEAR = 32, 15
CACHE_SIZE = 8 * (1 + CACHE_PAGES + CACHE_CLEAR)
# kernel/heap.c: struct block, the place of its pages, and struct heap_page
BLOCK_PAGES, BLOCK_HEAD, HEAP_PAGE = 512, 72, 32
PAGE_NONE, STALE_MAX = 0xFFFFFFFF, 4096
CANARY = 0xCA9A << 48
ATTACK_MARK_END = (0x7E57BEEF).to_bytes(4, "little")  # domains/attack.h
SETTLE_SECONDS = 10
FILLED = b"\x5A" * 64  # what hostile_memory fills with
VALID, READ, WRITE, EXECUTE = 1, 2, 4, 8


def header_numbers(*names):
    """The numbers that the headers define."""
    text = "".join((ROOT / name).read_text() for name in names)
    return {name: int(number, 16) for name, number in
            re.findall(r"^#define (\w+) +(0x[0-9A-Fa-f]+)", text, re.M)}


LAYOUT = header_numbers("microcore/layout.h", "kernel/abi/layout.h")
SLOT_SIZE, SHARED, TEXT = LAYOUT["SLOT_SIZE"], LAYOUT["SLOT_SHARED"], LAYOUT["SLOT_TEXT"]
SLOT_COUNT = (LAYOUT["SLOT_AREA_END"] - LAYOUT["SLOT_AREA"]) // SLOT_SIZE
INITRD, STACKS = LAYOUT["SLOT_INITRD"], LAYOUT["SLOT_STACKS"]


class Memory:
    """The RAM of one machine."""

    def __init__(self, path, prefix="riscv64-unknown-elf-"):
        with open(path, "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)
        listing = subprocess.run([f"{prefix}nm", CORE], check=True, stdout=subprocess.PIPE, text=True)
        self.symbols = {words[2].split(".")[0]: int(words[0], 16) for words in
                        (line.split() for line in listing.stdout.splitlines()) if len(words) == 3}

    def close(self):
        self.bytes.close()

    def image(self, name):
        """Physical address of a symbol of the core."""
        return self.symbols[name] - LAYOUT["CORE_IMAGE"] + RAM + 0x200000

    def read(self, physical, size):
        return self.bytes[physical - RAM:physical - RAM + size]

    def write(self, physical, content):
        self.bytes[physical - RAM:physical - RAM + len(content)] = content

    def word(self, physical):
        return struct.unpack("<Q", self.read(physical, 8))[0]

    def pointer(self, name):
        """Where a variable of the core points, in the direct map."""
        return self.word(self.image(name)) - LAYOUT["DIRECT_MAP"]

    def find(self, pattern):
        """Where the bytes stand in RAM, physical addresses."""
        place = self.bytes.find(pattern)
        while place >= 0:
            yield RAM + place
            place = self.bytes.find(pattern, place + 1)

    def table(self, physical):
        """The valid entries of a page table: (index, entry)."""
        content = self.read(physical, PAGE)
        if content == ZEROS:
            return []
        return [(index, entry) for index, entry in enumerate(struct.unpack("<512Q", content))
                if entry & VALID]

    def free_frames(self):
        """Frames that nobody has, by the page allocator's books."""
        first, count = self.word(self.image("first_frame")), self.word(self.image("frame_count"))
        orders = self.read(self.pointer("free_order"), count)
        free = set()
        for match in re.finditer(b"[^\0]", orders):
            start = first + match.start()
            free.update(range(start, start + (1 << (orders[match.start()] - 1))))
        for hart in range(HARTS_MAX):
            cache = self.image("caches") + hart * CACHE_SIZE
            counts = self.word(cache)
            for place, held in ((cache + 8, min(counts & 0xFFFFFFFF, CACHE_PAGES)),
                                (cache + 8 + 8 * CACHE_PAGES, min(counts >> 32, CACHE_CLEAR))):
                free.update(page // PAGE for page in struct.unpack(f"<{held}Q", self.read(place, 8 * held)))
        return free

    def stale_frames(self):
        """Frames of RRefs that were freed: perhaps still mapped where they were, and zeroed before anybody has
        them again. The list may change meanwhile."""
        stale, number = set(), self.word(self.image("stale_first")) & PAGE_NONE
        while number != PAGE_NONE and len(stale) < STALE_MAX:
            block = self.word(self.image("blocks") + 8 * (number // BLOCK_PAGES))
            if not block:
                break
            page = block - LAYOUT["DIRECT_MAP"] + BLOCK_HEAD + HEAP_PAGE * (number % BLOCK_PAGES)
            stale.add(self.word(page) // PAGE)
            number = self.word(page + HEAP_PAGE - 8) >> 32
        return stale


def slots_used(memory):
    """Slots with a text in them."""
    used = set()
    for slot in range(SLOT_COUNT):
        address = LAYOUT["SLOT_AREA"] + slot * SLOT_SIZE + TEXT
        table = memory.pointer("core_pagetable")
        for shift in (30, 21, 12):
            entry = memory.word(table + 8 * (address >> shift & 511))
            table = (entry >> 10 & 0xFFFFFFFFFFF) * PAGE
            if not entry & VALID:
                break
        else:
            used.add(slot)
    return used


class Tables:
    """What the slots map, at one moment."""

    def __init__(self, memory):
        self.pages = []      # (slot, offset, frame, flags)
        self.entries = {}    # (slot, offset): where its entry stands
        self.tables = set()  # frames that hold page tables
        root = dict(memory.table(memory.pointer("core_pagetable")))
        for slot in range(SLOT_COUNT):
            base = LAYOUT["SLOT_AREA"] + slot * SLOT_SIZE
            for gigabyte in range(SLOT_SIZE >> 30):
                entry = root.get(((base >> 30) + gigabyte) % 512)
                if entry:
                    self._walk(memory, entry, slot, gigabyte << 30, 1)

    def _walk(self, memory, entry, slot, offset, level):
        frame = entry >> 10 & 0xFFFFFFFFFFF
        self.tables.add(frame)
        for index, below in memory.table(frame * PAGE):
            place = offset + (index << (12 + 9 * level))
            if below & (READ | WRITE | EXECUTE):
                first = below >> 10 & 0xFFFFFFFFFFF
                self.entries[slot, place] = frame * PAGE + 8 * index
                self.pages += [(slot, place + n * PAGE, first + n, below & 0xFF) for n in range(512 ** level)]
            else:
                self._walk(memory, below, slot, place, level - 1)

    def writable(self, slot):
        return {frame for number, _, frame, flags in self.pages if number == slot and flags & WRITE}


def tables_wrong(memory, tables):
    """What the slots map that they must not, a line each."""
    image = range((memory.image("core_text_start")) // PAGE, memory.image("core_end") // PAGE)
    gate = memory.image("gate_page") // PAGE
    free = memory.free_frames()
    private, shared, wrong = {}, {}, []
    for slot, offset, frame, flags in tables.pages:
        name = f"slot {slot} offset {offset:#x} frame {frame:#x}"
        if flags & WRITE and flags & EXECUTE:
            wrong.append(name + " can be written and executed")
        if offset == 0 or frame == gate:
            if offset or frame != gate or flags & (WRITE | EXECUTE):
                wrong.append(name + " is no gate page")
            continue
        if frame in image or frame in tables.tables:
            wrong.append(name + " is the core's")
        if frame in free:
            wrong.append(name + " is free")
        if offset >= SHARED:
            if shared.setdefault(offset, frame) != frame:
                wrong.append(name + " is not what other slots have there")
        elif flags & WRITE and private.setdefault(frame, (slot, offset)) != (slot, offset):
            wrong.append(name + f" is private to {private[frame]}")
    for slot, offset, frame, flags in tables.pages:
        if frame in private and private[frame] != (slot, offset):
            wrong.append(f"slot {slot} offset {offset:#x} shows a private page of {private[frame]}")
    return wrong


def gate_page_wrong(memory):
    """Every word of the gate page is a core entry's beginning; those without an entry abort. A line each."""
    text = (ROOT / "kernel/abi/core_entry.h").read_text()
    stubs = memory.symbols["core_entry_stubs"]
    wanted = dict.fromkeys(range(512), memory.symbols["gate_abort"])
    wanted.update({int(number): stubs + 8 * int(number) for number in re.findall(r"CORE_ENTRY\((\d+),", text)})
    for name, number in re.findall(r"^#define CORE_ENTRY_(\w+) +(\d+)", text, re.M):
        wanted[int(number)] = memory.symbols[f"gate_{name.lower()}"]
    page = struct.unpack("<512Q", memory.read(memory.image("gate_page"), PAGE))
    return [f"word {word} is {page[word]:#x}, not {address:#x}" for word, address in wanted.items()
            if page[word] != address]


def canary_content(offset):
    """What a page of a canary holds (domains/canary/canary.c): in each word its own offset."""
    return struct.pack("<512Q", *(CANARY | place for place in range(offset, offset + PAGE, 8)))


class Witness:
    """Remembers what must stay; tells what did not."""

    def __init__(self, memory):
        self.memory = memory
        self.constants = self._core_constants()
        self.text, self.canaries = {}, {}
        self.busy, self.slots, self.slot, self.there = set(), set(), None, set()

    def _core_constants(self):
        """Text, constants and gate page of the core: name, physical address, content."""
        parts = [("the core's text", "core_text_start", "core_rodata_start"),
                 ("the core's constants", "core_rodata_start", "core_data_start")]
        found = [(name, self.memory.image(start), self.memory.image(end) - self.memory.image(start))
                 for name, start, end in parts]
        found.append(("the gate page", self.memory.image("gate_page"), PAGE))
        return [(name, start, self.memory.read(start, size)) for name, start, size in found]

    def canaries_find(self):
        """Notes where the canaries' pages are; returns by slot how many there are."""
        for slot, offset, frame, flags in Tables(self.memory).pages:
            content = canary_content(offset)
            if flags & WRITE and self.memory.read(frame * PAGE, PAGE) == content:
                self.canaries[slot, offset] = frame, content
        counts = {}
        for slot, _ in self.canaries:
            counts[slot] = counts.get(slot, 0) + 1
        return counts

    def calm(self):
        """No hostile domain is there."""
        self.slots = slots_used(self.memory)

    def before(self, marks=()):
        """A hostile domain has been loaded and not yet begun. The slot that it lies in, or None. MARKS: what
        an earlier one may have left in memory that others have by now."""
        self.there = {place for mark in marks for place in self.memory.find(mark)}
        tables = Tables(self.memory)
        self.slot = next(iter(slots_used(self.memory) - self.slots), None)
        free = self.memory.free_frames() | tables.writable(self.slot)
        first = RAM // PAGE
        self.busy = set(range(first, first + len(self.memory.bytes) // PAGE)) - free
        for _, _, frame, flags in tables.pages:
            if flags & EXECUTE and frame not in self.text:
                self.text[frame] = self.memory.read(frame * PAGE, PAGE)
        return self.slot

    def _strays(self, tables, mark):
        """The mark in memory that was others' before the attack, and still is."""
        own = tables.writable(self.slot)
        places = [place for place in self.memory.find(mark)
                  if place // PAGE in self.busy and place // PAGE not in own and place not in self.there]
        free = self.memory.free_frames() | self.memory.stale_frames() if places else ()
        return [f"the attack's mark stands at {place:#x}, which is not its own"
                for place in places if place // PAGE not in free]

    def _changed(self, tables):
        wrong = [f"{name} changed" for name, start, content in self.constants
                 if self.memory.read(start, len(content)) != content]
        wrong += [f"text in frame {frame:#x} changed" for frame, content in self.text.items()
                  if self.memory.read(frame * PAGE, PAGE) != content]
        frames = {(slot, offset): frame for slot, offset, frame, _ in tables.pages}
        for (slot, offset), (frame, content) in self.canaries.items():
            if frames.get((slot, offset)) != frame:
                wrong.append(f"the canary's page {offset:#x} of slot {slot} is gone")
            elif self.memory.read(frame * PAGE, PAGE) != content:
                wrong.append(f"the canary's page {offset:#x} of slot {slot} changed")
        return wrong

    def look(self, marks):
        """What is not as it must be at this moment, a line each. MARKS: what the attack writes."""
        tables = Tables(self.memory)
        wrong = tables_wrong(self.memory, tables) + self._changed(tables)
        for mark in marks:
            wrong += self._strays(tables, mark)
        return wrong

    def after(self, marks):
        """The same, looked at until it is as it must be: others work meanwhile, and the reaper may take its
        time; what is wrong stays wrong."""
        end = time.monotonic() + SETTLE_SECONDS
        while (wrong := self.look(marks)) and time.monotonic() < end:
            time.sleep(0.1)
        return wrong
