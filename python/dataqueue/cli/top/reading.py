"""What a frame of `dataqueue top` shows, and how it is read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from ...errors import BackendUnavailable
from ...models import JobRecord, JobStatus
from .following import Failure, Following

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...flow import Paused

__all__ = ["Frame", "Reader", "RunningJob", "TypeDepth"]

_RUNNING = 100
_LOOKED_AT = 500
_TYPES = 12
# Counting takes no more than a tenth of the store's time, however many jobs there are.
_SHARE = 10


@dataclass(frozen=True, slots=True)
class TypeDepth:
    """How many jobs of a type there are.

    Attributes:
        job_type: The type.
        pending: Those that wait to run, due or not; None where the store could not count them in time.
        processing: Those that run; None likewise.
    """

    job_type: str
    pending: int | None
    processing: int | None


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs.

    Attributes:
        id: Its id.
        job_type: Its type.
        locked_by: The worker that runs it.
        running_for: For how many seconds.
        attempt: Which attempt it is.
        progress: What its handler reported, in percent.
    """

    id: int
    job_type: str
    locked_by: str | None
    running_for: float
    attempt: int
    progress: int | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What is so at a moment.

    Attributes:
        at: The moment.
        store: The store, without its password.
        counts: How many jobs are in each status; None where the store could not count them in time.
        counted_at: When they were counted.
        types: The deepest types among the newest jobs that wait or run.
        completed_per_second: How many complete, since the frame before.
        failed_per_second: How many attempts fail, since the frame before.
        running: The jobs that run, the longest first, out of the newest hundred.
        failures: The newest failures, the newest first.
        paused: What is paused.
    """

    at: datetime
    store: str
    counts: dict[str, int | None]
    counted_at: datetime
    types: list[TypeDepth]
    completed_per_second: float
    failed_per_second: float
    running: list[RunningJob]
    failures: list[Failure]
    paused: list[Paused]


class Reader:
    """Reads frames of a queue. Its stream of events begins when it is entered."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._following = Following(queue)
        self._counts: tuple[dict[str, int | None], list[TypeDepth]] = ({}, [])
        self._counted_at = datetime.min.replace(tzinfo=UTC)
        self._count_again = 0.0

    def __enter__(self) -> Self:
        self._following.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._following.stop()

    def read(self) -> Frame:
        """The next frame.

        Raises:
            DataQueueError: The store did not answer.
        """
        running = self._queue.get_jobs(status=JobStatus.PROCESSING, limit=_RUNNING)
        began = time.monotonic()
        if began >= self._count_again:
            self._counts = self._count(running)
            self._counted_at = datetime.now(UTC)
            self._count_again = began + (time.monotonic() - began) * _SHARE
        completed, failed = self._following.rates()
        now = datetime.now(UTC)
        return Frame(
            at=now,
            store=self._queue._requests.store.location,
            counts=self._counts[0],
            counted_at=self._counted_at,
            types=self._counts[1],
            completed_per_second=completed,
            failed_per_second=failed,
            running=sorted((_running(job, now) for job in running), key=lambda job: -job.running_for),
            failures=self._following.failures(),
            paused=self._queue.paused(),
        )

    def _count(self, running: list[JobRecord]) -> tuple[dict[str, int | None], list[TypeDepth]]:
        counts = {status.value: self._how_many(status) for status in JobStatus}
        pending = self._queue.get_jobs(status=JobStatus.PENDING, limit=_LOOKED_AT)
        names = list(dict.fromkeys(job.job_type for job in (*running, *pending)))[:_TYPES]
        types = [TypeDepth(name, *(self._how_many(status, name) for status in _DEPTH)) for name in names]
        return counts, sorted(types, key=lambda one: (-(one.pending or 0) - (one.processing or 0), one.job_type))

    def _how_many(self, status: JobStatus, job_type: str | None = None) -> int | None:
        try:
            return self._queue.count_jobs(job_type=job_type, status=status)
        except BackendUnavailable:
            return None


_DEPTH = (JobStatus.PENDING, JobStatus.PROCESSING)


def _running(job: JobRecord, now: datetime) -> RunningJob:
    since = job.locked_at or job.updated_at
    span = max((now - since).total_seconds(), 0.0)
    return RunningJob(job.id, job.job_type, job.locked_by, span, job.attempts, job.progress)
