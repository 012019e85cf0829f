# SPDX-License-Identifier: MIT
"""docs/bench/gate.md explains the gate as it is: each instruction, in its order, with none left out."""

import functools
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = (ROOT / "kernel" / "gate.S").read_text(encoding="utf-8")
LISTING = (ROOT / "docs" / "bench" / "gate.md").read_text(encoding="utf-8")
CORE = ROOT / "build" / "core" / "core.elf"

# Label, last instruction; in the order of the tables.
PARTS = [("gate_call", "jr t0"), ("gate_return", "beqz t3, gate_pop"), ("gate_pop", "ret"),
         ("gate_slow", "bnez s0, gate_lend"), ("gate_lend", "j gate_check"),
         ("gate_return_carrying", "j gate_pop"), ("gate_give", "j gate_check"),
         ("gate_give_back", "bnez t6, gate_return_slow"), ("gate_watched", "jr t0")]
TWO_WORDS = re.compile(r"la ")  # one line of source, two instructions


def instructions(lines):
    """The lines without comments, and in place of a macro with arguments what it stands for."""
    for line in lines:
        text = " ".join(line.split("//")[0].split())
        name, _, arguments = text.partition(" ")
        macro = name and re.search(rf"^ +\.macro +{re.escape(name)} ([^=\n]+)\n(.*?)^ +\.endm", SOURCE, re.M | re.S)
        if not macro:
            yield text
            continue
        values = dict(zip(macro[1].split(", "), arguments.split(", "), strict=True))
        body = re.sub(r"\\(\w+)", lambda argument: values[argument[1]], macro[2])
        yield from instructions(body.split("\n"))


def source_part(label, last, source=SOURCE):
    """The instructions from a label on, without directives and what debug builds add."""
    result = []
    for text in instructions(source[source.index(f"\n{label}:") + len(label) + 2:].split("\n")):
        if text and not text.startswith(".") and not text.endswith(":") and text.split()[0] != "step":
            result.append(text)
        if text == last:
            return result
    raise AssertionError(f"{label}: no `{last}` behind it")


def listing_tables():
    tables = []
    for number, instruction in re.findall(r"^\| (\d+) \| `([^`]+)` \|", LISTING, re.M):
        if number == "1":
            tables.append([])
        tables[-1].append(instruction)
        assert len(tables[-1]) == int(number), f"`{instruction}` has the wrong number"
    return tables


def test_the_listing_has_a_table_for_each_part_of_the_gate():
    assert len(listing_tables()) == len(PARTS)


@pytest.mark.parametrize("index", range(len(PARTS)), ids=[label for label, _ in PARTS])
def test_each_instruction_of_the_gate_is_in_the_listing_in_its_order(index):
    label, last = PARTS[index]
    assert listing_tables()[index] == source_part(label, last)


# Ways into a domain that do not begin with its jump through s9, and where each goes on.
ENTRIES = [("gate.S", "gate_prepared", "j gate_check"), ("gate.S", "gate_call_core", "j gate_push"),
           ("user_call.S", "kernel_user_call", "j gate_push")]


@pytest.mark.parametrize("file, label, last", ENTRIES, ids=[label for _, label, _ in ENTRIES])
def test_who_enters_a_domain_from_the_core_leaves_a_core_entry_in_s9(file, label, last):
    source = (ROOT / "kernel" / file).read_text(encoding="utf-8")
    assert "la s9, gate_call" in source_part(label, last, source)


def plain(mnemonic):
    """Without the i of an immediate operand, which the disassembler leaves out."""
    return re.sub(r"^(add|and|or|sll|srl|sra|csrc|csrs)i$", r"\1", mnemonic)


def tool(name, *arguments):
    return subprocess.run([f"riscv64-unknown-elf-{name}", *arguments, CORE], text=True,
                          stdout=subprocess.PIPE, check=True).stdout


@functools.lru_cache
def disassembly():
    """Address and mnemonic of every instruction of the core, as it was linked."""
    lines = re.findall(r"^ *([0-9a-f]+):\s+(\S+)", tool("objdump", "-d", "--no-show-raw-insn"), re.M)
    return [(int(address, 16), mnemonic) for address, mnemonic in lines]


@functools.lru_cache
def symbols():
    return {name: int(address, 16)
            for address, name in re.findall(r"^([0-9a-f]+) \w (\w+)$", tool("nm"), re.M)}


@pytest.mark.parametrize("index", range(len(PARTS)), ids=[label for label, _ in PARTS])
def test_the_core_has_no_instruction_in_the_gate_that_the_listing_has_not(index):
    label, last = PARTS[index]
    code = [each for each in disassembly()
            if symbols()["gate_call"] <= each[0] < symbols()["gate_abort"]]
    if sum(mnemonic == "rdtime" for _, mnemonic in code) > 1:
        pytest.skip("a debug build, whose gate waits here and there")
    start = next(place for place, (address, _) in enumerate(code) if address == symbols()[label])
    found = []
    for _, mnemonic in code[start:]:
        found.append(mnemonic)
        if mnemonic in ("jr", "ret", "j") or (last.split()[0] in ("bnez", "beqz") and
                                             len(found) == len(listing_tables()[index])):
            break
    listed = []
    for instruction in listing_tables()[index]:
        listed += ["auipc", "addi"] if TWO_WORDS.match(instruction) else [instruction.split()[0]]
    assert [plain(name) for name in found] == [plain(name) for name in listed]
