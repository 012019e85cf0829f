# SPDX-License-Identifier: MIT
"""Malformed images in the running system: one clear line each, and nothing has changed."""

import random

import images
import malformed
from guest import Guest, attempt, service_rows

EACH = 7  # of every generator's images


def selection():
    """name: bytes of some images of every kind, the same in each run."""
    image, chooser, chosen = images.good(), random.Random(3), {}
    for generate in (*malformed.GENERATORS, malformed.truncated):
        made = list(generate(image))
        chosen.update(chooser.sample(made, min(EACH, len(made))))
    return chosen


def image_is_refused(one, verb, name):
    output, status = one.run(f"domain {verb} /bad/{name}")
    lines = output.strip().splitlines()
    assert status == 1 and len(lines) == 1 and len(lines[0]) > 10, f"status {status}: {output}"


def is_unchanged(one, before, known):
    assert service_rows(one) == before
    assert one.check("domain images -j") == known
    one.check("echo still here")


def check(settings):
    chosen = selection()
    with Guest({f"bad/{name}": content for name, content in chosen.items()}) as one:
        before, known = service_rows(one), one.check("domain images -j")
        for verb in ("verify", "register"):
            wrong = {name: attempt(image_is_refused, one, verb, name) for name in chosen}
            yield (f"`domain {verb}` refuses each of {len(chosen)} malformed images in one line",
                   "".join(f"{name}: {text}\n" for name, text in wrong.items() if text))
        yield "services and images are as before", attempt(is_unchanged, one, before, known)
