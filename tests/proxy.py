"""A small TCP proxy between clients and a server of the tests, which does what networks do to connections.

It stands before one address: the clients of a cluster go past it to the nodes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

__all__ = ["Proxy", "Tunnel", "run_proxy", "run_proxy_before", "running"]

T = TypeVar("T")
P = TypeVar("P", bound="Proxy")

_CHUNK = 1 << 16


@dataclass(eq=False)
class Tunnel:
    """A client's connection, and the server's end of it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    frozen: bool = False
    """Nothing passes any more, and nobody is told."""
    said: bytes = b""
    """The beginning of what the client sent."""

    def cut(self) -> None:
        for end in (self.client, self.server):
            end.close()

    def drop(self) -> None:
        """Cuts it, whatever is still to be sent."""
        for end in (self.client, self.server):
            end.transport.abort()


class Proxy:
    """Passes everything on to a port, until it is told otherwise.

    What a method does, it does to the connections that are open at that moment, and to later ones where it says so.
    """

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.target = target
        self.port = 0
        self.withheld = 0
        """How many pieces of replies have been kept back so far."""
        self.passed = time.monotonic()
        """When something was passed on last."""
        self.opened = 0
        """How many connections clients have made so far."""
        self._withholds = False
        self._spared: tuple[bytes, ...] = ()
        self._delay = 0.0
        self._freezes = self._is_shut = False
        self._tunnels: set[Tunnel] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def lead_to(self, target: int) -> None:
        """Cuts every connection; later ones lead elsewhere."""
        self.target = target
        self.cut()

    def cut(self, *, saying: bytes = b"") -> int:
        """Closes connections: all, or those whose clients began with something that holds these bytes."""
        return self._each(Tunnel.cut, saying)

    def freeze(self, *, saying: bytes = b"") -> int:
        """Makes connections half-open, for good: nothing passes any more, and neither side is told."""

        def freeze(tunnel: Tunnel) -> None:
            tunnel.frozen = True

        return self._each(freeze, saying)

    def stall(self) -> None:
        """Makes every connection half-open, and later ones too, until `let_go`."""
        self._freezes = True
        self.freeze()

    def shut(self) -> None:
        """Cuts every connection, and later ones too, until `let_go`."""
        self._is_shut = True
        self.cut()

    def await_silence(self, span: float = 0.3) -> None:
        """Waits until nothing has been under way for so long."""
        until(lambda: time.monotonic() - self.passed > span, "nothing is under way")

    def withhold(self, *, but_for: tuple[bytes, ...] = ()) -> None:
        """Lets requests through and keeps replies back, on later connections too, until `let_go`.

        But for those whose clients began with something that holds one of these bytes.
        """
        self._withholds, self._spared = True, but_for

    def slow_down(self, delay: float) -> None:
        """Holds each piece up for so many seconds, on later connections too, until `let_go`."""
        self._delay = delay

    def let_go(self) -> None:
        """Ends `withhold`, `slow_down`, `stall` and `shut`. A connection that misses something is cut."""
        misses, stood_still = self._withholds or self._freezes, self._freezes
        self._withholds = self._freezes = self._is_shut = False
        self._delay = 0.0
        if misses:
            self._each(Tunnel.cut, frozen=stood_still)

    def _each(self, action: Callable[[Tunnel], None], saying: bytes = b"", *, frozen: bool = False) -> int:
        async def act() -> int:
            chosen = [tunnel for tunnel in self._tunnels if (frozen or not tunnel.frozen) and saying in tunnel.said]
            for tunnel in chosen:
                action(tunnel)
            return len(chosen)

        return self._call(act())

    def start(self) -> None:
        """Listens on a port of its own."""

        async def listen() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]

        self._thread.start()
        self._call(listen())

    def stop(self) -> None:
        """Cuts everything, and listens no more."""

        async def end() -> None:
            if self._server is not None:
                self._server.close()
            self._is_shut = True
            # Cancelled, they would be told of in the log of asyncio. One that was accepted a moment ago begins another.
            while rest := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
                for tunnel in self._tunnels:
                    tunnel.drop()
                await asyncio.wait(rest, timeout=1)
            # What a connection does when it was closed, it does a turn of the loop later.
            for _ in range(3):
                await asyncio.sleep(0)

        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _call(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _serve(self, requests: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            replies, server = await asyncio.open_connection(self.host, self.target)
        except OSError:
            # Nobody is there, as the client will find.
            client.close()
            return
        tunnel = Tunnel(client, server, frozen=self._freezes)
        self._tunnels.add(tunnel)
        if self._is_shut:
            tunnel.cut()
        up = asyncio.ensure_future(self._pass_requests(tunnel, requests))
        down = asyncio.ensure_future(self._pass_replies(tunnel, replies))
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
            if tunnel.frozen:
                # That the server went away is not told either; that the client gave up ends it.
                await up
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            self._tunnels.discard(tunnel)
            tunnel.cut()

    async def _pass_requests(self, tunnel: Tunnel, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if len(tunnel.said) < _CHUNK:
                    tunnel.said += data
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not tunnel.frozen:
                    self.passed = time.monotonic()
                    tunnel.server.write(data)
                    await tunnel.server.drain()

    async def _pass_replies(self, tunnel: Tunnel, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                if self._withholds and not any(word in tunnel.said for word in self._spared):
                    self.withheld += 1
                elif not tunnel.frozen:
                    self.passed = time.monotonic()
                    tunnel.client.write(data)
                    await tunnel.client.drain()


@contextmanager
def running(proxy: P) -> Iterator[P]:
    """Starts a proxy, and stops it in the end."""
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@contextmanager
def run_proxy(target: int, host: str = "127.0.0.1") -> Iterator[Proxy]:
    """Passes connections on to a port until the context ends."""
    with running(Proxy(target, host)) as proxy:
        yield proxy


@contextmanager
def run_proxy_before(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of a URL, which names its port, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.port is not None
    with run_proxy(parts.port, parts.hostname or "127.0.0.1") as proxy:
        login, at, _ = parts.netloc.rpartition("@")
        yield proxy, parts._replace(netloc=f"{login}{at}{proxy.address}").geturl()
