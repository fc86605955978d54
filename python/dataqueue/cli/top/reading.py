"""What a frame of `dataqueue top` shows, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from ...models import JobRecord, JobStatus
from .following import Failure, Following

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...flow import Paused
    from ...inspection import Count, TypeDepth

__all__ = ["Frame", "Reader", "RunningJob"]

_RUNNING = 100
_TYPES = 12


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
        counts: How many jobs are in each status.
        types: The types that may be claimed, those first whose oldest job has been due for longest.
        completed_per_second: How many complete, since the frame before.
        failed_per_second: How many attempts fail, since the frame before.
        running: The jobs that run, the longest first, out of the newest hundred.
        failures: The newest failures, the newest first.
        paused: What is paused.
    """

    at: datetime
    store: str
    counts: dict[str, Count]
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
        overview = self._queue.get_overview()
        completed, failed = self._following.rates()
        now = datetime.now(UTC)
        return Frame(
            at=now,
            store=self._queue._requests.store.location,
            counts={status.value: count for status, count in overview.counts.items()},
            types=overview.types[:_TYPES],
            completed_per_second=completed,
            failed_per_second=failed,
            running=sorted((_running(job, now) for job in running), key=lambda job: -job.running_for),
            failures=self._following.failures(),
            paused=overview.paused,
        )


def _running(job: JobRecord, now: datetime) -> RunningJob:
    since = job.locked_at or job.updated_at
    span = max((now - since).total_seconds(), 0.0)
    return RunningJob(job.id, job.job_type, job.locked_by, span, job.attempts, job.progress)
