# SPDX-License-Identifier: MIT
"""What the parts that boot a machine have in common."""

import re
import tempfile
from pathlib import Path

from machine import ROOT, Machine, json_lines

# What a machine counts of itself and must have again after each attack.
COUNTS = ["PagesFree", "RRefsFree", "Events", "Threads", "SlotsFree"]


class Guest:
    """A machine that is switched off at the end of a `with`."""

    def __init__(self, files, **settings):
        self.files, self.settings = files, settings

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.machine = Machine(self.folder.name, files=self.files, timeout=90, **self.settings)
        return self.machine.boot()

    def __exit__(self, *error):
        self.machine.kill()
        self.folder.cleanup()


def attempt(function, *arguments):
    """Runs a check: an empty text, or what was wrong."""
    try:
        function(*arguments)
        return ""
    except AssertionError as error:
        return str(error) or repr(error)


def service_rows(one):
    return [(row["name"], row["impl"], row["id"], row["state"])
            for row in json_lines(one.check("domain list -j"))]


def counts(one):
    text = one.check("cat /proc/meminfo")
    return {name: int(re.search(rf"^{name}: *(\d+)", text, re.M).group(1)) for name in COUNTS}
