"""How far the work on a store has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataqueue import JobQueue

__all__ = ["has_done", "is_done"]

UNDONE = ["pending", "processing", "waiting"]


def is_done(queue: JobQueue) -> Callable[[], bool]:
    """Whether no job is left that will run."""

    def look() -> bool:
        if queue.count_jobs(status=UNDONE):
            return False
        return all(job.next_attempt_at is None for job in queue.get_jobs(status="failed", limit=1000))

    return look


def has_done(queue: JobQueue, count: int) -> Callable[[], bool]:
    """Whether so many jobs are completed."""
    return lambda: queue.count_jobs(status="completed") >= count
