"""Reading jobs and their histories.

Generated from `dataqueue.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..arguments import Duration
from ..filters import JobTypeFilter, RunAtFilter, StatusFilter, TagsFilter, member
from ..models import JobEvent, JobRecord, JobStatus, TagMode
from .base import QueueBase

if TYPE_CHECKING:
    from ..job_types import JobType
    from ..metrics import Traffic


class Reading(QueueBase):
    """The methods that read."""

    def get_job(self, job_id: int) -> JobRecord | None:
        """The job of this id, None where there is none."""
        return self._result(self._requests.get_job(job_id))

    def get_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        status: StatusFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        cursor: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[JobRecord]:
        """The jobs that meet all conditions, newest first.

        Args:
            job_type: One type, or several of which one must fit.
            status: One status, or several.
            priority: This priority.
            run_at: A datetime for that very time, or `RunAt(...)`.
            tags: A list of tags that must all be there, or `Tags(values, mode)`.
            cursor: The id of the last job of the page before; quicker than `offset`, and not with it.
            limit: At most this many, up to 10,000.
            offset: Skip this many.
        """
        conditions = {"job_type": job_type, "status": status, "priority": priority, "run_at": run_at, "tags": tags}
        return self._result(self._requests.find(limit, offset, cursor, **conditions))

    def get_jobs_by_status(self, status: JobStatus | str, limit: int = 100, offset: int = 0) -> list[JobRecord]:
        """The jobs in this status, newest first."""
        return self._result(self._requests.find(limit, offset, None, status=status))

    def get_all_jobs(self, limit: int = 100, offset: int = 0) -> list[JobRecord]:
        """All jobs, newest first."""
        return self._result(self._requests.find(limit, offset, None))

    def get_jobs_by_tags(
        self, tags: Sequence[str], mode: TagMode | str = TagMode.ALL, limit: int = 100, offset: int = 0
    ) -> list[JobRecord]:
        """The jobs whose tags compare with these as `mode` says: `exact`, `all`, `any` or `none`; newest first."""
        from ..filters import Tags

        condition = Tags(tags, member("mode", TagMode, mode))
        return self._result(self._requests.find(limit, offset, None, tags=condition))

    def count_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        status: StatusFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        ids: Sequence[int] | None = None,
        most: int | None = None,
    ) -> int:
        """How many jobs meet all conditions, which are those of `get_jobs`.

        Args:
            job_type: One type, or several of which one must fit.
            status: One status, or several.
            priority: This priority.
            run_at: A datetime for that very time, or `RunAt(...)`.
            tags: A list of tags that must all be there, or `Tags(values, mode)`.
            ids: Only these jobs, a thousand at most.
            most: Counting stops at so many. Counting all of a large store takes as long as reading it.
        """
        conditions = {"job_type": job_type, "status": status, "priority": priority, "run_at": run_at, "tags": tags}
        return self._result(self._requests.count_jobs(most, ids=ids, **conditions))

    def get_job_events(self, job_id: int) -> list[JobEvent]:
        """The history of a job, oldest first; empty where there is no such job."""
        return self._result(self._requests.get_job_events(job_id))

    def get_traffic(self, span: Duration = 3600, *, job_type: str | JobType[Any] | None = None) -> Traffic:
        """What the whole fleet did lately, in steps of a minute or an hour: for charts.

        Processors tell the store every ten seconds or so, and when they drain: what one had not told when it was killed
        is missing here, and nowhere else. Minutes are kept for 48 hours, hours for 30 days. The cost is that of the
        steps and types asked for, however many jobs there were.

        Args:
            span: So far back from now, in seconds or as a timedelta: up to three hours by minutes, up to 30 days by
                hours.
            job_type: Of one type only.

        Raises:
            ValueError: The span is not positive, or longer than 30 days.
        """
        return self._result(self._requests.get_traffic(span, job_type))

    def wait_for_job(self, job_id: int, timeout: Duration | None = None, raise_on_failure: bool = False) -> JobRecord:
        """Waits until a job can change no more by itself: completed, cancelled, or failed with no retry due.

        Args:
            job_id: The job.
            timeout: How long to wait at most; without limit by default.
            raise_on_failure: Whether a job that did not complete raises `JobFailed`.

        Returns:
            The job as it ended.

        Raises:
            LookupError: There is no such job.
            TimeoutError: The time is up.
            JobFailed: It did not complete, and `raise_on_failure` is set.
        """
        return self._result(self._requests.wait_for_job(job_id, timeout, raise_on_failure))
