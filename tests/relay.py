"""A relay between clients and a server on this machine: it can stand still, as half-open connections do, or cut all."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Relay", "run_relay"]


class _Connection:
    """From a client to the server. It passes on only while it is told to, and forgets nothing meanwhile."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._ends = (client, server)
        self.passing = threading.Event()

    def run(self) -> None:
        client, server = self._ends
        back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
        back.start()
        self._pass(client, server)
        back.join()

    def cut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.passing.set()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self.passing.wait()
                sink.sendall(data)
        self.passing.wait()
        self.cut()


class Relay:
    """Passes bytes on in both directions, as long as it is told to."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()
        self._is_still = self._is_cut = False
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        """Connections so far."""
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """Lets every connection there is stand still, without a word to either end; new ones work."""
        with self._lock:
            for connection in self._open:
                connection.passing.clear()

    def stall(self) -> None:
        """As `freeze`, and those to come stand still too."""
        with self._lock:
            self._is_still = True
        self.freeze()

    def cut(self) -> None:
        """Cuts every connection, and those to come."""
        with self._lock:
            self._is_cut = True
        self._cut()

    def resume(self) -> None:
        """Works again. Connections that stood still are cut."""
        with self._lock:
            self._is_still = self._is_cut = False
        self._cut()

    def close(self) -> None:
        """Ends it all."""
        self.cut()
        self._listener.close()

    def _cut(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            connection = _Connection(client, server)
            with self._lock:
                if self._is_cut:
                    return
                if not self._is_still:
                    connection.passing.set()
                self._open.add(connection)
            connection.run()
            with self._lock:
                self._open.discard(connection)


@contextmanager
def run_relay(url: str) -> Iterator[tuple[Relay, str]]:
    """A relay before the server of a URL, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    relay = Relay((parts.hostname, parts.port))
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    try:
        yield relay, urlunsplit(parts._replace(netloc=f"{login}127.0.0.1:{relay.port}"))
    finally:
        relay.close()
