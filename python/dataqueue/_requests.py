"""What both twins of a queue do: arguments in, a call into the engine, and what makes a result of its answer."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._call import Call
from ._external_steps import ExternalSteps, external_steps
from ._looking import Looking
from .arguments import (
    check_bool,
    check_int,
    check_job_id,
    check_name,
    check_names,
    days_as_seconds,
    interval_of,
    minutes_as_seconds,
    seconds,
)
from .config import Config, open_store
from .errors import JobFailed, TokenNotFound, UnsupportedBackend
from .filters import StatusFilter, filter_to_core, member, page_to_core, statuses_to_core
from .flow import Paused
from .job_types import JobType, type_name
from .jobs import Job, edit_to_core
from .models import Durability, JobEvent, JobId, JobRecord, JobStatus, MigrationStep
from .payload import encode_json
from .pool import Pool
from .schedules import (
    CronSchedule,
    Missed,
    ScheduleStatus,
    schedule_edit_to_core,
    schedule_to_core,
)
from .tokens import Token, TokenTimeout, token_id, token_timeout

if TYPE_CHECKING:
    from ._core import Hooks, JobTuple, Store
    from .metrics import Traffic

__all__ = ["Requests"]


_WHY_NOT_OUTSIDE = {
    "redis": "it has no transaction of yours that a job could be part of",
    "sqlite": "a second library on the same SQLite file in one process can corrupt it",
}
_FINAL_STATUSES = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class Requests(Looking):
    """The calls of one queue. A verbose one logs what it changes, and never a payload."""

    def __init__(self, target: Config | Pool | Store | None, verbose: bool, hooks: Hooks) -> None:
        self.owns_store = not isinstance(target, Pool)
        store = target._store if isinstance(target, Pool) else open_store(target)
        self.store: Store = store.observed(hooks)
        self._verbose = verbose
        if verbose:
            from .logs import start

            start()

    def add_job(self, job: Job[Any]) -> Call[JobId]:
        call: Call[JobId] = Call(self.store.add([job.to_core()]), lambda added: JobId(*added[0]))
        return self._told(call, "add_job", job.job_type)

    def add_jobs(self, jobs: Iterable[Job[Any]]) -> Call[list[JobId]]:
        fields = _fields(jobs)
        if not fields:
            return Call(None, lambda _: [])
        call = Call(self.store.add(fields), lambda added: [JobId(*one) for one in added])
        return self._told(call, "add_jobs", f"{len(fields)} jobs", lambda ids: f"{ids[0]} to {ids[-1]}")

    def add_outside(self, jobs: Iterable[Job[Any]]) -> ExternalSteps:
        """The steps of adding on the caller's own connection."""
        if not self.store.external_transactions:
            raise UnsupportedBackend(
                f"connection= works with PostgreSQL only, and this queue is on {self.store.backend}: "
                f"{_WHY_NOT_OUTSIDE[self.store.backend]}; add the job after your transaction committed",
                backend=self.store.backend,
            )
        fields = _fields(jobs)
        if any(extras and "unique" in extras for *_, extras in fields):
            raise ValueError(
                "unique and debounce do not go with connection: the store keeps their rule by statements of its own. "
                "Add the job without connection, after your commit, or give it an idempotency_key"
            )
        return external_steps(self.store, fields)

    def get_job(self, job_id: int) -> Call[JobRecord | None]:
        return Call(self.store.get(check_job_id("job_id", job_id)), _record_or_none)

    def find(self, limit: int, offset: int, cursor: int | None, **filters: Any) -> Call[list[JobRecord]]:
        page = page_to_core(limit, offset, cursor)
        return Call(
            self.store.find(filter_to_core(**filters), *page),
            lambda rows: [JobRecord.from_core(row) for row in rows],
        )

    def count_jobs(self, most: int | None, **filters: Any) -> Call[int]:
        stop = None if most is None else check_int("most", most, 1, 2**31 - 1)
        return Call(self.store.count(filter_to_core(**filters), stop), int)

    def get_job_events(self, job_id: int) -> Call[list[JobEvent]]:
        pending = self.store.events(check_job_id("job_id", job_id))
        return Call(pending, lambda rows: [JobEvent.from_core(row) for row in rows])

    def get_traffic(self, span: Any, job_type: str | JobType[Any] | None) -> Call[Traffic]:
        from ._core import fleet_traffic
        from .metrics import LONGEST_SPAN, traffic_of

        length = seconds("span", span)
        if not 0 < length <= LONGEST_SPAN:
            raise ValueError(f"span is {length:g} seconds: it must be positive and at most {LONGEST_SPAN} (30 days)")
        name = None if job_type is None else type_name("job_type", job_type)
        return Call(fleet_traffic(self.store, length, name), traffic_of)

    def wait_for_job(self, job_id: int, timeout: Any, raise_on_failure: bool) -> Call[JobRecord]:
        job_id = check_job_id("job_id", job_id)
        limit = None if timeout is None else seconds("timeout", timeout)
        pending = self.store.wait_for_end(job_id, limit)
        return Call(pending, lambda row: _ended(job_id, limit, raise_on_failure, row))

    def results(self, job_ids: Sequence[int]) -> Call[list[Any]]:
        """The outputs of jobs, in the order asked for; None for one that has none, or is gone."""
        if not job_ids:
            return Call(None, lambda _: [])

        def outputs(rows: Any) -> list[Any]:
            found = {row["id"]: JobRecord.from_core(row).output for row in rows}
            return [found.get(job_id) for job_id in job_ids]

        return Call(self.store.get_many(list(job_ids)), outputs)

    def create_token(
        self, timeout: TokenTimeout | None, tags: Sequence[str] | None, job_id: int | None = None
    ) -> Call[Token]:
        span, labels = token_timeout(timeout), [] if tags is None else check_names("tags", tags)
        # From the system's source of randomness: whoever knows the id can complete the token.
        token = f"wp_{uuid.UUID(bytes=secrets.token_bytes(16), version=4)}"
        return Call(self.store.create_token(token, job_id, span, labels), Token.from_core)

    def complete_token(self, token: str | Token, data: Any) -> Call[bool]:
        name = token_id(token)
        output = None if data is None else encode_json(data, "the data of the token")
        return self._told(Call(self.store.complete_token(name, output), _completed(name)), "complete_token", "a token")

    def get_token(self, token: str | Token) -> Call[Token | None]:
        return Call(self.store.get_token(token_id(token)), lambda row: None if row is None else Token.from_core(row))

    def expire_timed_out_tokens(self) -> Call[int]:
        return self._told(Call(self.store.expire_tokens(), _count), "expire_timed_out_tokens", "all")

    def cleanup_old_tokens(self, days_to_keep: float) -> Call[int]:
        call = Call(self.store.prune_tokens(days_as_seconds("days_to_keep", days_to_keep)), _count)
        return self._told(call, "cleanup_old_tokens", days_to_keep)

    def expect_end(self, job_id: int) -> Call[JobRecord | None]:
        """The job as it is, having seen to it that a job that waits for its end will go on."""
        return Call(self.store.expect_end(job_id), _record_or_none)

    def set_paused(self, job_type: str | JobType[Any] | None, group: str | None, paused: bool) -> Call[bool]:
        from ._core import set_paused

        if job_type is not None and group is not None:
            raise ValueError("both job_type and group are named: pause or resume one after the other")
        kind = None if job_type is None else type_name("job_type", job_type)
        name = None if group is None else check_name("group", group)
        call = Call(set_paused(self.store, kind, name, paused), bool)
        return self._told(call, "pause" if paused else "resume", kind or name or "everything")

    def paused(self) -> Call[list[Paused]]:
        from ._core import paused

        return Call(paused(self.store), lambda pairs: [Paused.from_core(pair) for pair in pairs])

    def retry_job(self, job_id: int) -> Call[bool]:
        return self._told(Call(self.store.retry(check_job_id("job_id", job_id)), bool), "retry_job", job_id)

    def cancel_job(self, job_id: int, running: bool) -> Call[bool]:
        pending = self.store.cancel(check_job_id("job_id", job_id), check_bool("running", running))
        return self._told(Call(pending, bool), "cancel_job", job_id)

    def edit_job(self, job_id: int, updates: Mapping[str, Any]) -> Call[bool]:
        job_id = check_job_id("job_id", job_id)
        edit = edit_to_core(updates, "edit_job")
        return self._told(Call(self.store.edit(job_id, edit) if edit else None, bool), "edit_job", job_id)

    def edit_all(self, updates: Mapping[str, Any], **filters: Any) -> Call[int]:
        # A failed job whose retry is due can be edited too, but is not a pending one.
        conditions = filter_to_core(status=JobStatus.PENDING, **filters)
        edit = edit_to_core(updates, "edit_all_pending_jobs")
        call = Call(self.store.edit_all(conditions, edit) if edit else None, _count)
        return self._told(call, "edit_all_pending_jobs", conditions)

    def cancel_all(self, **filters: Any) -> Call[int]:
        conditions = filter_to_core(**filters)
        return self._told(Call(self.store.cancel_all(conditions), _count), "cancel_all_upcoming_jobs", conditions)

    def retry_all(self, rate: float | None, dry_run: bool, **filters: Any) -> Call[int]:
        conditions = filter_to_core(status=JobStatus.FAILED, **filters)
        every = None if rate is None else interval_of("rate", rate)
        if check_bool("dry_run", dry_run):
            return Call(self.store.count(conditions, None), int)
        return self._told(Call(self.store.retry_all(conditions, every), _count), "retry_all_failed_jobs", conditions)

    def cleanup_old_jobs(self, days_to_keep: float, statuses: StatusFilter) -> Call[int]:
        names = statuses_to_core("statuses", statuses)
        unfinished = sorted(set(names) - set(_FINAL_STATUSES))
        if unfinished:
            raise ValueError(f"statuses has {unfinished[0]!r}: only {', '.join(_FINAL_STATUSES)} jobs are cleaned up")
        call = Call(self.store.prune_jobs(days_as_seconds("days_to_keep", days_to_keep), names), _count)
        return self._told(call, "cleanup_old_jobs", days_to_keep)

    def cleanup_old_payloads(self, days_to_keep: float) -> Call[int]:
        call = Call(self.store.prune_payloads(days_as_seconds("days_to_keep", days_to_keep)), _count)
        return self._told(call, "cleanup_old_payloads", days_to_keep)

    def cleanup_old_job_events(self, days_to_keep: float) -> Call[int]:
        call = Call(self.store.prune_events(days_as_seconds("days_to_keep", days_to_keep)), _count)
        return self._told(call, "cleanup_old_job_events", days_to_keep)

    def reclaim_stuck_jobs(self, max_processing_minutes: float) -> Call[int]:
        span = minutes_as_seconds("max_processing_minutes", max_processing_minutes)
        return self._told(Call(self.store.reclaim_stuck(span), _count), "reclaim_stuck_jobs", max_processing_minutes)

    def add_cron_job(
        self,
        schedule_name: str,
        cron_expression: str,
        job_type: str | JobType[Any],
        payload: Any,
        timezone: str,
        allow_overlap: bool,
        missed: Missed | str,
        **options: Any,
    ) -> Call[int]:
        fields = schedule_to_core(
            schedule_name, cron_expression, job_type, payload, timezone, allow_overlap, missed, **options
        )
        return self._told(Call(self.store.add_schedule(fields), int), "add_cron_job", schedule_name)

    def edit_cron_job(self, schedule_id: int, updates: Mapping[str, Any]) -> Call[bool]:
        schedule_id = check_job_id("schedule_id", schedule_id)
        edit, job = schedule_edit_to_core(updates)
        pending = self.store.edit_schedule(schedule_id, edit, job) if edit or job else None
        return self._told(Call(pending, bool), "edit_cron_job", schedule_id)

    def remove_cron_job(self, schedule_id: int) -> Call[bool]:
        pending = self.store.remove_schedule(check_job_id("schedule_id", schedule_id))
        return self._told(Call(pending, bool), "remove_cron_job", schedule_id)

    def pause_cron_job(self, schedule_id: int) -> Call[bool]:
        pending = self.store.pause_schedule(check_job_id("schedule_id", schedule_id))
        return self._told(Call(pending, bool), "pause_cron_job", schedule_id)

    def resume_cron_job(self, schedule_id: int) -> Call[bool]:
        pending = self.store.resume_schedule(check_job_id("schedule_id", schedule_id))
        return self._told(Call(pending, bool), "resume_cron_job", schedule_id)

    def get_cron_job(self, schedule_id: int) -> Call[CronSchedule | None]:
        return Call(self.store.get_schedule(check_job_id("schedule_id", schedule_id)), _schedule_or_none)

    def get_cron_job_by_name(self, schedule_name: str) -> Call[CronSchedule | None]:
        name = check_name("schedule_name", schedule_name)
        return Call(self.store.get_schedule_by_name(name), _schedule_or_none)

    def list_cron_jobs(self, status: ScheduleStatus | str | None) -> Call[list[CronSchedule]]:
        wanted = None if status is None else member("status", ScheduleStatus, status).value
        return Call(self.store.list_schedules(wanted), lambda rows: [CronSchedule.from_core(row) for row in rows])

    def run_cron_job(self, schedule: int | str) -> Call[JobId | None]:
        from ._core import run_schedule

        given = check_name("schedule", schedule) if isinstance(schedule, str) else check_job_id("schedule", schedule)
        call = Call(run_schedule(self.store, given), lambda added: None if added is None else JobId(*added))
        return self._told(call, "run_cron_job", schedule)

    def enqueue_due_cron_jobs(self) -> Call[int]:
        return self._told(Call(self.store.fire_schedules(), int), "enqueue_due_cron_jobs", "")

    def migrate(self, to: int | None, adopt: bool) -> Call[list[MigrationStep]]:
        target = None if to is None else check_int("to", to, 0, 2**31 - 1)
        if adopt and target is not None:
            raise ValueError("adopt brings the schema to the newest version: leave out to")
        from ._core import adopt as take_over

        pending = take_over(self.need("postgresql", "PostgreSQL", "adopt")) if adopt else self.store.migrate(target)
        call = Call(pending, lambda steps: [MigrationStep(*step) for step in steps])
        return self._told(call, "migrate", "newest" if target is None else target, len)

    def durability(self) -> Call[Durability]:
        return Call(self.store.durability(), Durability.from_core)

    def need(self, backend: str, title: str, method: str) -> Store:
        """The store, if it is of this backend."""
        if self.store.backend != backend:
            raise UnsupportedBackend(
                f"{method}() is for {title}, and this queue is on {self.store.backend}",
                backend=self.store.backend,
            )
        return self.store

    def close(self) -> Call[None]:
        return Call(self.store.close() if self.owns_store else None, _nothing)


