# SPDX-License-Identifier: MIT
"""A machine for a test: QEMU with Bulkhead in it, driven through its console."""

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import pexpect

ROOT = Path(__file__).resolve().parent.parent.parent
PROMPT = r"# $"


class BootFailure(AssertionError):
    """The prompt did not come; the text says what came instead."""


def archive_extend(initrd, files, output):
    """Writes INITRD to OUTPUT with a second archive behind it that holds `files` (path: bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name.lstrip("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if path.parent.name == "bin":
                path.chmod(0o755)
        names = "\n".join(name.lstrip("/") for name in files)
        archive = subprocess.run(["cpio", "--create", "--format=newc", "--owner=0:0", "--quiet"],
                                 cwd=folder, input=names.encode(), stdout=subprocess.PIPE,
                                 check=True).stdout
    first = Path(initrd).read_bytes()
    output.write_bytes(first + bytes(-len(first) % 4) + archive)
    return output


def image_renamed(service, name):
    """The bytes of an image under another name of the same length, as something to update to."""
    content = Path(ROOT, "build", "domains", f"{service}.elf").read_bytes()
    pattern = rb"(?<![-\w])" + service.encode() + bytes(24 - len(service))
    renamed, count = re.subn(pattern, name.encode() + bytes(24 - len(name)), content)
    assert count == 1 and len(renamed) == len(content)
    return renamed


class Machine:
    """One boot. `folder` is where its disk and its log lie; `files` are added to the initial tree.

    disk: None for a fresh copy of build/files.img, whose files are no system, so that / is in memory;
    "system" for one of build/system.img, which is /; "none" for no disk; or a path that is used as is.
    """

    def __init__(self, folder, cpus=2, memory="512M", disk=None, append="", icount=False, extra="",
                 files=None, timeout=90, core=None, initrd=None):
        self.folder = Path(folder)
        self.disk = self._disk_copy(disk or "files") if disk in (None, "system") else disk
        self.environment = {
            **os.environ, "CPUS": str(cpus), "MEM": memory, "DISK": str(self.disk),
            "APPEND": append, "ICOUNT": "1" if icount else "", "QEMUEXTRA": extra,
            "TIMEOUT": "120", "TERM": "vt100",
        }
        if core:
            self.environment["CORE"] = str(core)
        if initrd:
            self.environment["INITRD"] = str(initrd)
        if files:
            self.environment["INITRD"] = str(archive_extend(
                ROOT / "build" / "initrd.cpio", files, self.folder / "initrd.cpio"))
        self.timeout = timeout
        self.sequence = 0
        self.child = None
        self.boot_text = ""

    def _disk_copy(self, name):
        copy = self.folder / "disk.img"
        if not copy.exists():
            subprocess.run(["cp", "--sparse=always", ROOT / "build" / f"{name}.img", copy], check=True)
        return copy

    def start(self):
        """Starts QEMU without waiting for anything."""
        self.log = open(self.folder / "console.log", "a", encoding="utf-8", errors="replace")
        self.child = pexpect.spawn(
            str(ROOT / "tools" / "qemu-run"), env=self.environment, cwd=str(ROOT),
            encoding="utf-8", codec_errors="replace", timeout=self.timeout, dimensions=(24, 200))
        self.child.delaybeforesend = None
        self.child.logfile_read = self.log
        return self

    def boot(self):
        """Starts QEMU and waits for the shell's prompt."""
        self.start()
        found = self.child.expect([PROMPT, "panic: [^\n]*\n", pexpect.EOF, pexpect.TIMEOUT])
        shown = self.child.before + (self.child.after if found < 2 else "")
        self.boot_text = shown.replace("\r", "")
        if found:
            what = ["", "a panic", "the end of QEMU", "nothing"][found]
            raise BootFailure(f"{what} came instead of a prompt:\n{self.boot_text[-3000:]}")
        return self

    def send(self, text):
        """Types text as it is; \x03 is Ctrl-C."""
        self.child.send(text)

    def expect(self, pattern, timeout=None):
        """Waits for a regular expression (or one of a list); a panic or an end fails at once."""
        patterns = pattern if isinstance(pattern, list) else [pattern]
        found = self.child.expect(patterns + ["panic: [^\n]*\n", pexpect.EOF, pexpect.TIMEOUT],
                                  timeout=timeout or self.timeout)
        if found >= len(patterns):
            what = ["a panic", "the end of QEMU", "nothing"][found - len(patterns)]
            shown = self.child.before + (self.child.after if isinstance(self.child.after, str) else "")
            raise AssertionError(f"{what} came instead of {patterns}:\n{shown[-3000:]}")
        return found

    def run(self, command, timeout=None):
        """Runs one line of shell; returns (what it printed, exit status)."""
        self.sequence += 1
        mark = 1000 + self.sequence
        # The shell computes the mark, so that the echo of what is typed does not hold it.
        typed = f"$((999+{self.sequence + 1}))"
        joint = " " if command.rstrip().endswith("&") else "; "
        self.send(f'echo "<{typed}:begin>"; {command}{joint}echo "<{typed}:$?>"\r')
        # Up to the line's end, which may come in two parts: nothing of it is the command's output.
        self.expect(f"<{mark}:begin>\r*\n", timeout)
        self.expect(f"<{mark}:([0-9]+)>", timeout)
        output, status = self.child.before, int(self.child.match.group(1))
        self.expect("# ")  # a report of the kernel may come behind it
        return output.replace("\r", ""), status

    def foreground(self, command):
        """Types a command that is to be interrupted; returns when it runs in the foreground."""
        self.sequence += 1
        mark = 1000 + self.sequence
        self.send(f"sh -c 'echo \"<$((999+{self.sequence + 1})):runs>\"; exec {command}'\r")
        self.expect(f"<{mark}:runs>\r*\n")

    def check(self, command, timeout=None):
        """Runs a command that must succeed; returns what it printed."""
        output, status = self.run(command, timeout)
        assert status == 0, f"`{command}` ended with status {status}:\n{output}"
        return output

    def refuse(self, command, timeout=None):
        """Runs a command that must fail with a clear line and status 1; returns the line."""
        output, status = self.run(command, timeout)
        assert status == 1, f"`{command}` ended with status {status}, not 1:\n{output}"
        assert len(output.strip().splitlines()) == 1, f"not one line:\n{output}"
        return output.strip()

    def change(self, command, timeout=120):
        """Updates a service or rolls it back; returns what is said. "busy" leaves all as it was, and is what a host is
        told that is too slow for a drain: it is asked again."""
        end = time.monotonic() + timeout
        while True:
            output, status = self.run(command)
            if status == 0:
                return output
            assert "busy: " in output and time.monotonic() < end, f"`{command}`:\n{output}"

    def await_states(self, *states, timeout=120):
        """Looks until every service is in one of these states; returns the rows of `domain list`."""
        end = time.monotonic() + timeout
        while True:
            rows = json_lines(self.check("domain list -j"))
            others = [row for row in rows if row["state"] not in states]
            if not others:
                return rows
            assert time.monotonic() < end, others

    def drain(self):
        """Takes what has been printed: the core waits for a reader of its reports, for a while."""
        try:
            self.child.read_nonblocking(65536, timeout=0)
        except pexpect.TIMEOUT:
            pass

    def poweroff(self):
        """Switches the machine off from inside; returns QEMU's exit status."""
        self.send("poweroff\r")
        self.child.expect(pexpect.EOF, timeout=self.timeout)
        self.child.close()
        return self.child.exitstatus

    def kill(self):
        """Ends QEMU, however it is."""
        if self.child is not None:
            self.child.close(force=True)
            self.log.close()
            self.child = None


def run_commands(folder, commands, timeout=120, files=None, **settings):
    """Runs commands as `make qemu RUN=` does; returns the finished process, output as text."""
    machine = Machine(folder, files=files, **settings)
    machine.environment["TIMEOUT"] = str(timeout)
    path = Path(folder, "commands")
    path.write_text(commands + ".\n")
    finished = subprocess.run(
        [ROOT / "tools" / "qemu-run", "--run", path], env=machine.environment, cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=timeout + 30)
    finished.output = finished.stdout.decode(errors="replace").replace("\r", "")
    finished.message = finished.stderr.decode(errors="replace")
    return finished


def lines_of_programs(text):
    """The lines of a console's output without the kernel's reports of faults, which come when they come."""
    return [line for line in text.splitlines() if line and not line.startswith("fault:")]


def json_lines(text):
    """The JSON objects among the lines of a console's output."""
    return [json.loads(line) for line in text.splitlines()
            if re.match(r"\{.*\}$", line.strip())]
