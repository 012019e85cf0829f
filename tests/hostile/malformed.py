# SPDX-License-Identifier: MIT
"""Malformed images, made from a good one field by field. Each generator yields (name, bytes)."""

import itertools

from elf_fields import (DESCRIPTION, DOMAIN, ELF_HEADER, FUNCTIONS, NAME_BYTES, NEED, NEEDS, NEED_BYTES,
                        RELOCATION, SECTION, SEGMENT)

SLOT, HALF, WHOLE = 1 << 32, 1 << 63, (1 << 64) - 1
SYMBOLS, STRINGS, RELOCATIONS = 2, 3, 4


def elf_header(image):
    size = image.size
    for index in range(7):
        yield f"ident_{index}", image.with_bytes(index, bytes([image.content[index] ^ 0xFF]))
    wrong = {
        "type": (0, 1, 3, 4, 0xFE00, 0xFFFF), "machine": (0, 3, 62, 183, 242, 244, 0xFFFF),
        "version": (0, 2, 0xFFFFFFFF),
        "phoff": (0, 1, 63, 65, size - 1, size, size + 1, SLOT, HALF, WHOLE - 167, WHOLE),
        "shoff": (size - 63, size, size + 1, SLOT, HALF, WHOLE - 64 * len(image.sections) + 1, WHOLE),
        "flags": (1, 2, 4, 6, 8, 0x10, 0x80000000),
        "ehsize": (0, 63, 65, 0xFFFF), "phentsize": (0, 1, 55, 57, 112, 0xFFFF),
        "phnum": (0, 1, 2, 0xFFFF), "shentsize": (0, 1, 63, 65, 128, 0xFFFF),
        "shnum": (len(image.sections) + 1, 0x7FFF, 0xFFFF),
    }
    for name, values in wrong.items():
        for value in values:
            yield f"elf_{name}_{value:x}", image.with_values((0, ELF_HEADER[name], value))


