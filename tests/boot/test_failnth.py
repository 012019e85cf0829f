# SPDX-License-Identifier: MIT
"""The Nth request for a page, object, RRef, handle, event, slot, thread or stack fails, for all N."""

import pytest

from machine import json_lines, run_commands

UPDATED = ["null", "nullblk", "blk", "console", "ramfs", "devfs", "procfs", "ext2", "posix"]
RESTARTED = ["null", "nullblk", "blk", "console", "ramfs", "devfs", "ext2"]
# By operation: kinds of which it makes requests.
SWEEPS = {
    "a_call": {"call": {"page", "object", "rref", "stack"}},
    "pipes_and_files": {"pipe": {"page"}, "file": {"page", "stack"},
                        "disk": {"page", "object", "stack"}},
    "fork": {"fork": {"page", "object", "rref", "handle", "event", "thread", "stack"}},
    "exec": {"exec": {"page", "object", "rref", "handle", "event", "thread", "stack"}},
    "mount": {"mount": {"page", "object", "rref", "handle", "event", "stack"}},
    "the_start_of_a_domain": {"load": {"page", "object", "slot"},
                              "load-device": {"page", "object", "slot"}},
    "a_crash": {"crash": {"page", "object", "slot", "stack"}},
    "restarts": {f"restart-{name}": {"page", "object", "slot"} for name in RESTARTED},
    "refused_updates": {f"refused-{name}": {"page", "object", "rref", "slot"}
                        for name in ("nullblk", "blk", "console", "ramfs")},
    "updates": {f"update-{name}": {"page", "object", "slot"} for name in UPDATED},
}
QUICK = ["a_call", "pipes_and_files"]


def sweep(folder, operations, options=""):
    finished = run_commands(
        folder, f"failnth --operations={','.join(operations)} {options} -j", timeout=900)
    return finished, json_lines(finished.output)


@pytest.mark.parametrize("name", [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SWEEPS])
def test_each_failing_request_ends_well_and_leaves_nothing_behind(tmp_path, name):
    finished, results = sweep(tmp_path, SWEEPS[name])
    assert finished.returncode == 0, finished.message + finished.output[-3000:]
    for operation, kinds in SWEEPS[name].items():
        mine = [result for result in results if result["operation"] == operation]
        assert len(mine) == 8, finished.output[-3000:]
        reached = {result["kind"] for result in mine if result["failed"]}
        assert kinds <= reached, f"{operation} asked for nothing of {kinds - reached}"
        for result in mine:
            assert result["leaks"] == result["stuck"] == 0, result
            assert result["errors"] + result["served"] == result["failed"], result
    assert sum(result["errors"] for result in results), f"{name}: nothing ever failed"


def test_the_sweep_notices_what_leaks(tmp_path):
    finished, results = sweep(tmp_path, ["leak"], "--kinds=page --to=1")
    assert finished.returncode == 1, finished.output[-3000:]
    assert [result["leaks"] for result in results] == [1], finished.output[-3000:]


def test_a_command_tells_whether_its_request_was_reached(machine):
    one = machine()
    output, status = one.run("domain failnth slot 1 restart null")
    assert status == 1, output
    assert "domain: null: out of memory or slots (stop a service)" in output
    assert "domain: failnth: the request failed" in output
    output = one.check("domain failnth slot 9 restart null")
    assert "domain: failnth: not reached, 7 to go" in output


def test_what_is_no_request_is_refused(machine):
    one = machine()
    for words in ("failnth", "failnth page", "failnth page 0", "failnth cheese 1", "failnth off 1",
                  "failnth page 1 0"):
        output, status = one.run(f'echo "{words}" > /proc/sys/domain/command')
        assert status != 0, f"{words}: {output}"
