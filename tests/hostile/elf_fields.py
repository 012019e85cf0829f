# SPDX-License-Identifier: MIT
"""A good image and the fields of its headers: where they are, what they hold, how to change them."""

import struct

FORMATS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}

# name: (offset, bytes), as in the ELF-64 object file format.
ELF_HEADER = {
    "type": (16, 2), "machine": (18, 2), "version": (20, 4), "entry": (24, 8), "phoff": (32, 8),
    "shoff": (40, 8), "flags": (48, 4), "ehsize": (52, 2), "phentsize": (54, 2), "phnum": (56, 2),
    "shentsize": (58, 2), "shnum": (60, 2), "shstrndx": (62, 2)}
SEGMENT = {
    "type": (0, 4), "flags": (4, 4), "offset": (8, 8), "vaddr": (16, 8), "paddr": (24, 8),
    "filesz": (32, 8), "memsz": (40, 8), "align": (48, 8)}
SECTION = {
    "name": (0, 4), "type": (4, 4), "flags": (8, 8), "addr": (16, 8), "offset": (24, 8),
    "size": (32, 8), "link": (40, 4), "info": (44, 4), "align": (48, 8), "entsize": (56, 8)}
RELOCATION = {"place": (0, 8), "type": (8, 4), "symbol": (12, 4), "addend": (16, 8)}
# struct domain_header of kernel/abi/manifest.h; its needs begin at NEEDS, NEED_BYTES each.
DOMAIN = {
    "magic": (0, 4), "abi": (4, 4), "name": (8, 1), "version": (32, 4), "flags": (36, 4),
    "interface": (40, 4), "interface_version": (44, 4), "interface_hash": (48, 8),
    "interface_name": (56, 1), "schema": (80, 4), "accepts": (84, 4), "pages": (88, 4),
    "rrefs": (92, 4), "threads": (96, 4), "events": (100, 4), "handles": (104, 4),
    "budget_ms": (108, 4), "wait_ms": (112, 4), "shared_pages": (116, 4),
    "method_count": (120, 4), "need_count": (124, 4), "methods": (128, 8),
    "descriptions": (136, 8), "init": (144, 8), "rehearse": (152, 8), "attach": (160, 8),
    "export_state": (168, 8), "import_state": (176, 8), "detach": (184, 8), "exit": (192, 8),
    "thread_main": (200, 8), "fault_commit": (208, 8)}
FUNCTIONS = list(DOMAIN)[-9:]
NEEDS, NEED_BYTES = 216, 40
DOMAIN["title"] = (NEEDS + 32 * NEED_BYTES, 1)
NEED = {"kind": (0, 1), "optional": (1, 1), "interface": (2, 2), "name": (16, 1)}
DESCRIPTION = {"argument_count": (0, 1), "flags": (1, 1), "timeout_ms": (4, 4), "arguments": (8, 1)}
NAME_BYTES = 24


class Image:
    """The bytes of an image and where its tables are."""

    def __init__(self, content):
        self.content = bytes(content)
        self.size = len(content)
        phoff, shoff = self.value(0, ELF_HEADER["phoff"]), self.value(0, ELF_HEADER["shoff"])
        self.segments = [phoff + 56 * index for index in range(self.value(0, ELF_HEADER["phnum"]))]
        self.sections = [shoff + 64 * index for index in range(self.value(0, ELF_HEADER["shnum"]))]
        self.text, self.rodata, self.data = self.segments
        self.domain = self.value(self.rodata, SEGMENT["offset"])

    def value(self, base, field):
        offset, size = field
        return struct.unpack_from(FORMATS[size], self.content, base + offset)[0]

    def with_values(self, *changes):
        """A copy with (base, field, value) set, each value cut to its field."""
        copy = bytearray(self.content)
        for base, (offset, size), value in changes:
            struct.pack_into(FORMATS[size], copy, base + offset, value & ((1 << 8 * size) - 1))
        return bytes(copy)

    def with_bytes(self, offset, content):
        return self.content[:offset] + content + self.content[offset + len(content):]

    def place(self, address):
        """The file offset behind an address of the slot."""
        for segment in self.segments:
            start = self.value(segment, SEGMENT["vaddr"])
            if start <= address < start + self.value(segment, SEGMENT["filesz"]):
                return self.value(segment, SEGMENT["offset"]) + address - start
        raise ValueError(hex(address))

    def sections_of(self, kind):
        return [at for at in self.sections if self.value(at, SECTION["type"]) == kind]
