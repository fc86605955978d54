"""What happens to jobs, told to all open pages by one reader of the store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from .._inbox import Inboxes
from ..errors import DataQueueError
from ..event_stream import AsyncEventStream
from ..models import StreamedEvent

if TYPE_CHECKING:
    from .._core import Store

__all__ = ["GAP", "Hub", "TooManyError"]

_LOGGER = logging.getLogger("dataqueue")
_MOST_READERS = 1_000
_MOST_BEHIND = 1_000
_KEPT = 1_000
_MOST_CATCH_UPS = 4
_CATCH_UP_PATIENCE = 2.0
_CATCH_UP_SILENCE = 0.5
_PAUSE = 2.0

GAP = None
"""Stands for events that were left out: whoever follows should look anew."""


class TooManyError(RuntimeError):
    """So many pages follow already that no more are taken."""


class _Reader:
    """One page that follows, and what it was not given yet."""

    def __init__(self, job_id: int | None) -> None:
        self.job_id = job_id
        self.queue: asyncio.Queue[StreamedEvent | None] = asyncio.Queue(_MOST_BEHIND)
        self.fell_behind = False

    def put(self, event: StreamedEvent | None) -> None:
        if event is not None and self.job_id is not None and event.job_id != self.job_id:
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.fell_behind = True


class Hub:
    """Reads the events of a store while anybody follows, once for all who do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._readers: set[_Reader] = set()
        self._task: asyncio.Task[None] | None = None
        self._kept: deque[StreamedEvent] = deque(maxlen=_KEPT)
        self._begun: asyncio.Event | None = None
        self._cursor: str | None = None
        self._catching_up = 0
        self._changed_at = 0.0

    @property
    def readers(self) -> int:
        """How many follow."""
        return len(self._readers)

    @property
    def is_reading(self) -> bool:
        """Whether it has begun to read: what is written from now on is not missed."""
        return self._task is not None and self._begun is not None and self._begun.is_set()

    @property
    def changed_at(self) -> float | None:
        """When it last told of anything, or began to read, by the monotonic clock; None while it does not read."""
        return self._changed_at if self.is_reading else None

    @property
    def is_full(self) -> bool:
        """Whether no more may follow."""
        return len(self._readers) >= _MOST_READERS

    async def follow(
        self, job_id: int | None = None, after: str | None = None
    ) -> AsyncGenerator[StreamedEvent | None, None]:
        """The events from now on, or behind a place; `GAP` where some were left out.

        Args:
            job_id: Those of this job only.
            after: The cursor of the last event that was seen.

        Raises:
            TooManyError: Too many follow.
        """
        if self.is_full:
            raise TooManyError
        reader = _Reader(job_id)
        self._readers.add(reader)
        try:
            await self._begin()
            missed = [] if after is None else await self._missed(after, job_id)
            told = {event.id for event in missed if event is not None}
            for event in missed:
                yield event
            while True:
                event = await reader.queue.get()
                if event is None or event.id not in told:
                    yield event
                if reader.fell_behind and reader.queue.empty():
                    reader.fell_behind = False
                    yield GAP
        finally:
            self._readers.discard(reader)
            if not self._readers:
                self._end()

    async def _begin(self) -> None:
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._kept.clear()
            self._cursor, self._begun = None, asyncio.Event()
            self._task = asyncio.ensure_future(self._read(self._begun))
        begun = self._begun
        if begun is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(begun.wait(), 5)

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._kept.clear()

    async def _read(self, begun: asyncio.Event) -> None:
        """Reads until it is cancelled, and goes on where it was after an error."""
        inboxes = Inboxes()
        try:
            while True:
                stream = AsyncEventStream(self._store, None, None, self._cursor, inboxes)
                try:
                    async with stream:
                        self._cursor = stream.cursor
                        self._changed_at = time.monotonic()
                        begun.set()
                        async for event in stream:
                            self._cursor = event.cursor
                            self._kept.append(event)
                            self._tell(event)
                    return
                except (DataQueueError, ValueError) as error:
                    _LOGGER.warning("the dashboard lost its stream of events and begins anew: %s", error)
                    self._cursor = None
                    begun.clear()
                    self._tell(GAP)
                    await asyncio.sleep(_PAUSE)
        finally:
            inboxes.close()

    def _tell(self, event: StreamedEvent | None) -> None:
        self._changed_at = time.monotonic()
        for reader in self._readers:
            reader.put(event)

    async def _missed(self, after: str, job_id: int | None) -> list[StreamedEvent | None]:
        """What happened between a place and what the reader gives out from now on."""
        kept = list(self._kept)
        place = next((place for place, event in enumerate(kept) if event.cursor == after), None)
        if place is not None:
            return [event for event in kept[place + 1 :] if job_id in (None, event.job_id)]
        if after == self._cursor:
            return []
        if self._catching_up >= _MOST_CATCH_UPS:
            return [GAP]
        self._catching_up += 1
        try:
            return await self._catch_up(after, job_id, kept[-1].id if kept else None)
        finally:
            self._catching_up -= 1

    async def _catch_up(self, after: str, job_id: int | None, last: int | None) -> list[StreamedEvent | None]:
        """Reads on from a place, until what the common reader read last, or nothing more comes."""
        inboxes = Inboxes()
        stream = AsyncEventStream(self._store, None, job_id, after, inboxes)
        found: list[StreamedEvent | None] = []
        now = asyncio.get_running_loop().time
        end = now() + _CATCH_UP_PATIENCE
        try:
            async with asyncio.timeout_at(min(end, now() + _CATCH_UP_SILENCE)) as patience, stream:
                async for event in stream:
                    found.append(event)
                    if event.id == last:
                        break
                    if len(found) >= _MOST_BEHIND:
                        found.append(GAP)
                        break
                    patience.reschedule(min(end, now() + _CATCH_UP_SILENCE))
        except TimeoutError:
            if now() >= end:
                found.append(GAP)
        except (DataQueueError, ValueError):
            # The place is of another store, or what was behind it is gone.
            found.append(GAP)
        finally:
            stream.close()
            inboxes.close()
        return found