def segments(image):
    size = image.size
    for kind, base in (("text", image.text), ("rodata", image.rodata), ("data", image.data)):
        start = image.value(base, SEGMENT["vaddr"])
        memory = image.value(base, SEGMENT["memsz"])
        rights = image.value(base, SEGMENT["flags"])
        wrong = {
            "type": (0, 2, 3, 0x6474E551, 0xFFFFFFFF),
            "flags": [value for value in (0, 1, 2, 3, 4, 5, 6, 7, 12, 0xFFFFFFFF) if value != rights],
            "offset": (size - 1, size, size + 1, SLOT, HALF, WHOLE),
            "vaddr": (0, 0x1000, 0xF000, start + 1, start + 4, start + 8, start + 0x800, 0x20000000,
                      0x80000000, 0xC0000000, SLOT, SLOT + start, HALF, WHOLE - 4095, WHOLE),
            "filesz": (memory + 1, memory + 4096, size, SLOT, HALF, WHOLE),
            "memsz": (0, 1, memory // 2 & ~7, 0x20000000, 1 << 40, HALF, WHOLE - start, WHOLE),
        }
        for name, values in wrong.items():
            for value in values:
                yield f"{kind}_{name}_{value:x}", image.with_values((base, SEGMENT[name], value))
    text_size = image.value(image.text, SEGMENT["filesz"])
    for change in (-1, -2, -3, -4, 4, 4096):
        yield f"text_memory_{change}", image.with_values(
            (image.text, SEGMENT["memsz"], text_size + change))
    for change in (1, 2, 3):
        yield f"text_cut_to_{change}_of_4", image.with_values(
            (image.text, SEGMENT["memsz"], text_size - change),
            (image.text, SEGMENT["filesz"], text_size - change))


def overlaps(image):
    bases = {"text": image.text, "rodata": image.rodata, "data": image.data}
    for one, other in itertools.permutations(bases, 2):
        start = image.value(bases[other], SEGMENT["vaddr"])
        end = start + image.value(bases[other], SEGMENT["memsz"]) + 4095 & ~4095
        for name, address in (("start", start), ("last_page", end - 4096)):
            yield f"{one}_on_{name}_of_{other}", image.with_values(
                (bases[one], SEGMENT["vaddr"], address))
    for kind, base in bases.items():
        other = image.rodata if base == image.text else image.text
        yield f"{kind}_replaced", image.with_bytes(base, image.content[other:other + 56])


def sections(image):
    size, count = image.size, len(image.sections)
    for number, base in enumerate(image.sections_of(RELOCATIONS)):
        for name, values in {"offset": (size, SLOT, HALF, WHOLE), "size": (size + 1, HALF, WHOLE),
                             "info": (count, 0xFFFF, 0xFFFFFFFF)}.items():
            for value in values:
                yield (f"relocations_{number}_{name}_{value:x}",
                       image.with_values((base, SECTION[name], value)))
    symbols, = image.sections_of(SYMBOLS)
    names = image.sections[image.value(symbols, SECTION["link"])]
    for name, values in {"offset": (size, SLOT, HALF, WHOLE), "size": (size + 1, HALF, WHOLE),
                         "link": (0, count, 0xFFFF, 0xFFFFFFFF)}.items():
        for value in values:
            yield f"symbols_{name}_{value:x}", image.with_values((symbols, SECTION[name], value))
    for name, values in {"offset": (size, SLOT, HALF, WHOLE), "size": (0, size + 1, HALF, WHOLE)}.items():
        for value in values:
            yield f"names_{name}_{value:x}", image.with_values((names, SECTION[name], value))
    last = image.value(names, SECTION["offset"]) + image.value(names, SECTION["size"]) - 1
    yield "names_unterminated", image.with_bytes(last, b"x")


def relocations(image):
    for number, base in enumerate(image.sections_of(RELOCATIONS)):
        start = image.value(base, SECTION["offset"])
        entries = range(start, start + image.value(base, SECTION["size"]), 24)
        entry = next(at for at in entries if image.value(at, RELOCATION["type"]) == 2)
        place = image.value(entry, RELOCATION["place"])
        end = max(image.value(one, SEGMENT["vaddr"]) + image.value(one, SEGMENT["memsz"])
                  for one in (image.rodata, image.data))
        for value in (0, 8, 0x10000, 0x10008, place + 1, place + 4, place + 7, end, end - 4, SLOT + place,
                      0x80000000, 0xC0000000, HALF, WHOLE - 7, WHOLE):
            yield (f"relocation_{number}_place_{value:x}",
                   image.with_values((entry, RELOCATION["place"], value)))
        for value in (1, *range(3, 13)):
            yield (f"relocation_{number}_type_{value}",
                   image.with_values((entry, RELOCATION["type"], value)))
        # The linker has left the address in place: one outside of the slot is none.
        for value in (SLOT, SLOT + place, HALF, WHOLE):
            yield (f"relocation_{number}_to_{value:x}",
                   image.with_bytes(image.place(place), value.to_bytes(8, "little")))


def domain_header(image):
    base = image.domain
    text = image.value(image.text, SEGMENT["vaddr"])
    text_end = text + image.value(image.text, SEGMENT["memsz"])
    rodata = image.value(image.rodata, SEGMENT["vaddr"])
    rodata_end = rodata + image.value(image.rodata, SEGMENT["filesz"])
    data = image.value(image.data, SEGMENT["vaddr"])
    tables = (0, 8, text, data, rodata - 8, rodata_end - 4, rodata_end, SLOT + rodata, HALF, WHOLE - 7, WHOLE)
    wrong = {
        "magic": (0, 0x31444843, 0xFFFFFFFF), "abi": (0, 1, 0xFFFFFFFF),
        "flags": (4, 8, 0x80000000, 0xFFFFFFFF), "interface": (0,), "accepts": (1, 0xFFFFFFFF),
        "pages": (0, 262145, 0xFFFFFFFF), "rrefs": (65536, 0xFFFFFFFF),
        "threads": (513, 0xFFFFFFFF), "events": (4097, 0xFFFFFFFF), "handles": (1025, 0xFFFFFFFF),
        "budget_ms": (0, 60001, 0xFFFFFFFF), "wait_ms": (0, 60001, 0xFFFFFFFF),
        "shared_pages": (262145, 0xFFFFFFFF), "method_count": (0, 33, 0xFFFFFFFF),
        "need_count": (33, 0x10000, 0xFFFFFFFF), "methods": tables, "descriptions": tables,
    }
    for name in FUNCTIONS:
        wrong[name] = (0, 4, text - 4, text + 1, text + 2, text_end, rodata, data, SLOT + text, HALF,
                       WHOLE - 3, WHOLE)
    for name, values in wrong.items():
        for value in values:
            yield f"domain_{name}_{value:x}", image.with_values((base, DOMAIN[name], value))
    for name in ("name", "interface_name", "title"):
        at = base + DOMAIN[name][0]
        for what, content in {"empty": bytes(NAME_BYTES), "unterminated": b"n" * NAME_BYTES,
                              "with_slash": b"a/b\0", "with_blank": b"a b\0", "with_newline": b"a\nb\0",
                              "with_escape": b"\x1b[2J\0", "with_high_byte": b"\x80\0"}.items():
            yield f"domain_{name}_{what}", image.with_bytes(at, content)


def needs(image):
    base = image.domain
    # A need that is right: a core capability called log.
    good = [(base, DOMAIN["need_count"], 1), (base, DOMAIN["handles"], 8), (base + NEEDS, NEED["kind"], 3)]
    named = image.with_bytes(base + NEEDS + NEED["name"][0], b"log\0")
    image = type(image)(named)
    for name, values in {"kind": (0, 4, 255), "optional": (2, 255), "name": (0, 0x2F, 0x20, 0xFF)}.items():
        for value in values:
            yield f"need_{name}_{value}", image.with_values(
                *good, (base + NEEDS, NEED[name], value))
    yield "need_of_interface_0", image.with_values(*good, (base + NEEDS, NEED["kind"], 1))
    yield "need_without_handle", image.with_values(*good, (base, DOMAIN["handles"], 0))
    long = type(image)(image.with_bytes(base + NEEDS + NEED["name"][0], b"n" * NAME_BYTES))
    yield "need_name_unterminated", long.with_values(*good)
    yield "need_second_is_empty", image.with_values(
        *good, (base, DOMAIN["need_count"], 2), (base + NEEDS + NEED_BYTES, NEED["kind"], 0))


def methods(image):
    base = image.domain
    text = image.value(image.text, SEGMENT["vaddr"])
    text_end = text + image.value(image.text, SEGMENT["memsz"])
    count = image.value(base, DOMAIN["method_count"])
    table = image.place(image.value(base, DOMAIN["methods"]))
    for index in range(count):
        for value in (0, text - 4, text + 2, text_end, SLOT + text, HALF, WHOLE):
            yield (f"method_{index}_at_{value:x}",
                   image.with_bytes(table + 8 * index, value.to_bytes(8, "little")))
    described = image.place(image.value(base, DOMAIN["descriptions"]))
    for index in range(count):
        at = described + 16 * index
        for name, values in {"argument_count": (9, 255), "flags": (16, 255),
                             "timeout_ms": (60001, 0xFFFFFFFF)}.items():
            for value in values:
                yield f"description_{index}_{name}_{value}", image.with_values((at, DESCRIPTION[name], value))
        for value in (0, 5, 255):
            yield f"description_{index}_argument_{value}", image.with_values(
                (at, DESCRIPTION["argument_count"], 1), (at, DESCRIPTION["arguments"], value))


GENERATORS = [elf_header, segments, overlaps, sections, relocations, domain_header, needs, methods]


def truncated(image, step=64):
    for size in range(0, image.size, step):
        yield f"cut_at_{size}", image.content[:size]


# What the loader does not look at may hold anything; it must not be led astray.
def unread(image):
    for index in range(7, 16):
        yield f"ident_{index}", image.with_bytes(index, b"\xff")
    for name in ("entry", "shstrndx"):
        yield f"elf_{name}", image.with_values((0, ELF_HEADER[name], WHOLE))
    for value in range(0, len(image.sections)):
        yield f"elf_shnum_{value}", image.with_values((0, ELF_HEADER["shnum"], value))
    for base in image.segments:
        for name in ("paddr", "align"):
            yield f"segment_{name}", image.with_values((base, SEGMENT[name], WHOLE))
    for number, base in enumerate(image.sections):
        for name, value in itertools.product(SECTION, (0, 1, 4, SLOT, WHOLE)):
            yield f"section_{number}_{name}_{value:x}", image.with_values((base, SECTION[name], value))
    for at in range(0, 64 + 3 * 56):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            yield f"byte_{at}_{value:x}", image.with_bytes(at, bytes([value]))
