"""A proxy before a real Redis server that refuses commands, as one that does not know them."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.proxy import Proxy, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.proxy import Tunnel

__all__ = ["Forwarder", "run_forwarder"]


class Forwarder(Proxy):
    """Passes all traffic on to a port of this machine, but for the commands that it refuses."""

    def __init__(self, target: int, refuses: tuple[bytes, ...]) -> None:
        super().__init__(target)
        self.refused: list[float] = []
        """When a command was refused."""
        self._refuses = refuses

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://{self.address}"

    async def _pass_requests(self, tunnel: Tunnel, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                request, name = await _request(reader)
                if name in self._refuses:
                    self.refused.append(time.monotonic())
                    tunnel.client.write(b"-ERR unknown command '%s'\r\n" % name)
                else:
                    tunnel.server.write(request)
                    await tunnel.server.drain()


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
def run_forwarder(target: int, *, refuses: tuple[bytes, ...]) -> Iterator[Forwarder]:
    """Forwards to a port until the context ends."""
    with running(Forwarder(target, refuses)) as forwarder:
        yield forwarder
