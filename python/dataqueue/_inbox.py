"""The way of the engine's results to event loops."""

from __future__ import annotations

import itertools
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from ._call import Call

if TYPE_CHECKING:
    import asyncio

__all__ = ["Inboxes"]

T = TypeVar("T")

_inboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopInbox] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class _LoopInbox:
    """The results on their way to one event loop.

    It holds no strong reference to the loop, so that a loop that was dropped takes it along.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        from ._core import Inbox

        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._core = Inbox(self._writer.fileno())
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tickets = itertools.count(1)
        self._task: asyncio.Task[None] | None = None
        self.users: weakref.WeakSet[Inboxes] = weakref.WeakSet()
        self._unused = False
        # Also when the loop was collected without being closed; the engine must not write to a closed descriptor.
        self._end = weakref.finalize(self, _close_all, self._core, self._writer, self._reader)
        self._watch(loop)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.add_reader(self._reader.fileno(), self._arrived)
        except NotImplementedError:
            # Windows' proactor loop watches sockets by reading from them.
            self._task = loop.create_task(self._read(loop))

    async def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while await loop.sock_recv(self._reader, 4096):
            self._deliver()

    def _arrived(self) -> None:
        try:
            while len(self._reader.recv(4096)) == 4096:
                pass
        except BlockingIOError:
            pass
        self._deliver()

    def _deliver(self) -> None:
        for ticket, ok, value in self._core.drain():
            future = self._waiting.pop(ticket, None)
            if future is None or future.done():
                continue
            if ok:
                future.set_result(value)
            else:
                future.set_exception(value)

    def acquire(self, user: Inboxes) -> None:
        self.users.add(user)
        self._unused = False

    async def result(self, call: Call[T], loop: asyncio.AbstractEventLoop) -> T:
        if call.pending is None:
            return call.convert(None)
        ticket = next(self._tickets)
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting[ticket] = future
        try:
            call.pending.deliver(self._core, ticket)
            value = await future
        finally:
            self._waiting.pop(ticket, None)
            if self._unused and not self._waiting:
                self.close(loop)
        return call.convert(value)

    def release(self, user: Inboxes, loop: asyncio.AbstractEventLoop) -> None:
        """Closes it when nobody uses it, now or once the last result was fetched."""
        self.users.discard(user)
        self._unused = not self.users
        if self._unused and not self._waiting:
            self.close(loop)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._task is not None:
            self._task.cancel()
        elif not loop.is_closed() and self._end.alive:
            loop.remove_reader(self._reader.fileno())
        self._end()
        with _lock:
            if _inboxes.get(loop) is self:
                del _inboxes[loop]


def _close_all(core: Any, writer: socket.socket, reader: socket.socket) -> None:
    core.close()
    writer.close()
    reader.close()


class Inboxes:
    """One user's access to the inbox of whichever event loop it runs on. The loops' inboxes are shared."""

    async def result(self, call: Call[T]) -> T:
        """What a call answers. Cancelling the wait leaves the call to run to its end."""
        import asyncio

        loop = asyncio.get_running_loop()
        return await self._inbox(loop).result(call, loop)

    def _inbox(self, loop: asyncio.AbstractEventLoop) -> _LoopInbox:
        with _lock:
            inbox = _inboxes.get(loop)
            if inbox is None:
                for gone in [one for one in _inboxes if one.is_closed()]:
                    _inboxes.pop(gone)._end()
                inbox = _inboxes[loop] = _LoopInbox(loop)
            inbox.acquire(self)
        return inbox

    def close(self) -> None:
        """Gives up the running loop's inbox, which is closed when nobody else uses it."""
        import asyncio

        loop = asyncio.get_running_loop()
        inbox = _inboxes.get(loop)
        if inbox is not None:
            inbox.release(self, loop)
