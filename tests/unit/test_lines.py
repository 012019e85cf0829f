# SPDX-License-Identifier: MIT
"""The tables of file and line that tools/symbols/lines.c makes of domains and of the core."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
CROSS = "riscv64-unknown-elf-"
TEXT = 0x10000
TABLES = {"core": BUILD / "core" / "lines-text.bin",
          **{name: BUILD / "domains" / f"{name}.lines" for name in ("null", "blk", "ext2")}}


def numbers(data):
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


def rows(table):
    """(instruction, file, line) of each row; file None where the line is not known."""
    assert table[:8] == b"BHLINES1"
    names_end = 12 + int.from_bytes(table[8:12], "little")
    names, word, name, line = table[12:names_end], 0, 0, 0
    values = numbers(table[names_end:])
    for step in values:
        word += step >> 1
        if step & 1:
            name = next(values)
        change = next(values)
        line += change >> 1 if change % 2 == 0 else -(change + 1 >> 1)
        yield word, names[name:names.index(0, name)].decode() if line else None, line


def addr2line(elf, addresses):
    """(file, line) of each address as binutils sees it: of code that was inlined from headers, of where
    that was. (None, 0) where it is not of this tree."""
    done = subprocess.run([CROSS + "addr2line", "-a", "-i", "-e", elf], check=True, text=True,
                          input="".join(f"{address:#x}\n" for address in addresses),
                          stdout=subprocess.PIPE)
    for block in re.split(r"^0x\w+\n", done.stdout, flags=re.M)[1:]:
        places = [re.fullmatch(r"(.*):(\d+|\?)(?: \(discriminator \d+\))?", text).groups()
                  for text in block.splitlines()]
        places = [(os.path.normpath(path), int(line)) for path, line in places
                  if path[0] != "/" and "<" not in path and line not in ("0", "?")]
        yield next((one for one in places if not one[0].endswith(".h")), (places or [(None, 0)])[0])


@pytest.mark.parametrize("name", ["null", "blk", "ext2"])
def test_a_table_says_of_each_instruction_what_addr2line_says(name):
    elf = BUILD / "domains" / f"{name}.debug.elf"
    found = list(rows((BUILD / "domains" / f"{name}.lines").read_bytes()))
    assert found and [word for word, _, _ in found] == sorted({word for word, _, _ in found})
    words = found[-1][0] + 1
    held, place, row = [], (None, 0), iter([*found, (words, None, 0)])
    following = next(row)
    for word in range(words):
        if word == following[0]:
            place, following = following[1:], next(row)
        held.append(place)
    assert held == list(addr2line(elf, (TEXT + 4 * word for word in range(words))))


@pytest.mark.parametrize("name", TABLES)
def test_the_files_that_a_table_names_are_there(name):
    files = {file for _, file, line in rows(TABLES[name].read_bytes()) if line}
    assert files
    for file in files:
        assert (ROOT / file).is_file(), file
        assert ".." not in file


def test_an_installed_image_keeps_its_table_and_no_other_debugging_information():
    sections = subprocess.run([CROSS + "readelf", "-SW", BUILD / "domains" / "blk.elf"], check=True,
                              text=True, stdout=subprocess.PIPE).stdout
    assert " .lines " in sections and ".debug" not in sections
