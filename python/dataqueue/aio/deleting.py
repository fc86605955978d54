"""Deleting jobs."""

from __future__ import annotations

from collections.abc import Sequence

from ..filters import JobTypeFilter, RunAtFilter, StatusFilter, TagsFilter
from .base import AsyncQueueBase


class AsyncDeleting(AsyncQueueBase):
    """The methods that delete jobs for good."""

    async def delete_job(self, job_id: int) -> bool:
        """Deletes a job that does not run, with its events, its steps and its tokens.

        One that had not ended is cancelled before that, so that jobs which wait for it are cancelled too, with a
        reason, as for `cancel_job`.

        Returns:
            False where there is no such job, and for one that runs, which stays as it is.
        """
        return await self._result(self._requests.delete_job(job_id))

    async def delete_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        status: StatusFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        ids: Sequence[int] | None = None,
    ) -> int:
        """Deletes the jobs that meet all conditions, as `delete_job` does; how many. Works in steps, each committed.

        Without a condition it deletes every job that does not run.

        Args:
            job_type: Only jobs of this type, or of one of these.
            status: Only jobs in this status, or in one of these.
            priority: Only jobs of this priority.
            run_at: Only jobs that were to run at this time, or in this span.
            tags: Only jobs with these tags.
            ids: Only these jobs, a thousand at most.
        """
        conditions = {"job_type": job_type, "status": status, "priority": priority, "run_at": run_at, "tags": tags}
        return await self._result(self._requests.delete_jobs(ids=ids, **conditions))
