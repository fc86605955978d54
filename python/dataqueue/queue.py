"""The queue for blocking code. Generated from `aio.py` by `scripts/twins.py`: edit that file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ._requests import Requests
from .arguments import Duration
from .config import Config
from .external import add_sync
from .filters import JobTypeFilter, RunAtFilter, StatusFilter, TagsFilter, member
from .handlers import JobHandlers
from .job_types import JobType
from .jobs import EditUpdates, Job
from .models import Durability, JobEvent, JobId, JobRecord, JobStatus, MigrationStep, TagMode
from .pool import Pool, PoolHandle
from .redis_client import RedisHandle

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from typing_extensions import Unpack

    from ._call import Call
    from ._core import Pending
    from ._session import Session
    from .processor import Processor

__all__ = ["JobQueue"]

P = TypeVar("P")
T = TypeVar("T")


class JobQueue:
    """A queue of jobs, for blocking code. `AsyncJobQueue` is the async twin, with the same methods.

    Connects when first used. Safe to use from several threads. A call waits without the GIL.
    """

    def __init__(self, config: Config | Pool | None = None, *, verbose: bool = False) -> None:
        """A queue on the store that a URL, a configuration or a shared pool names.

        Args:
            config: A URL (`postgresql://…`, `redis://…`, `sqlite:///jobs.db`), `PostgresConfig`, `RedisConfig`,
                `SqliteConfig`, or a pool from `create_pool`. Without it `$DATAQUEUE_URL`, then
                `$PG_DATAQUEUE_DATABASE`, then `sqlite:///dataqueue.db`.
            verbose: Logs what the engine does through the logger `dataqueue`.

        Raises:
            ConfigError: The URL or an option cannot be used.
        """
        self._requests = Requests(config, verbose)
        # The processors at work, which enter and leave by themselves.
        self._sessions: set[Session] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._requests.store.location}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the queue's connections, unless they are those of a shared pool.

        Processors of this queue that still run are stopped first: what has not started goes back, and handlers have
        five seconds to end. `stop_and_drain` gives them longer.
        """
        for session in list(self._sessions):
            from ._session import GRACE
            from .processor import Processor

            if not session.is_inherited:
                Processor._end(self, session, GRACE)
        self._result(self._requests.close())

    @overload
    def add_job(
        self,
        job_type: JobType[P],
        payload: P,
        *,
        priority: int | None = None,
        run_at: datetime | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        connection: Any = None,
    ) -> JobId: ...
    @overload
    def add_job(
        self,
        job_type: str,
        payload: Any,
        *,
        priority: int | None = None,
        run_at: datetime | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        connection: Any = None,
    ) -> JobId: ...
    def add_job(
        self,
        job_type: str | JobType[Any],
        payload: Any,
        *,
        priority: int | None = None,
        run_at: datetime | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        connection: Any = None,
    ) -> JobId:
        """Adds a job. Once this has returned, the job is stored durably.

        An option left out is that of the job type, or the default given here.

        Args:
            job_type: A decorated handler or a `JobType`, which check the payload's type, or a name.
            payload: The payload.
            priority: Higher runs first; 0 by default.
            run_at: When it may start, aware; now by default.
            max_attempts: How many times it is tried; 3 by default.
            timeout: How long its handler may run, in seconds; without limit by default.
            tags: Tags to find it by.
            idempotency_key: If a job has this key already, that job's id comes back and nothing is changed.
            retry_delay: The base delay before a retry. With none of the three retry options it is
                `2**attempts` minutes; with any of them `retry_delay * 2**(attempts-1)` with jitter, 60 s as its base.
            retry_backoff: False keeps the delay constant.
            retry_delay_max: The upper bound of the delay.
            connection: Your own open transaction on the same PostgreSQL database (psycopg, asyncpg or SQLAlchemy):
                the job exists if and only if it commits.

        Returns:
            The job's id, an int that also knows whether the job was `created`.

        Raises:
            PayloadError: The payload does not fit its type, or cannot be stored.
            UnsupportedBackend: `connection` was given and the store is not PostgreSQL.
            MigrationRequired: The tables are missing, or not where `connection` leads.
            TypeError: `connection` is not one that this twin takes.
            ValueError: An argument is out of its limits, or `connection` has no transaction; nothing was stored.
        """
        job: Job[Any] = Job(
            job_type,
            payload,
            priority=priority,
            run_at=run_at,
            max_attempts=max_attempts,
            timeout=timeout,
            tags=tags,
            idempotency_key=idempotency_key,
            retry_delay=retry_delay,
            retry_backoff=retry_backoff,
            retry_delay_max=retry_delay_max,
        )
        if connection is not None:
            return add_sync(connection, self._requests.add_outside([job]))[0]
        return self._result(self._requests.add_job(job))

    def add_jobs(self, jobs: Iterable[Job[Any]], *, connection: Any = None) -> list[JobId]:
        """Adds jobs in one round trip, all or none.

        Args:
            jobs: The jobs, with the options of `add_job`.
            connection: As for `add_job`.

        Returns:
            Their ids, in order.
        """
        if connection is not None:
            return add_sync(connection, self._requests.add_outside(jobs))
        return self._result(self._requests.add_jobs(jobs))

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
        from .filters import Tags

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
    ) -> int:
        """How many jobs meet all conditions, which are those of `get_jobs`."""
        conditions = {"job_type": job_type, "status": status, "priority": priority, "run_at": run_at, "tags": tags}
        return self._result(self._requests.count_jobs(**conditions))

    def get_job_events(self, job_id: int) -> list[JobEvent]:
        """The history of a job, oldest first; empty where there is no such job."""
        return self._result(self._requests.get_job_events(job_id))

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

    def retry_job(self, job_id: int) -> bool:
        """Makes a failed or cancelled job pending and due now; one that has used up its attempts gets one more.

        Returns:
            Whether it did: False for a job in another state, which stays as it is.
        """
        return self._result(self._requests.retry_job(job_id))

    def cancel_job(self, job_id: int) -> bool:
        """Cancels a job that is pending, waiting, or failed with a retry due.

        Returns:
            Whether it did: False for a job in another state, which stays as it is.
        """
        return self._result(self._requests.cancel_job(job_id))

    def edit_job(self, job_id: int, **updates: Unpack[EditUpdates]) -> bool:
        """Changes fields of a job that is pending, or failed with a retry due.

        What is left out stays; None clears `timeout`, `tags` and the retry options, and makes `run_at` now.

        Returns:
            Whether it did: False for a job in another state, which stays as it is.
        """
        return self._result(self._requests.edit_job(job_id, updates))

    def edit_all_pending_jobs(
        self,
        updates: EditUpdates,
        *,
        job_type: JobTypeFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
    ) -> int:
        """Changes fields of the pending jobs that meet all conditions; how many. Works in steps, each committed."""
        conditions = {"job_type": job_type, "priority": priority, "run_at": run_at, "tags": tags}
        return self._result(self._requests.edit_all(updates, **conditions))

    def cancel_all_upcoming_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
    ) -> int:
        """Cancels the jobs that wait to run, pending or for a retry, and meet all conditions; how many.

        Works in steps, each committed.
        """
        conditions = {"job_type": job_type, "priority": priority, "run_at": run_at, "tags": tags}
        return self._result(self._requests.cancel_all(**conditions))

    def retry_all_failed_jobs(
        self,
        *,
        job_type: JobTypeFilter | None = None,
        priority: int | None = None,
        run_at: RunAtFilter | None = None,
        tags: TagsFilter | None = None,
    ) -> int:
        """Makes failed jobs that meet all conditions pending and due now; how many. Works in steps, each committed."""
        conditions = {"job_type": job_type, "priority": priority, "run_at": run_at, "tags": tags}
        return self._result(self._requests.retry_all(**conditions))

    def cleanup_old_jobs(
        self, days_to_keep: float = 30, statuses: StatusFilter = ("completed", "failed", "cancelled")
    ) -> int:
        """Deletes jobs that ended and were not changed for so many days, with their events; how many.

        A failed job with a retry due is kept. Works in steps, each committed.
        """
        return self._result(self._requests.cleanup_old_jobs(days_to_keep, statuses))

    def cleanup_old_job_events(self, days_to_keep: float = 30) -> int:
        """Deletes events older than so many days; how many. Works in steps, each committed."""
        return self._result(self._requests.cleanup_old_job_events(days_to_keep))

    def reclaim_stuck_jobs(self, max_processing_minutes: float = 10) -> int:
        """Takes jobs back from workers that died; how many. Processors do this by themselves, much sooner.

        A job is stuck when its worker's lease has run out and was last renewed longer ago than the greater of
        `max_processing_minutes` and the job's own timeout. A living worker's job never is.
        """
        return self._result(self._requests.reclaim_stuck_jobs(max_processing_minutes))

    def migrate(self, to: int | None = None) -> list[MigrationStep]:
        """Brings the schema to the newest version, or to version `to`; what was done. Safe to repeat and to race."""
        return self._result(self._requests.migrate(to))

    def get_pool(self) -> PoolHandle:
        """The queue's PostgreSQL connections, for statements of your own.

        Raises:
            UnsupportedBackend: The queue is not on PostgreSQL.
        """
        return PoolHandle(self._requests.need("postgresql", "PostgreSQL", "get_pool"))

    def get_redis_client(self) -> RedisHandle:
        """The queue's Redis connections, for commands of your own.

        Raises:
            UnsupportedBackend: The queue is not on Redis.
        """
        return RedisHandle(self._requests.need("redis", "Redis", "get_redis_client"))

    def durability(self) -> Durability:
        """What survives a crash of the store, as its server is set up now, and what does not."""
        return self._result(self._requests.durability())

    def create_processor(
        self,
        handlers: JobHandlers | Mapping[str, Callable[..., Any]],
        *,
        worker_id: str | None = None,
        batch_size: int = 10,
        concurrency: int = 3,
        poll_interval: Duration = 5.0,
        job_type: JobTypeFilter | None = None,
        unhandled: Literal["leave", "fail"] = "leave",
        default_timeout: Duration | None = None,
        lease: Duration = 30.0,
        on_error: Callable[[Exception], object] | None = None,
        verbose: bool = False,
    ) -> Processor:
        """A processor, which claims jobs and runs them with these handlers. It does not start by itself.

        Args:
            handlers: `JobHandlers`, or a mapping from job types to functions.
            worker_id: The name under which its jobs are locked; host, process and a random part by default.
            batch_size: Most jobs in one claim.
            concurrency: Most handlers running at once.
            poll_interval: How often to look for jobs when nothing wakes it. New jobs wake it, so this is a fallback.
            job_type: Claim only these types, also without a handler (they fail with `no_handler`).
            unhandled: `fail` claims jobs of every type, and fails those without a handler.
            default_timeout: The time limit of jobs that have none.
            lease: How long a job stays with this worker when it dies. Renewed three times as often.
            on_error: Called with errors of the processor itself, on a thread of its own; they are logged by default.
            verbose: Logs what the engine does through the logger `dataqueue`.
        """
        from .processor import Processor

        return Processor(
            self,
            handlers,
            worker_id=worker_id,
            batch_size=batch_size,
            concurrency=concurrency,
            poll_interval=poll_interval,
            job_type=job_type,
            unhandled=unhandled,
            default_timeout=default_timeout,
            lease=lease,
            on_error=on_error,
            verbose=verbose,
        )

    def _result(self, call: Call[T]) -> T:
        return call.wait()

    def _answer(self, pending: Pending[T]) -> T:
        from ._call import Call

        call: Call[T] = Call(pending, lambda answer: answer)
        return self._result(call)
