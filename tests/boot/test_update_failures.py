# SPDX-License-Identifier: MIT
"""An update that fails leaves the old instance serving, with its state."""

import re
import time

import pytest

from machine import ROOT, json_lines

FOLDER = ROOT / "build" / "tests" / "domains"
HANG = pytest.param("hang", marks=pytest.mark.slow)  # two seconds each


def image(stage, kind="error"):
    return f"/root/frail_{stage}_{kind}.elf"


@pytest.fixture(scope="module")
def frail(tmp_path_factory):
    """A machine whose service `null` is the frail one, without a fault so far."""
    from machine import Machine
    files = {f"/root/{path.name}": path.read_bytes() for path in FOLDER.glob("frail_*.elf")}
    one = Machine(tmp_path_factory.mktemp("frail"), files=files, timeout=60).boot()
    one.counts_at_boot = counts(one)  # no instance has died yet
    yield one
    one.kill()


def reads(one):
    """How many reads the service has answered, this one among them, as its own state says."""
    return int(one.check("head -c 1 /dev/empty | hexdump").split()[1][-2:], 16)


def row(one):
    return next(row for row in json_lines(one.check("domain list -j")) if row["name"] == "null")


def counts(one):
    text = one.check("cat /proc/meminfo")
    return {name: int(re.search(rf"^{name}: *(\d+)", text, re.M).group(1))
            for name in ("RRefsFree", "Threads", "SlotsFree")}


def resources(one):
    """What is in use, once the reaper is done: as many slots are free as at the boot, and all is the same twice."""
    last, end = None, time.monotonic() + 60
    while True:
        now = counts(one)
        is_done = now["SlotsFree"] == one.counts_at_boot["SlotsFree"] or time.monotonic() > end
        if is_done and now == last:
            return now
        last = now


def serve(one, path):
    """Makes the service run that image, with its count at 0."""
    one.check("domain stop null --force")
    one.check(f"domain load {path} as null")


def refused(one, command):
    """Runs a command that must fail; returns its one line, without the report of a fault."""
    output, status = one.run(command)
    lines = [line for line in output.splitlines() if line.startswith("domain: ")]
    assert status == 1 and len(lines) == 1, output
    return lines[0]


@pytest.mark.parametrize("kind", ["error", "crash", HANG, "memory"])
@pytest.mark.parametrize("stage", ["init", "rehearse", "import", "attach"])
def test_a_new_image_that_fails_leaves_the_old_one_with_its_state(frail, stage, kind):
    serve(frail, image("none"))
    first = reads(frail)
    frail.run(f"domain update null {image(stage, kind)}")  # once, for what is made only once
    before, state = resources(frail), row(frail)
    line = refused(frail, f"domain update null {image(stage, kind)}")
    assert line.startswith("domain: null: ") and stage in line, line
    after = row(frail)
    assert (after["impl"], after["id"]) == (state["impl"], state["id"]), after
    assert reads(frail) == first + 1
    assert resources(frail) == before


@pytest.mark.parametrize("stage", ["rehearse", "detach", "export"])
def test_an_old_image_that_refuses_to_leave_serves_on(frail, stage):
    serve(frail, image(stage))
    first = reads(frail)
    line = refused(frail, f"domain update null {image('none')}")
    assert stage in line, line
    assert reads(frail) == first + 1


@pytest.mark.parametrize("kind", ["error", "memory"])
def test_an_old_image_that_cannot_go_on_after_all_is_started_again(frail, kind):
    serve(frail, image("resume", kind))
    reads(frail)
    before = row(frail)
    line = refused(frail, f"domain update null {image('import')}")
    assert "import" in line, line
    after = row(frail)
    assert after["impl"] == before["impl"] and after["id"] > before["id"], after
    assert reads(frail) == 1  # its state died with it
    assert after["faults"] == before["faults"] + 1
    assert "it could not go on when its update failed" in frail.check("dmesg")


@pytest.mark.parametrize("kind", ["crash", HANG])
@pytest.mark.parametrize("stage", ["rehearse", "detach", "export"])
def test_an_old_image_that_dies_while_it_leaves_is_followed_by_the_new_one(frail, stage, kind):
    serve(frail, image(stage, kind))
    reads(frail)
    frail.run(f"domain update null {image('none')}")
    assert reads(frail) == 1  # its state died with it
    assert row(frail)["impl"] == "frail_none_error"
