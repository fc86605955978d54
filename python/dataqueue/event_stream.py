"""Streams of the stored events, of all processes, as they are written."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ._call import Call
from ._core import EventTail
from .arguments import check_int, check_job_id
from .filters import member
from .models import JobEvent, JobEventType, StreamedEvent

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._core import Pending, Store
    from ._inbox import Inboxes

__all__ = ["AsyncEventStream", "EventStream", "EventTypeFilter"]

EventTypeFilter: TypeAlias = "JobEventType | str | Sequence[JobEventType | str]"
"""One type of event, or several of which any will do."""

_ANY = 2**63 - 1


class _Stream:
    """What both twins share: where they are, and what was read ahead."""

    def __init__(
        self,
        store: Store,
        types: EventTypeFilter | None,
        job_id: int | None,
        after: JobEvent | str | int | None,
    ) -> None:
        self._tail = EventTail(store, _names(types), None if job_id is None else check_job_id("job_id", job_id))
        # Up to where events were read, and up to where they were given out.
        self._read = self._given = _place(after)
        self._ahead: deque[StreamedEvent] = deque()
        self._pending: Pending[Any] | None = None
        self._closed = False

    @property
    def cursor(self) -> str | None:
        """Where this stream is, for `after=` of one that is to go on from here; None before it has begun."""
        return self._given if isinstance(self._given, str) else None

    def close(self) -> None:
        """Ends the stream, from any thread: whoever waits for its next event is told that there is none."""
        self._closed = True
        pending = self._pending
        if pending is not None:
            pending.give_up()

    def _ask(self) -> Call[bool]:
        """Reads more, from where it is; whether the stream goes on."""
        pending = self._pending = self._tail.next(self._read)
        if self._closed:
            pending.give_up()
        return Call(pending, self._take)

    def _take(self, answer: Any) -> bool:
        self._pending = None
        if answer is None or self._closed:
            return False
        events, place = answer
        if self._given is self._read and not events:
            self._given = place
        self._read = place
        self._ahead.extend(StreamedEvent.placed(fields, cursor) for fields, cursor in events)
        return True

    def _next(self) -> StreamedEvent:
        event = self._ahead.popleft()
        # Behind the last of what was read, all that was looked at and left out is passed over too.
        self._given = event.cursor if self._ahead else self._read
        return event

    @property
    def _has_begun(self) -> bool:
        return self._read is not None


class EventStream(_Stream):
    """An iterator of events, from `JobQueue.events`. It waits for the next one, so it ends only when it is closed."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamedEvent:
        while not self._ahead:
            if self._closed or not self._ask().wait():
                raise StopIteration
        return self._next()

    def __enter__(self) -> Self:
        """Begins: what is written from now on is not missed."""
        if not self._has_begun and not self._closed:
            self._ask().wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncEventStream(_Stream):
    """An async iterator of events, from `AsyncJobQueue.events`. It ends only when it is closed."""

    def __init__(
        self,
        store: Store,
        types: EventTypeFilter | None,
        job_id: int | None,
        after: JobEvent | str | int | None,
        inboxes: Inboxes,
    ) -> None:
        super().__init__(store, types, job_id, after)
        self._inboxes = inboxes

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamedEvent:
        while not self._ahead:
            if self._closed or not await self._inboxes.result(self._ask()):
                raise StopAsyncIteration
        return self._next()

    async def __aenter__(self) -> Self:
        """Begins: what is written from now on is not missed."""
        if not self._has_begun and not self._closed:
            await self._inboxes.result(self._ask())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def aclose(self) -> None:
        """As `close`, for `contextlib.aclosing`."""
        self.close()


def _names(types: EventTypeFilter | None) -> list[str]:
    if types is None:
        return []
    given = [types] if isinstance(types, str) else list(types)
    if not given:
        raise ValueError("types is empty: leave it out for events of every type")
    return [member("types", JobEventType, one).value for one in given]


def _place(after: JobEvent | str | int | None) -> str | int | None:
    if isinstance(after, StreamedEvent):
        return after.cursor
    if isinstance(after, JobEvent):
        return after.id
    if after is None or isinstance(after, str):
        return after
    return check_int("after", after, 0, _ANY)
