"""Adding jobs.

Generated from `dataqueue.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar, overload

from ..arguments import Duration
from ..dependencies import DependsOn
from ..external import add_sync
from ..groups import JobGroup
from ..job_types import JobType
from ..jobs import Job
from ..models import JobId
from ..unique import Unique
from ..workflows import Workflow, jobs_of
from .base import QueueBase

P = TypeVar("P")


class Adding(QueueBase):
    """The methods that add jobs."""

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
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        traceparent: str | None = None,
        unique: Unique | None = None,
        debounce: Duration | None = None,
        depends_on: DependsOn | None = None,
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
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        traceparent: str | None = None,
        unique: Unique | None = None,
        debounce: Duration | None = None,
        depends_on: DependsOn | None = None,
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
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        idempotency_key: str | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        traceparent: str | None = None,
        unique: Unique | None = None,
        debounce: Duration | None = None,
        depends_on: DependsOn | None = None,
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
            force_kill_on_timeout: Runs the handler in a process of its own, and kills that when its time is up; needs a
                `timeout`. See `docs/timeouts.md` for what such a handler must be.
            tags: Tags to find it by.
            idempotency_key: If a job has this key already, that job's id comes back and nothing is changed.
            retry_delay: The base delay before a retry. With none of the three retry options it is
                `2**attempts` minutes; with any of them `retry_delay * 2**(attempts-1)` with jitter, 60 s as its base.
            retry_backoff: False keeps the delay constant.
            retry_delay_max: The upper bound of the delay.
            group: The group that it belongs to, for limits and turns.
            dead_letter_job_type: The type of the job that is added when this one fails for good.
            expires_in: How long after it fell due its first attempt may begin; if that is late, the job is cancelled.
            keep_result_for: How long it is kept after its end, where not for as long as others.
            traceparent: The trace that it belongs to, in the form of the W3C's Trace Context. By default that of the
                active span, if OpenTelemetry is installed.
            unique: A rule by which it is added only where no other of its kind counts.
            debounce: Puts it off to so long after the last add of its kind, whose payload counts: a job that has not
                begun gets that, and its id is answered. Jobs of a kind have the type in common, or what `unique` says.
            depends_on: What it waits for before it runs; see `docs/workflows.md`.
            connection: Your own open transaction on the same PostgreSQL database (psycopg, asyncpg or SQLAlchemy):
                the job exists if and only if it commits.

        Returns:
            The job's id, an int that also knows whether the job was `created`.

        Raises:
            PayloadError: The payload does not fit its type, or cannot be stored.
            UnsupportedBackend: `connection` was given and the store is not PostgreSQL.
            DependencyError: What it is to wait for does not exist; nothing was stored.
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
            force_kill_on_timeout=force_kill_on_timeout,
            tags=tags,
            idempotency_key=idempotency_key,
            retry_delay=retry_delay,
            retry_backoff=retry_backoff,
            retry_delay_max=retry_delay_max,
            group=group,
            dead_letter_job_type=dead_letter_job_type,
            expires_in=expires_in,
            keep_result_for=keep_result_for,
            traceparent=traceparent,
            unique=unique,
            debounce=debounce,
            depends_on=depends_on,
        )
        if connection is not None:
            return add_sync(connection, self._requests.add_outside([job]))[0]
        return self._added(self._requests.add_job(job))

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
        return self._added(self._requests.add_jobs(jobs))

    def add_workflow(self, workflow: Workflow | Job[Any], *, connection: Any = None) -> list[JobId]:
        """Adds the jobs of a workflow in one call, all or none, each to wait for those before it.

        Args:
            workflow: What `chain`, `group` or `chord` made.
            connection: As for `add_job`.

        Returns:
            The ids of its jobs, in the order in which they are written in it.

        Raises:
            DependencyError: A job waits for one that does not exist, for too many, or in a ring; nothing was stored.
        """
        return self.add_jobs(jobs_of(workflow), connection=connection)
