"""Looking at a queue: at a glance, at its workers, its limits and its tokens, and through its jobs."""

from __future__ import annotations

from collections.abc import Sequence

from ..filters import JobTypeFilter, RunAtFilter, StatusFilter, TagsFilter
from ..inspection import GroupRecord, JobPage, Overview, TypeLimit, WorkerRecord
from ..models import JobId
from ..tokens import Token, TokenStatus
from .base import AsyncQueueBase


class AsyncInspecting(AsyncQueueBase):
    """The methods that show what there is, each at a bounded cost however many jobs there are."""

    async def get_overview(self) -> Overview:
        """The queue at a glance: how many jobs there are of each status and type, the lag, the workers, what is paused.

        On PostgreSQL and SQLite counting stops at 10,000 jobs of a status and 1,000 of a type, and a `Count` says so;
        completed jobs beyond that are estimated on PostgreSQL from its statistics. Redis knows every number.
        """
        return await self._result(self._requests.get_overview())

    async def get_workers(self, cursor: int | None = None, limit: int = 100) -> list[WorkerRecord]:
        """The registered workers, by growing id: those that live, and those whose death nobody has noticed yet.

        Args:
            cursor: The id of the last worker of the page before.
            limit: At most this many, up to 10,000.
        """
        return await self._result(self._requests.get_workers(cursor, limit))

    async def drain_worker(self, worker_id: int) -> bool:
        """Asks a worker of the fleet to drain: it claims no more, ends what it runs, gives back the rest, and stops.

        It learns of it with its next renewal, of which it is told at once where its connection is told of anything.
        `dataqueue worker` then ends with exit code 0, with its `--drain-timeout`; a processor that was started in the
        background gives what runs as long as it needs. There is no way back.

        Args:
            worker_id: `WorkerRecord.id`.

        Returns:
            False where no such worker lives.
        """
        return await self._result(self._requests.drain_worker(worker_id))

    async def get_groups(self, cursor: str | None = None, limit: int = 100) -> list[GroupRecord]:
        """The groups of which something is counted or paused, by id.

        Args:
            cursor: The id of the last group of the page before.
            limit: At most this many, up to 10,000.
        """
        return await self._result(self._requests.get_groups(cursor, limit))

    async def get_limits(self) -> list[TypeLimit]:
        """The job types that have a limit, a rate or a pause, by name."""
        return await self._result(self._requests.get_limits())

    async def get_tokens(
        self,
        status: TokenStatus | str | None = None,
        cursor: str | Token | None = None,
        limit: int = 100,
    ) -> list[Token]:
        """Tokens, newest first.

        Args:
            status: Only those of this status. One whose time was up a moment ago may be in neither list for as long as
                no processor has marked it.
            cursor: The last token of the page before, or its id.
            limit: At most this many, up to 10,000.

        Raises:
            ValueError: The token of the cursor is gone.
        """
        return await self._result(self._requests.get_tokens(status, cursor, limit))

    async def search_jobs(
        self,
        *,
        text: str | None = None,
        error: str | None = None,
        group: str | None = None,
        created_at: RunAtFilter | None = None,
        dead_lettered: bool | None = None,
        job_type: JobTypeFilter | None = None,
        status: StatusFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
        ids: Sequence[int] | None = None,
        cursor: int | None = None,
        limit: int = 50,
    ) -> JobPage:
        """Looks through jobs, newest first, for what no index knows.

        One call looks at 5,000 jobs at most, and tells by `JobPage.cursor` where to go on. Jobs of other types and, but
        for completed ones, of other statuses are not among those that it looks at.

        Args:
            text: A part of a key, a text or a number in the payload. Letters from A to Z are the same in either case;
                all others must be as they stand there.
            error: A part of the message of one of the errors that are kept, in the same way.
            group: The id of the job's group.
            created_at: When it was added: a datetime for that very time, or `RunAt(...)`.
            dead_lettered: Whether it failed for good and left a dead letter.
            job_type: As in `get_jobs`, like the next four.
            status: One status, or several.
            priority: This priority.
            run_at: When it is due.
            tags: By its tags.
            ids: One of these, a thousand at most.
            cursor: The cursor of the page before.
            limit: At most this many jobs.
        """
        conditions = {"job_type": job_type, "status": status, "priority": priority, "run_at": run_at, "tags": tags}
        request = self._requests.search_jobs(
            text, error, group, created_at, dead_lettered, cursor, limit, ids=ids, **conditions
        )
        return await self._result(request)

    async def get_dependents(self, job_id: int, limit: int = 100) -> list[JobId]:
        """The jobs that wait for this one before they run, by growing id; of those that wait for tags, the ones for
        which it stands.

        Args:
            job_id: The job.
            limit: At most this many, up to 10,000.
        """
        return await self._result(self._requests.get_dependents(job_id, limit))