def _fields(jobs: Iterable[Job[Any]]) -> list[JobTuple]:
    if not isinstance(jobs, Iterable):
        raise TypeError(f"jobs must be a list of Job, not {type(jobs).__name__}: [Job(job_type, payload, ...), ...]")
    listed = list(jobs)
    for at, job in enumerate(listed):
        if not isinstance(job, Job):
            raise TypeError(f"jobs[{at}] must be a Job, not {type(job).__name__}: Job(job_type, payload, ...)")
    return [job.to_core() for job in listed]


def _completed(name: str) -> Callable[[bool | None], bool]:
    def convert(done: bool | None) -> bool:
        if done is None:
            raise TokenNotFound(f"there is no token {name!r}: it was never made, or was cleaned up")
        return done

    return convert


def _record_or_none(row: Any) -> JobRecord | None:
    return None if row is None else JobRecord.from_core(row)


def _schedule_or_none(row: Any) -> CronSchedule | None:
    return None if row is None else CronSchedule.from_core(row)


def _ended(job_id: int, limit: float | None, raise_on_failure: bool, row: Any) -> JobRecord:
    if row is None:
        raise LookupError(f"there is no job {job_id}: it was never added, or was cleaned up")
    job = JobRecord.from_core(row)
    if not job.is_final:
        raise TimeoutError(f"job {job_id} is still {job.status.value} after {limit:g} seconds")
    if raise_on_failure and job.status is not JobStatus.COMPLETED:
        raise JobFailed(job)
    return job


def _count(answer: int | None) -> int:
    return answer or 0


def _nothing(_answer: Any) -> None:
    return None
