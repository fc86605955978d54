"""Looking at what is still to run.

Generated from `dataqueue.testing.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...arguments import datetime_of
from ...blocking import JobQueue
from .._matching import fitting, listed, plain, told

if TYPE_CHECKING:
    from datetime import datetime

    from ...filters import JobTypeFilter, RunAtFilter, TagsFilter
    from ...models import JobRecord

_PAGE = 10_000


class Asserting(JobQueue):
    """The methods that compare what is in the queue with what a test expects."""

    def now(self) -> datetime:
        """What the queue's clock shows."""
        return datetime_of(self._requests.store.now())

    def enqueued(
        self,
        job_type: JobTypeFilter | None = None,
        *,
        payload: Any = ...,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
    ) -> list[JobRecord]:
        """The jobs that are still to run and meet all conditions, oldest first.

        These are pending, waiting, failed with a retry due, or running. For jobs that have ended there is `get_jobs`.

        Args:
            job_type: One type, or several of which one must fit.
            payload: A value, compared as JSON. Of a dict, or an object within one, only the keys given are compared.
            priority: This priority.
            run_at: A datetime for that very time, or `RunAt(...)`.
            tags: A list of tags that must all be there, or `Tags(values, mode)`.
        """
        wanted = plain(payload, job_type)
        return fitting(self._all(job_type=job_type, priority=priority, run_at=run_at, tags=tags), wanted)

    def assert_enqueued(
        self,
        job_type: JobTypeFilter | None = None,
        *,
        payload: Any = ...,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        count: int | None = None,
    ) -> list[JobRecord]:
        """Asserts that such jobs are still to run: one at least, or exactly `count`.

        The conditions are those of `enqueued`.

        Returns:
            The jobs, oldest first.

        Raises:
            AssertionError: They are not. The message lists the jobs that are in the queue.
        """
        conditions = {"payload": payload, "priority": priority, "run_at": run_at, "tags": tags}
        found = self.enqueued(job_type, **conditions)
        if found if count is None else len(found) == count:
            return found
        expected = "a job is" if count is None else f"{count} jobs are"
        text = f"expected that {expected} enqueued{told({'job_type': job_type, **conditions})}: found {len(found)}"
        raise AssertionError(f"{text}\n{self._listed()}")

    def refute_enqueued(
        self,
        job_type: JobTypeFilter | None = None,
        *,
        payload: Any = ...,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
    ) -> None:
        """Asserts that no such job is still to run. The conditions are those of `enqueued`.

        Raises:
            AssertionError: One is. The message lists the jobs that are in the queue.
        """
        conditions = {"payload": payload, "priority": priority, "run_at": run_at, "tags": tags}
        found = self.enqueued(job_type, **conditions)
        if found:
            text = f"expected that no job is enqueued{told({'job_type': job_type, **conditions})}: found {len(found)}"
            raise AssertionError(f"{text}\n{self._listed()}")

    def _listed(self) -> str:
        return listed(self._all(), self.now())

    def _all(self, **conditions: Any) -> list[JobRecord]:
        """All jobs that meet the conditions, newest first."""
        jobs: list[JobRecord] = []
        page = self.get_jobs(**conditions, limit=_PAGE)
        while page:
            jobs += page
            page = self.get_jobs(**conditions, limit=_PAGE, cursor=page[-1].id)
        return jobs
