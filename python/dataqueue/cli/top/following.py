"""Counting what completes and fails, by the stream of events: exact, however many jobs there are."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...errors import DataQueueError
from ...models import JobEventType, JobStatus

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...event_stream import EventStream
    from ...models import JobEvent

__all__ = ["Failure", "Following"]

_KEPT = 20
_PAUSE = 1.0
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure of a job.

    Attributes:
        id: The job's id.
        job_type: The job's type; None where the job is gone.
        at: When it failed.
        message: Why.
        will_retry: Whether it is tried again; None where that is not known.
    """

    id: int
    job_type: str | None
    at: datetime
    message: str
    will_retry: bool | None


class Following:
    """Follows the ends of jobs on a thread of its own."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._counts = {JobEventType.COMPLETED: 0, JobEventType.FAILED: 0}
        self._before = (time.monotonic(), 0, 0)
        self._failed: deque[tuple[JobEvent, Failure | None]] = deque(maxlen=_KEPT)
        self._earlier: list[Failure] = []
        self._ended = threading.Event()
        self._begun = threading.Event()
        self._stream: EventStream | None = None
        self._thread = threading.Thread(target=self._follow, name="dataqueue-top", daemon=True)

    def start(self) -> None:
        """Begins: what ends from now on is counted.

        Raises:
            DataQueueError: The store does not answer.
        """
        self._earlier = [
            Failure(job.id, job.job_type, job.last_failed_at or job.updated_at, _last_message(job), _retries(job))
            for job in self._queue.get_jobs(status=JobStatus.FAILED, limit=_KEPT)
        ]
        self._earlier.sort(key=lambda one: one.at, reverse=True)
        self._thread.start()
        self._begun.wait(_PATIENCE)
        self._before = (time.monotonic(), 0, 0)

    def stop(self) -> None:
        """Ends the thread."""
        self._ended.set()
        with self._lock:
            stream = self._stream
        if stream is not None:
            stream.close()
        self._thread.join(_PATIENCE)

    def rates(self) -> tuple[float, float]:
        """How many completed and how many failed in a second, since this was last asked."""
        with self._lock:
            now = (time.monotonic(), self._counts[JobEventType.COMPLETED], self._counts[JobEventType.FAILED])
        before, self._before = self._before, now
        span = max(now[0] - before[0], 0.001)
        return (now[1] - before[1]) / span, (now[2] - before[2]) / span

    def failures(self) -> list[Failure]:
        """The newest failures, the newest first."""
        with self._lock:
            events = list(self._failed)
        known = [failure or self._looked_up(event) for event, failure in events]
        with self._lock:
            for at, (event, _) in enumerate(self._failed):
                for failure in known:
                    if (failure.id, failure.at) == (event.job_id, event.created_at):
                        self._failed[at] = (event, failure)
        return [*reversed(known), *self._earlier][:_KEPT]

    def _looked_up(self, event: JobEvent) -> Failure:
        job = self._queue.get_job(event.job_id)
        metadata: Any = event.metadata if isinstance(event.metadata, dict) else {}
        return Failure(
            event.job_id,
            None if job is None else job.job_type,
            event.created_at,
            str(metadata.get("message", "")),
            metadata.get("will_retry"),
        )

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                with self._queue.events([*self._counts]) as stream:
                    with self._lock:
                        self._stream = stream
                    self._begun.set()
                    if self._ended.is_set():
                        return
                    self._take(stream)
            except DataQueueError:
                # The frames tell of a store that is away; this goes on when it is back.
                self._ended.wait(_PAUSE)

    def _take(self, stream: EventStream) -> None:
        for event in stream:
            with self._lock:
                self._counts[event.event_type] += 1
                if event.event_type == JobEventType.FAILED:
                    self._failed.append((event, None))


def _last_message(job: Any) -> str:
    return job.error_history[-1].message if job.error_history else ""


def _retries(job: Any) -> bool:
    return job.next_attempt_at is not None
