"""Streams of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models import JobEvent
from .base import AsyncQueueBase

if TYPE_CHECKING:
    from ..event_stream import AsyncEventStream, EventTypeFilter


class AsyncEvents(AsyncQueueBase):
    """The method that follows what happens in the store, whoever does it."""

    def events(
        self,
        types: EventTypeFilter | None = None,
        job_id: int | None = None,
        after: JobEvent | str | int | None = None,
    ) -> AsyncEventStream:
        """The stored events of all jobs, as they are written by any process: an iterator that waits for the next one.

        It begins when it is first asked for an event, or entered as a context manager, and gives each event once, in an
        order in which those of one job are as they happened; also when a connection is lost meanwhile.

        Args:
            types: Events of these types only.
            job_id: Events of this job only.
            after: Where to begin. The `cursor` of an event of a stream, or that event, goes on behind it without a gap;
                the id of an event begins with all that are kept and have a greater one, 0 with all that are kept. By
                default it begins now.

        Raises:
            ValueError: There is no such type of event; later, that `after` is no cursor of this store.
            EventGap: On Redis, which keeps events for streams for a while only, those behind `after` are gone.
        """
        from ..event_stream import AsyncEventStream

        return AsyncEventStream(self._requests.store, types, job_id, after, self._inboxes)
