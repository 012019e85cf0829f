# SPDX-License-Identifier: MIT
"""QEMU's debugger stub: stops a hart at an instruction and lets the others go on.

The protocol is GDB's (GDB manual, "Remote Serial Protocol"); harts are its threads, numbered from 1.
"""

import re
import socket
import time


ANSWER_SECONDS = 60  # in which QEMU answers on any host


class Debugger:
    """The machine that a socket leads to, which is stopped when this begins."""

    def __init__(self, path, timeout=60):
        end = time.monotonic() + timeout
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                assert time.monotonic() < end, f"no debugger stub at {path}"
                time.sleep(0.05)
        self.received = b""
        assert self._receive(ANSWER_SECONDS) is not None, "connecting did not stop the machine"
        self.ask("qSupported:multiprocess-;vContSupported+")
        self.harts = self._harts()

    def _send(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) % 256))

    def _receive(self, timeout):
        """The next packet's text; None if none has come in time."""
        end = time.monotonic() + timeout
        while not (packet := re.search(rb"\$([^#]*)#..", self.received)):
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                part = self.socket.recv(65536)
            except socket.timeout:
                return None
            assert part, "the debugger stub has gone"
            self.received += part
        self.received = self.received[packet.end():]
        self.socket.sendall(b"+")
        return packet[1].decode()

    def ask(self, text):
        self._send(text)
        answer = self._receive(ANSWER_SECONDS)
        assert answer is not None and not answer.startswith("E"), f"{text}: {answer}"
        return answer

    def _harts(self):
        harts, answer = [], self.ask("qfThreadInfo")
        while answer.startswith("m"):
            harts += answer[1:].split(",")
            answer = self.ask("qsThreadInfo")
        return harts

    def break_at(self, address):
        self.ask(f"Z0,{address:x},4")

    def unbreak(self, address):
        self.ask(f"z0,{address:x},4")

    def go(self, but=None):
        """All harts but that one go on."""
        self._send("vCont" + "".join(f";c:{hart}" for hart in self.harts if hart != but) if but else "vCont;c")

    def stopped(self, timeout):
        """Waits until a hart is at a breakpoint: which one; None: none came there in time."""
        answer = self._receive(timeout)
        if answer is None:
            return None
        return re.match(r"T05thread:(?:p[0-9a-f]+\.)?([0-9a-f]+);", answer)[1]

    def place(self):
        """The address at which the hart stands that stopped last."""
        registers = bytes.fromhex(self.ask("g"))  # x0 to x31, and pc
        return int.from_bytes(registers[32 * 8:33 * 8], "little")

    def stop(self):
        """Stops all harts, if none has stopped them already."""
        self.socket.sendall(b"\x03")
        answer = self._receive(ANSWER_SECONDS)
        assert answer is not None, "the machine does not stop"

    def close(self):
        """Without it the machine goes on."""
        self._send("D")
        self.socket.close()
