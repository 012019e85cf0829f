# SPDX-License-Identifier: MIT
"""A disk that fails when it is told to: an NBD server, which QEMU has as the machine's disk.

    with FaultyDisk(image, folder) as disk:
        one = Machine(folder, disk="none", extra=disk.qemu)
        disk.fail("read", "flush")   # these end with EIO from now on
        disk.hang("write")           # these have no end
        disk.heal()                  # all is well again; what hung is answered

https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md, what QEMU needs of it. What it holds
is in the file `image`, which the host may look at after `close`.
"""

import os
import socket
import struct
import threading

OPERATIONS = {0: "read", 1: "write", 3: "flush"}
DISCONNECT = 2
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7  # options
ACK, INFO_REPLY, UNSUPPORTED = 1, 3, 0x80000001
HAS_FLAGS, READ_ONLY, SEND_FLUSH = 1, 2, 4
EIO = 5


class FaultyDisk:
    def __init__(self, image, folder, read_only=False):
        self.file = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.file).st_size
        self.flags = HAS_FLAGS | SEND_FLUSH | (READ_ONLY if read_only else 0)
        self.failing, self.hanging = frozenset(), frozenset()
        self.counts = {name: 0 for name in OPERATIONS.values()}  # failures told
        self.healed = threading.Condition()  # or closed, or a thread has left the file, or hangs
        self.at_file, self.held, self.closed = 0, 0, False
        self.socket = socket.socket(socket.AF_UNIX)
        path = f"{folder}/nbd"
        self.socket.bind(path)
        self.socket.listen(4)
        self.qemu = (f"-drive if=none,id=d0,format=raw,file.driver=nbd,file.server.type=unix,"
                     f"file.server.path={path},readonly={'on' if read_only else 'off'},werror=report "
                     f"-device virtio-blk-device,drive=d0")
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def fail(self, *operations):
        self.failing = frozenset(operations)

    def hang(self, *operations):
        self.hanging = frozenset(operations)

    def await_held(self, seconds=60):
        """Until a request hangs."""
        with self.healed:
            assert self.healed.wait_for(lambda: self.held, seconds), "nobody asks the disk for what hangs"

    def heal(self):
        with self.healed:
            self.failing, self.hanging = frozenset(), frozenset()
            self.healed.notify_all()

    def close(self):
        """Who still hangs is not answered."""
        with self.healed:
            self.closed = True
            self.healed.notify_all()
            self.healed.wait_for(lambda: not self.at_file)  # its number will be another file's
        # A signal (of a child that ended) makes the system call begin anew with the socket's number,
        # which would be the next disk's by then: so it ends first.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.socket.close()
        os.close(self.file)

    def _accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        stream, lock = client.makefile("rb"), threading.Lock()
        try:
            if not self._negotiate(client, stream):
                return
            while True:
                header = stream.read(28)
                if len(header) < 28:
                    return
                _, _, kind, cookie, offset, length = struct.unpack(">IHHQQI", header)
                if kind == DISCONNECT:
                    return
                data = stream.read(length) if kind == 1 else b""
                # A thread each, so that one that hangs holds up nobody else.
                threading.Thread(target=self._answer, daemon=True, args=(
                    client, lock, OPERATIONS.get(kind), cookie, offset, length, data)).start()
        except OSError:
            return

    def _answer(self, client, lock, operation, cookie, offset, length, data):
        with self.healed:
            self.held += 1
            self.healed.notify_all()
            self.healed.wait_for(lambda: self.closed or operation not in self.hanging)
            self.held -= 1
            if self.closed:
                return
            self.at_file += 1
        try:
            error, answer = self._carry_out(operation, offset, length, data)
        finally:
            with self.healed:
                self.at_file -= 1
                self.healed.notify_all()
        try:
            with lock:
                client.sendall(struct.pack(">IIQ", 0x67446698, error, cookie) + answer)
        except OSError:
            pass  # QEMU has ended meanwhile

    def _carry_out(self, operation, offset, length, data):
        """The error, or 0, and what was read."""
        if operation is None or operation in self.failing:
            self.counts[operation] = self.counts.get(operation, 0) + 1
            return EIO, b""
        if operation == "read":
            return 0, os.pread(self.file, length, offset)
        if operation == "write":
            os.pwrite(self.file, data, offset)
        return 0, b""

    def _negotiate(self, client, stream):
        """The fixed newstyle handshake; false: the client wants nothing more."""
        client.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", 1))
        no_zeroes = struct.unpack(">I", stream.read(4))[0] & 2
        while True:
            header = stream.read(16)
            if len(header) < 16:
                return False
            option, length = struct.unpack(">8xII", header)
            stream.read(length)
            if option == EXPORT_NAME:
                client.sendall(struct.pack(">QH", self.size, self.flags) + bytes(0 if no_zeroes else 124))
                return True
            if option == GO or option == INFO:
                self._reply(client, option, INFO_REPLY, struct.pack(">HQH", 0, self.size, self.flags))
                self._reply(client, option, ACK)
                if option == GO:
                    return True
            elif option == ABORT:
                self._reply(client, option, ACK)
                return False
            else:
                self._reply(client, option, UNSUPPORTED)

    @staticmethod
    def _reply(client, option, kind, data=b""):
        client.sendall(struct.pack(">QIII", 0x3E889045565A9, option, kind, len(data)) + data)
