# SPDX-License-Identifier: MIT
"""NULLBLK=core is for measuring only: nothing of it is in the core that is built otherwise."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_core_has_no_driver_in_it():
    names = subprocess.run(["riscv64-unknown-elf-nm", "build/core/core.elf"], cwd=ROOT, check=True,
                           text=True, stdout=subprocess.PIPE).stdout
    assert " gate_call\n" in names
    assert "core_driver" not in names  # its way in is assembly, so it would be there
