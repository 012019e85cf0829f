# SPDX-License-Identifier: MIT
"""Malformed ELF images against domverify, which is built with the sanitizers here."""

import subprocess
import tempfile
from pathlib import Path

import malformed
from elf_fields import Image

ROOT = Path(__file__).resolve().parent.parent.parent
VERIFY = ROOT / "build" / "tests" / "hostile" / "domverify"


def good():
    return Image((ROOT / "build" / "domains" / "null.elf").read_bytes())


def judge(content, file, may_pass):
    """What is wrong with domverify's answer on one image, or an empty text."""
    file.write_bytes(content)
    answer = subprocess.run([VERIFY, file], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    one_line = len(answer.stdout.splitlines()) == 1 and not answer.stderr
    if one_line and (answer.returncode == 1 or may_pass and answer.returncode == 0):
        return ""
    return f"status {answer.returncode}: {answer.stdout}{answer.stderr[:3000]}"


def judge_all(images, file, may_pass=False):
    """(how many, what is wrong with the first few)."""
    count, wrong = 0, []
    for name, content in images:
        count += 1
        answer = judge(content, file, may_pass)
        if answer:
            wrong.append(f"{name}: {answer}")
    return count, "".join(wrong[:10])


def check(settings):
    image = good()
    step = 512 if settings["quick"] else 64
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "image.elf")
        for generate in malformed.GENERATORS:
            count, wrong = judge_all(generate(image), file)
            yield f"each of {count} images with a wrong field is refused ({generate.__name__})", wrong
        count, wrong = judge_all(malformed.truncated(image, step), file)
        yield f"each of {count} truncated images is refused", wrong
        if not settings["quick"]:
            count, wrong = judge_all(malformed.unread(image), file, may_pass=True)
            yield f"each of {count} images with odd headers has one line and no crash", wrong
