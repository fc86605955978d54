"""A forwarder between clients and a real server: it can lead elsewhere, and refuse commands."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.processes import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

__all__ = ["Forwarder", "run_forwarder"]

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Forwarder:
    """Passes all traffic on to a port of this machine, but for the commands that it refuses."""

    def __init__(self, target: int, refuses: frozenset[bytes]) -> None:
        self.target = target
        self.port = 0
        self.refused: list[float] = []
        """When a command was refused."""
        self.connections = 0
        self._refuses = refuses
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}"

    def switch(self, target: int) -> None:
        """Leads elsewhere from now on, and cuts every connection."""

        async def cut() -> None:
            self.target = target
            for writer in self._open:
                writer.close()

        self._call(cut())

    def start(self) -> None:
        """Listens on a port of its own."""

        async def listen() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]

        self._thread.start()
        self._call(listen())

    def stop(self) -> None:
        """Cuts everything."""

        async def end() -> None:
            if self._server is not None:
                self._server.close()
            for writer in self._open:
                writer.close()
            # Cancelled, they would be told of in the log of asyncio.
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            await asyncio.gather(*rest, return_exceptions=True)

        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _call(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        back: asyncio.StreamWriter | None = None
        try:
            answers, back = await asyncio.open_connection("127.0.0.1", self.target)
            self._open |= {writer, back}
            ways = [self._pass_requests((reader, back), writer), _pass_all((answers, writer))]
            tasks = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            # Nobody is there, as the client will find.
            pass
        finally:
            for end in (writer, back):
                if end is not None:
                    self._open.discard(end)
                    end.close()

    async def _pass_requests(self, ends: Ends, client: asyncio.StreamWriter) -> None:
        reader, server = ends
        if not self._refuses:
            await _pass_all(ends)
            return
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                request, name = await _request(reader)
                if name in self._refuses:
                    self.refused.append(time.monotonic())
                    client.write(b"-ERR unknown command '%s'\r\n" % name)
                else:
                    server.write(request)
                    await server.drain()


async def _pass_all(ends: Ends) -> None:
    reader, writer = ends
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One request, and the name of its command."""
    whole = await reader.readuntil(b"\r\n")
    words: list[bytes] = []
    for _ in range(int(whole[1:])):
        head = await reader.readuntil(b"\r\n")
        word = await reader.readexactly(int(head[1:]) + 2)
        whole += head + word
        words.append(word[:-2])
    return whole, words[0].upper()


@contextmanager
def run_forwarder(target: int, *, refuses: tuple[bytes, ...] = ()) -> Iterator[Forwarder]:
    """Forwards to a port until the context ends."""
    forwarder = Forwarder(target, frozenset(refuses))
    forwarder.start()
    try:
        yield forwarder
    finally:
        forwarder.stop()
