# SPDX-License-Identifier: MIT
"""Fixtures of the boot tests."""

import pytest

from machine import Machine, run_commands


@pytest.fixture
def machine(tmp_path_factory):
    """A function that boots a machine: machine(cpus=4, ...). All are killed at the test's end."""
    machines = []

    def boot(**settings):
        one = Machine(tmp_path_factory.mktemp("machine"), **settings)
        machines.append(one)
        return one.boot()

    yield boot
    for one in machines:
        one.kill()


@pytest.fixture
def run(tmp_path):
    """A function that runs commands in a machine of their own: run("domain list", cpus=4)."""
    return lambda commands, **settings: run_commands(tmp_path, commands, **settings)
