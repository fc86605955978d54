"""A small TCP proxy between clients and a server of the tests, which does what networks do to connections."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

__all__ = ["Proxy", "run_proxy"]

T = TypeVar("T")

_CHUNK = 1 << 16


@dataclass(eq=False)
class _Tunnel:
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
        self._tunnels: set[_Tunnel] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    def cut(self, *, saying: bytes = b"") -> int:
        """Closes connections: all, or those whose clients began with something that holds these bytes."""
        return self._each(_Tunnel.cut, saying)

    def freeze(self, *, saying: bytes = b"") -> int:
        """Makes connections half-open, for good: nothing passes any more, and neither side is told."""

        def freeze(tunnel: _Tunnel) -> None:
            tunnel.frozen = True

        return self._each(freeze, saying)

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
        """Ends `withhold` and `slow_down`. A connection of which a reply is missing is of no use: it is cut."""
        was_withholding, self._withholds, self._delay = self._withholds, False, 0.0
        if was_withholding:
            self.cut()

    def _each(self, action: Callable[[_Tunnel], None], saying: bytes) -> int:
        async def act() -> int:
            chosen = [tunnel for tunnel in self._tunnels if not tunnel.frozen and saying in tunnel.said]
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
            for tunnel in self._tunnels:
                tunnel.cut()
            # Cancelled, they would be told of in the log of asyncio.
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            await asyncio.gather(*rest, return_exceptions=True)

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
        tunnel = _Tunnel(client, server)
        self._tunnels.add(tunnel)
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

    async def _pass_requests(self, tunnel: _Tunnel, reader: asyncio.StreamReader) -> None:
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

    async def _pass_replies(self, tunnel: _Tunnel, reader: asyncio.StreamReader) -> None:
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
def run_proxy(target: int, host: str = "127.0.0.1") -> Iterator[Proxy]:
    """Passes connections on to a port until the context ends."""
    proxy = Proxy(target, host)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
