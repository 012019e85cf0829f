# SPDX-License-Identifier: MIT
"""tests/run builds what it runs, and says so where it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

RUNNER = Path(__file__).resolve().parent.parent / "run"
GROUP = '#!/bin/sh\n[ "$(cat made)" = "$(cat source)" ] && echo "ok - it is new" || echo "not ok - it is old"\n'


def project(folder, recipe):
    """A project with one group of tests, which pass where the source is what was built last."""
    (folder / "tests" / "hostile").mkdir(parents=True)
    shutil.copy(RUNNER, folder / "tests" / "run")
    group = folder / "tests" / "hostile" / "run"
    group.write_text(GROUP)
    group.chmod(0o755)
    (folder / "made").write_text("before")
    (folder / "source").write_text("now")
    (folder / "Makefile").write_text(f"test-programs:\n\t{recipe}\n")
    return folder


def run(folder, **settings):
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKELEVEL", "MAKEFLAGS")}
    return subprocess.run([folder / "tests" / "run", "hostile"], env={**environment, **settings}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_sources_that_changed_are_built_before_they_are_tested(tmp_path):
    finished = run(project(tmp_path, "cp source made"))
    assert finished.returncode == 0 and finished.stdout.endswith("1 passed, 0 failed\n"), finished.stdout


def test_nothing_is_tested_where_the_build_fails(tmp_path):
    finished = run(project(tmp_path, "@echo the compiler says no; cp source made; false"))
    assert finished.returncode == 1 and "passed" not in finished.stdout, finished.stdout
    assert "the compiler says no" in finished.stdout


def test_make_builds_once_when_it_calls_the_tests(tmp_path):
    finished = run(project(tmp_path, "cp source made"), MAKELEVEL="1")
    assert finished.returncode == 1 and "it is old" in finished.stdout, finished.stdout
