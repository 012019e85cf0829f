# SPDX-License-Identifier: MIT
"""Builds the programs that tests put into the guest, as the system's own programs are built."""

import os
import subprocess
from pathlib import Path

from machine import ROOT

PROGRAMS = Path(__file__).resolve().parent / "programs"
CC = os.environ.get("TOOLPREFIX", "riscv64-unknown-elf-") + "gcc"
USER = ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-Os", "-D_GNU_SOURCE", "-static",
        "-nostdlib", "-nostartfiles", f"-isystem{ROOT}/user/include",
        f"-isystem{ROOT}/build/newlib/user/include", f"-I{ROOT}", "-Wall", "-Wextra", "-Werror",
        "-Wno-array-bounds"]  # of programs that fault on purpose
LINK = [f"-Wl,-T,{ROOT}/linker/user.ld", "-Wl,--gc-sections", "-Wl,-z,max-page-size=4096",
        f"-L{ROOT}/build/newlib/user/lib", "-Wl,--whole-archive", f"{ROOT}/build/user/libuser.a",
        "-Wl,--no-whole-archive", "-lc", "-lgcc"]


def program_build(name, folder, objects=(), flags=()):
    """The bytes of the program programs/NAME.c, or of all in the folder programs/NAME, built in
    `folder`; with other `objects`, compiled with further `flags`."""
    output = Path(folder, name)
    sources = sorted((PROGRAMS / name).glob("*.c")) or [PROGRAMS / f"{name}.c"]
    subprocess.run([CC, *USER, *flags, *sources, *objects, *LINK, "-o", output], check=True)
    return output.read_bytes()
