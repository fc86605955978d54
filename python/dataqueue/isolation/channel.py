"""Messages between the two ends of a socket pair, each a pickled tuple behind its length."""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct
import threading
from typing import Any

__all__ = ["Channel"]

_LENGTH = struct.Struct("!Q")


class Channel:
    """One end. Any thread may send; one receives."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._lock = threading.Lock()

    def send(self, message: tuple[Any, ...]) -> None:
        """Sends a message.

        Raises:
            OSError: The other end is gone.
        """
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self.socket.sendall(_LENGTH.pack(len(data)) + data)

    def receive(self) -> tuple[Any, ...] | None:
        """Waits for a message; None when the other end is gone."""
        head = self._exactly(_LENGTH.size)
        if head is None:
            return None
        data = self._exactly(_LENGTH.unpack(head)[0])
        if data is None:
            return None
        message: tuple[Any, ...] = pickle.loads(data)  # noqa: S301 - both ends are of one program
        return message

    def close(self) -> None:
        """Closes this end."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _exactly(self, count: int) -> bytearray | None:
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            try:
                more = self.socket.recv_into(view[got:])
            except OSError:
                return None
            if more == 0:
                return None
            got += more
        return data
