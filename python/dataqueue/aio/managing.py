"""Changing jobs: retry, cancel, edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..filters import JobTypeFilter, RunAtFilter, TagsFilter
from ..jobs import EditUpdates
from .base import AsyncQueueBase

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AsyncManaging(AsyncQueueBase):
    """The methods that change jobs."""

    async def retry_job(self, job_id: int) -> bool:
        """Makes a failed or cancelled job pending and due now; one that has used up its attempts gets one more.

        It forgets its dead letter, which stays; should it fail for good again, it gets another.

        Returns:
            Whether it did: False for a job in another state, which stays as it is.
        """
        return await self._result(self._requests.retry_job(job_id))

    async def cancel_job(self, job_id: int, *, running: bool = False) -> bool:
        """Cancels a job that is pending, waiting, or failed with a retry due.

        Args:
            job_id: The job.
            running: Asks for it where the job runs: `cancel_requested_at` is set, once, and its worker is told, at the
                next renewal of its lease at the latest. An `async def` handler is cancelled, a `def` handler told
                through its signal, a process killed. The job is `cancelled` when the handler has stopped, and does not
                run again however it ends; one that returns all the same has completed it.

        Returns:
            Whether it changed anything: False for a job in another state, and for one that was asked for already.
        """
        return await self._result(self._requests.cancel_job(job_id, running))

    async def edit_job(self, job_id: int, **updates: Unpack[EditUpdates]) -> bool:
        """Changes fields of a job that is pending, or failed with a retry due.

        What is left out stays; None clears `timeout`, `tags` and the retry options, and makes `run_at` now.
        `force_kill_on_timeout` goes with the timeout.

        Returns:
            Whether it did: False for a job in another state, which stays as it is.
        """
        return await self._result(self._requests.edit_job(job_id, updates))

    async def edit_all_pending_jobs(
        self,
        updates: EditUpdates,
        *,
        job_type: JobTypeFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        ids: Sequence[int] | None = None,
    ) -> int:
        """Changes fields of the pending jobs that meet all conditions; how many. Works in steps, each committed.

        `ids` names a thousand of them at most.
        """
        conditions = {"job_type": job_type, "priority": priority, "run_at": run_at, "tags": tags}
        return await self._result(self._requests.edit_all(updates, ids=ids, **conditions))

    async def cancel_all_upcoming_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        ids: Sequence[int] | None = None,
    ) -> int:
        """Cancels the jobs that wait to run, pending or for a retry, and meet all conditions; how many.

        `ids` names a thousand of them at most. Works in steps, each committed.
        """
        conditions = {"job_type": job_type, "priority": priority, "run_at": run_at, "tags": tags}
        return await self._result(self._requests.cancel_all(ids=ids, **conditions))

    async def retry_all_failed_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        ids: Sequence[int] | None = None,
        rate: float | None = None,
        dry_run: bool = False,
    ) -> int:
        """Makes failed jobs that meet all conditions pending. Works in steps, each committed.

        Args:
            job_type: Only jobs of this type, or of one of these.
            priority: Only jobs of this priority.
            run_at: Only jobs that were to run at this time, or in this span.
            tags: Only jobs with these tags.
            ids: Only these jobs, a thousand at most.
            rate: How many of them fall due in a second, one after another in the order of their ids; by default all are
                due now.
            dry_run: Counts, and changes nothing.

        Returns:
            How many.
        """
        conditions = {"job_type": job_type, "priority": priority, "run_at": run_at, "tags": tags}
        return await self._result(self._requests.retry_all(rate, dry_run, ids=ids, **conditions))
