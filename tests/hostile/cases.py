# SPDX-License-Identifier: MIT
"""The table of instructions that the verifier must accept or refuse, cases/rule*.txt."""

import re
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LINE = re.compile(r'(accept|refuse) ([1-8]) "([^"]+)": (.+)')
# `as` takes whatever it knows, so that a case can name what the verifier must not let through.
ASSEMBLE = ["-march=rv64imafdv_zicsr_zifencei_zba_zbb_zbc_zbs", "-mno-relax", "-mno-arch-attr"]

Case = namedtuple("Case", "verdict rule name code words")


def table_read(path):
    """The cases of one file, without their words."""
    cases = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise SystemExit(f"{path}:{number}: not `accept|refuse RULE \"name\": instructions`")
        verdict, rule, name, code = match.groups()
        cases.append(Case(verdict, int(rule), name, code, b""))
    return cases


def assemble(cases, prefix, folder):
    """The cases with their words: all in one text, each between two labels, cut apart again."""
    source, bare = Path(folder, "cases.s"), Path(folder, "cases")
    source.write_text("".join(f"case_{index:04}:\n{case.code}\n" for index, case in enumerate(cases))
                      + f"case_{len(cases):04}:\n")
    subprocess.run([f"{prefix}as", *ASSEMBLE, "-o", f"{bare}.o", source], check=True)
    subprocess.run([f"{prefix}objcopy", "-O", "binary", "-j", ".text", f"{bare}.o", f"{bare}.bin"],
                   check=True)
    symbols = subprocess.run([f"{prefix}nm", f"{bare}.o"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    starts = sorted(int(line.split()[0], 16) for line in symbols.splitlines() if " case_" in line)
    text = Path(f"{bare}.bin").read_bytes()
    return [case._replace(words=text[starts[index]:starts[index + 1]])
            for index, case in enumerate(cases)]


def judge(case, file):
    """What is wrong with domverify's answer on one case, or an empty text."""
    file.write_bytes(case.words)
    answer = subprocess.run([ROOT / "build" / "host" / "domverify", "--raw", file], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if case.verdict == "accept":
        right = answer.returncode == 0 and answer.stdout.startswith("ok: ")
    else:
        right = (answer.returncode == 1 and answer.stdout.startswith("refused: ") and
                 f" breaks rule {case.rule}: " in answer.stdout)
    one_line = len(answer.stdout.splitlines()) == 1
    return "" if right and one_line else f"{case.code}\nstatus {answer.returncode}: {answer.stdout}"


def check(settings):
    """Yields (sentence, what is wrong with it or an empty text)."""
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((HERE / "cases").glob("rule*.txt")):
            for case in assemble(table_read(path), settings["prefix"], folder):
                verb = "accepts" if case.verdict == "accept" else "refuses"
                yield (f"rule {case.rule} {verb}: {case.name}",
                       judge(case, Path(folder, "words")))
