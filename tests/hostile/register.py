# SPDX-License-Identifier: MIT
"""Malformed images in the running system: one clear line each, and nothing has changed; nor has a
service noticed that is to be replaced by them while it is used."""

import random

import images
import malformed
from guest import Guest, attempt, service_rows
from machine import json_lines

EACH, EACH_QUICK = 7, 3  # of every generator's images

SERVICE = "nullblk"
LOAD = """while [ ! -e /tmp/stop ]; do
    blkbench --dev=/dev/nullb0 --rw=randrw --verify --size=1m --numjobs=2 --runtime=1 -j || echo FAILED
done > /tmp/load"""


def selection(each):
    """name: bytes of some images of every kind, the same in each run."""
    image, chooser, chosen = images.good(), random.Random(3), {}
    for generate in (*malformed.GENERATORS, malformed.truncated):
        made = list(generate(image))
        chosen.update(chooser.sample(made, min(each, len(made))))
    return chosen


def image_is_refused(one, command, name):
    output, status = one.run(f"domain {command} /bad/{name}")
    lines = output.strip().splitlines()
    assert status == 1 and len(lines) == 1 and len(lines[0]) > 10, f"status {status}: {output}"


def is_unchanged(one, before, known):
    assert service_rows(one) == before
    assert one.check("domain images -j") == known
    one.check("echo still here")


def load_is_sound(one):
    """Ends the load; each request of it was answered, and rightly."""
    one.check("touch /tmp/stop; wait", timeout=60)
    text = one.check("cat /tmp/load")
    results = json_lines(text)
    assert results and "FAILED" not in text, text
    assert all(each["errors"] == each["verify_errors"] == 0 for each in results), results


def state_of(one, service):
    """What must stay as it is while the service goes on answering calls."""
    rows = json_lines(one.check("domain list -j"))
    row = next(row for row in rows if row["name"] == service)
    return {key: row[key] for key in ("impl", "version", "id", "state", "faults", "restarts")}


def update_is_refused_under_load(one, chosen):
    before = state_of(one, SERVICE)
    one.check(f"({LOAD}) &")
    wrong = {name: attempt(image_is_refused, one, f"update {SERVICE}", name) for name in chosen}
    load_is_sound(one)
    assert state_of(one, SERVICE) == before
    assert not any(wrong.values()), "".join(f"{name}: {text}\n" for name, text in wrong.items() if text)


def check(settings):
    chosen = selection(EACH_QUICK if settings["quick"] else EACH)
    with Guest({f"bad/{name}": content for name, content in chosen.items()}) as one:
        before, known = service_rows(one), one.check("domain images -j")
        yield (f"`domain update` of a service under load refuses each of them in one line",
               attempt(update_is_refused_under_load, one, chosen))
        for verb in ("verify", "register"):
            wrong = {name: attempt(image_is_refused, one, verb, name) for name in chosen}
            yield (f"`domain {verb}` refuses each of {len(chosen)} malformed images in one line",
                   "".join(f"{name}: {text}\n" for name, text in wrong.items() if text))
        yield "services and images are as before", attempt(is_unchanged, one, before, known)
