"""Cron schedules: what a caller says about them, and what a queue answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

from .arguments import Duration, check_bool, check_name, datetime_of
from .filters import member
from .job_types import JobType, type_name
from .jobs import Job, edit_to_core
from .payload import encode_json

if TYPE_CHECKING:
    from ._core import EditDict, ScheduleEditDict, ScheduleTuple

__all__ = [
    "CronSchedule",
    "CronUpdates",
    "Missed",
    "ScheduleStatus",
    "check_times",
    "schedule_edit_to_core",
    "schedule_to_core",
]


class ScheduleStatus(StrEnum):
    """Whether a schedule adds jobs."""

    ACTIVE = "active"
    PAUSED = "paused"


class Missed(StrEnum):
    """What is done about ticks that came while no processor ran."""

    COALESCE = "coalesce"
    """One job for all of them."""
    SKIP = "skip"
    """No job for a tick that is more than a minute late."""
    ALL = "all"
    """A job for each; where jobs may not overlap, only while none is alive, so one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronSchedule:
    """A schedule as it was when it was read. Datetimes are in UTC.

    Attributes:
        id: Its id.
        schedule_name: The name that no other schedule has.
        cron_expression: When it is due.
        timezone: By which clocks.
        status: Whether it adds jobs.
        allow_overlap: Whether a tick adds a job while the one before is pending, processing or waiting.
        missed: What is done about missed ticks.
        job_type: The type of its jobs.
        payload: The payload of its jobs, decoded from JSON.
        priority: Higher runs first.
        max_attempts: How many times a job is tried.
        timeout: How long its handler may run.
        force_kill_on_timeout: Whether that runs in a process, which is killed then.
        tags: The tags of its jobs.
        retry_delay: The base delay before a retry.
        retry_backoff: Whether that delay doubles with each attempt.
        retry_delay_max: The upper bound of that delay.
        group_id: The group that its jobs belong to.
        group_tier: Their tier in that group.
        dead_letter_job_type: The type of the job that is added when one fails for good.
        expires_in: How long after its tick a job's first attempt may begin.
        keep_result_for: How long a job is kept after its end, where not for as long as others.
        next_run_at: Its next tick; of a paused one the tick before which it was paused.
        last_enqueued_at: When it last added a job.
        last_job_id: The last job that it added.
        created_at: When it was added.
        updated_at: When it was last changed; adding a job is a change too.
    """

    id: int
    schedule_name: str
    cron_expression: str
    timezone: str
    status: ScheduleStatus
    allow_overlap: bool
    missed: Missed
    job_type: str
    payload: Any
    priority: int
    max_attempts: int
    timeout: timedelta | None
    force_kill_on_timeout: bool
    tags: list[str]
    retry_delay: timedelta | None
    retry_backoff: bool | None
    retry_delay_max: timedelta | None
    group_id: str | None
    group_tier: str | None
    dead_letter_job_type: str | None
    expires_in: timedelta | None
    keep_result_for: timedelta | None
    next_run_at: datetime | None
    last_enqueued_at: datetime | None
    last_job_id: int | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> CronSchedule:
        """The record as the engine reports it."""
        values = dict(fields)
        milliseconds = values.pop("timeout_ms")
        values["timeout"] = None if milliseconds is None else timedelta(milliseconds=milliseconds)
        values["status"], values["missed"] = ScheduleStatus(values["status"]), Missed(values["missed"])
        values["payload"] = json.loads(values["payload"])
        for name in ("retry_delay", "retry_delay_max", "expires_in", "keep_result_for"):
            values[name] = None if values[name] is None else timedelta(seconds=values[name])
        for name in ("next_run_at", "last_enqueued_at", "created_at", "updated_at"):
            values[name] = None if values[name] is None else datetime_of(values[name])
        return cls(**values)


class CronUpdates(TypedDict, total=False):
    """New values for fields of a schedule. What is left out stays; None clears what a job need not have."""

    cron_expression: str
    timezone: str
    job_type: str | JobType[Any]
    payload: Any
    allow_overlap: bool
    missed: Missed | str
    priority: int
    max_attempts: int
    timeout: Duration | None
    force_kill_on_timeout: bool
    tags: Sequence[str] | None
    retry_delay: Duration | None
    retry_backoff: bool | None
    retry_delay_max: Duration | None


def schedule_to_core(
    schedule_name: str,
    cron_expression: str,
    job_type: str | JobType[Any],
    payload: Any,
    timezone: str,
    allow_overlap: bool,
    missed: Missed | str,
    **options: Any,
) -> ScheduleTuple:
    """A schedule as the engine takes it.

    Raises:
        PayloadError: The payload does not fit the type, or cannot be stored.
        TypeError: A value is of the wrong type.
        ValueError: A value is out of its limits.
    """
    return (
        check_name("schedule_name", schedule_name),
        _text("cron_expression", cron_expression),
        _text("timezone", timezone),
        check_bool("allow_overlap", allow_overlap),
        member("missed", Missed, missed).value,
        Job(job_type, payload, **options).to_core(),
    )


def check_times(cron_expression: str, timezone: str) -> None:
    """Reads an expression and a time zone.

    Raises:
        TypeError: One is not a str.
        ValueError: One cannot be read.
    """
    from ._core import cron_ticks

    cron_ticks(_text("cron_expression", cron_expression), _text("timezone", timezone), 0, 1)


def schedule_edit_to_core(updates: Mapping[str, Any]) -> tuple[ScheduleEditDict, EditDict]:
    """Updates as the engine takes them: of the schedule, and of its jobs.

    Raises:
        PayloadError: The payload does not fit the type given with it, or cannot be stored.
        TypeError: There is no such field, or a value is of the wrong type.
        ValueError: A value is out of its limits.
    """
    edit: ScheduleEditDict = {}
    of_jobs = dict(updates)
    for field in updates:
        if field not in CronUpdates.__annotations__:
            raise TypeError(
                f"edit_cron_job() cannot edit {field!r}: the fields are {', '.join(CronUpdates.__annotations__)}"
            )
    if "cron_expression" in of_jobs:
        edit["cron_expression"] = _text("cron_expression", of_jobs.pop("cron_expression"))
    if "timezone" in of_jobs:
        edit["timezone"] = _text("timezone", of_jobs.pop("timezone"))
    if "allow_overlap" in of_jobs:
        edit["allow_overlap"] = check_bool("allow_overlap", of_jobs.pop("allow_overlap"))
    if "missed" in of_jobs:
        edit["missed"] = member("missed", Missed, of_jobs.pop("missed")).value
    job_type = of_jobs.pop("job_type", None)
    if "job_type" in updates:
        edit["job_type"] = type_name("job_type", job_type)
    payload = None
    if "payload" in of_jobs:
        value = of_jobs.pop("payload")
        payload = job_type.codec.encode(value) if isinstance(job_type, JobType) else encode_json(value)
    job = edit_to_core(of_jobs, "edit_cron_job")
    if payload is not None:
        job["payload"] = payload
    return edit, job


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, not {type(value).__name__}: {value!r:.80}")
    return value
