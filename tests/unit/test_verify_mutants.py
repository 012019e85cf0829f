# SPDX-License-Identifier: MIT
"""Seeded bugs in the verifier: the tests of its rules must catch each of them."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = (ROOT / "kernel" / "verify.c").read_text()
HOSTCC = ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O0", "-w", f"-I{ROOT}"]

# What is there, and what a slip would have put there.
MUTANTS = [
    ("[0x01] = 0xff,", "[0x01] = 0x7f,"),
    ("[0x05] = 0xf0,", "[0x05] = 0xfe,"),
    ("[0x10] = 0x54, // sh1add sh2add", "[0x10] = 0x55, // sh1add sh2add"),
    ("[0x20] = 0xf1,", "[0x20] = 0xf3,"),
    ("[0x30] = 0x22, // rol ror", "[0x30] = 0x26, // rol ror"),
    ("[0x04] = 0x11,", "[0x04] = 0x91,"),
    ("[0x20] = 0x21,", "[0x20] = 0x23,"),
    ("immediate == 0x287", "(immediate & ~1) == 0x286"),
    ("immediate == 0x6b8", "immediate == 0x698"),
    ("funct6 == 0x18", "funct6 == 0x18 || funct6 == 0x12"),
    ("word >> 26 == 0x02", "word >> 27 == 0x01"),
    ("funct7 == 0x00 || funct7 == 0x20 || funct7 == 0x30", "(funct7 & 0x4e) == 0"),
    ("width == 2 || width == 3", "width >= 2"),
    ("!(is_lr && field_rs2(word))", "true"),
    ("const uint32_t known = 1u << 0", "const uint32_t known = 1u << 5 | 1u << 0"),
    ("field_rs2(word) != 0;", "false;"),
    ("0xf00fffffu) == OP_FENCE", "0xf00ff07fu) == OP_FENCE"),
    ("word == FENCE_TSO", "(word & 0xf00fffff) == 0x8000000f"),
    ("if (field_funct3(word) == 7)", "if (field_funct3(word) > 7)"),
    ("if (field_funct3(word) > 3)", "if (field_funct3(word) > 4)"),
    ("(field_funct3(word) & 6) == 2", "(field_funct3(word) & 7) == 2"),
    ("field_funct3(word) ? unknown : check_jalr(word)", "check_jalr(word)"),
    ("word == EBREAK ? none", "(word & 0xffefffff) == 0x73 ? none"),
    ("word == EBREAK ? none", "(word & 0xfffff07f) == EBREAK ? none"),
    ("offset <= 2040", "offset <= 2047"),
    ("offset >= 0 &&", "offset >= -8 &&"),
    ("(word & 0x7f) == OP_LOAD && base == GP", "base == GP"),
    ("base == GP &&", "(base == GP || base == TP) &&"),
    ("if (base == SP)", "if (base == SP || base == S9)"),
    ("word >> 27 != 2)", "false)"),
    ("case TP: // rule 3", "// rule 3"),
    ("(word & ~RS1_FIELD) == ADD_UW(S10, 0, GP)", "(word & 0xfe007fff) == ADD_UW(S10, 0, 0)"),
    ("result >= 0 && result < SLOT_BYTES", "result < SLOT_BYTES"),
    ("result >= 0 && result < SLOT_BYTES", "result >= 0"),
    ("result >= 0 && result < SLOT_BYTES", "result >= 0 && result <= SLOT_BYTES"),
    ("(int64_t)index * 4 + (int32_t)(word", "(int32_t)(word"),
    ("word == ANDI_4(S9, S10)", "(word & ~RS1_FIELD) == ANDI_4(S9, 0)"),
    ("0x7f8u << 20", "0x7ffu << 20"),
    ("0x7f8u << 20", "0x3f8u << 20"),
    ("target >= (int64_t)text->count * 4", "target > (int64_t)text->count * 4"),
    ("target < 0 ||", "target < -4 ||"),
    ("if (target & 3)", "if (target & 1)"),
    ("rd != ZERO && rd != RA", "rd != ZERO && rd != RA && rd != 5"),
    ("base != RA && base != S9", "base != RA && base != S9 && base != S10"),
    ("if (immediate_i(word) != 0)", "if (immediate_i(word) & 3)"),
    ("word >> 7 & 0x1e", "word >> 7 & 0x1f"),
    ("(word << 4 & 0x800)", "0"),
    ("(word >> 9 & 0x800)", "0"),
    ("(word & 0xff000)", "(word & 0x7f000)"),
    ("word == ANDI_4(RA, RA) || word == ANDI_4(RA, S10)", "(word & ~RS1_FIELD) == ANDI_4(RA, 0)"),
    ("ADD_UW(RA, 0, GP) && next == ANDI_4(RA, RA)", "ADD_UW(RA, 0, GP)"),
    ("next == ADD_UW(RA, RA, GP) && next_but_one == ANDI_4(RA, RA)", "next == ADD_UW(RA, RA, GP)"),
    ("next == ADD_UW(RA, RA, GP) && next", "(next & ~RS1_FIELD) == ADD_UW(RA, 0, GP) && next"),
    ("text->words[index + 2] : 0", "text->words[index + 2] : ANDI_4(RA, RA)"),
    ("next == ADD_UW(SP, SP, GP))", "(next & ~RS1_FIELD) == ADD_UW(SP, 0, GP))"),
    ("next == ADD_UW(SP, SP, GP))", "next == ADD_UW(SP, SP, GP) || next_but_one == ADD_UW(SP, SP, GP))"),
    ("1u << RA | 1u << SP", "1u << SP"),
    ("1u << S9 | 1u << S10;", "1u << S10;"),
    ("1u << GP | 1u << TP", "1u << TP"),
    ("offence.why || !(reserved", "!(reserved"),
]


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    path = tmp_path_factory.mktemp("tests") / "tests.o"
    subprocess.run([*HOSTCC, "-c", "-o", path, ROOT / "tests/unit/test_verify.c"], check=True)
    return path


def caught(source, tests, folder):
    (folder / "verify.c").write_text(source)
    subprocess.run([*HOSTCC, "-o", folder / "tests", folder / "verify.c", tests, "-lcmocka"],
                   check=True)
    return subprocess.run([folder / "tests"], capture_output=True).returncode != 0


def test_the_verifier_itself_passes(tests, tmp_path):
    assert not caught(SOURCE, tests, tmp_path)


@pytest.mark.parametrize("right, wrong", MUTANTS)
def test_a_seeded_bug_is_caught(right, wrong, tests, tmp_path):
    assert SOURCE.count(right) >= 1, "the verifier has changed: seed this bug anew"
    assert caught(SOURCE.replace(right, wrong, 1), tests, tmp_path)
