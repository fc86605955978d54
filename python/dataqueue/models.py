"""What a queue answers: jobs, events and their enums."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from .arguments import datetime_of

__all__ = [
    "Durability",
    "ErrorEntry",
    "FailureReason",
    "JobEvent",
    "JobEventType",
    "JobId",
    "JobRecord",
    "JobStatus",
    "MigrationStep",
    "StreamedEvent",
    "TagMode",
]


class JobStatus(StrEnum):
    """The states of a job."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WAITING = "waiting"


class JobEventType(StrEnum):
    """What can happen to a job."""

    ADDED = "added"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    EDITED = "edited"
    PROLONGED = "prolonged"
    WAITING = "waiting"
    RECLAIMED = "reclaimed"


class FailureReason(StrEnum):
    """Why a job failed."""

    TIMEOUT = "timeout"
    HANDLER_ERROR = "handler_error"
    NO_HANDLER = "no_handler"
    LOST = "lost"
    """Its worker died, or the process of its handler."""


class TagMode(StrEnum):
    """How a job's tags are compared with the tags asked for, as sets."""

    EXACT = "exact"
    """The job has these tags and no others."""
    ALL = "all"
    """The job has all of these tags."""
    ANY = "any"
    """The job has at least one of these tags."""
    NONE = "none"
    """The job has none of these tags; untagged jobs match."""


class JobId(int):
    """The id of a job that was added.

    Attributes:
        created: False when an existing job was found instead, by its idempotency key or a rule (`Unique`).
    """

    created: bool = True

    def __new__(cls, value: int, created: bool = True) -> Self:
        """An id; ids from elsewhere count as created."""
        job_id = super().__new__(cls, value)
        # Where it is true the class says so: a large batch would make a dictionary for each id.
        if not created:
            job_id.created = False
        return job_id

    def __getnewargs__(self) -> tuple[int, bool]:  # type: ignore[override]
        return int(self), self.created


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One failure of a job.

    Attributes:
        message: The error's message.
        type: The name of the exception's class, where there was one.
        traceback: The traceback, shortened if long.
        attempt: The attempt that failed.
        timestamp: When, in UTC.
    """

    message: str
    type: str | None
    traceback: str | None
    attempt: int | None
    timestamp: datetime | None

    @classmethod
    def _from_json(cls, entry: Mapping[str, Any]) -> ErrorEntry:
        at = entry.get("timestamp")
        return cls(
            message=str(entry.get("message", "")),
            type=entry.get("type"),
            traceback=entry.get("traceback"),
            attempt=entry.get("attempt"),
            timestamp=datetime.fromisoformat(at) if isinstance(at, str) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as it was when it was read. Datetimes are in UTC.

    Attributes:
        id: The id, growing with the order of adding.
        job_type: The type, by which a handler is found.
        payload: The payload, decoded from JSON.
        status: The state.
        created_at: When it was added.
        updated_at: When it was last changed.
        locked_at: When its running attempt began, or was last prolonged.
        locked_by: The worker that runs it.
        attempts: How many attempts were begun.
        max_attempts: How many may be begun.
        next_attempt_at: When a failed job is retried; None when it is not.
        priority: Higher runs first.
        run_at: When it may start.
        pending_reason: Why it is pending, where that needs saying.
        error_history: Its failures, oldest first.
        timeout: How long its handler may run.
        force_kill_on_timeout: Whether that runs in a process, which is killed then.
        failure_reason: Why it last failed.
        completed_at: When it completed.
        started_at: When its first attempt began.
        last_retried_at: When `retry_job` last put it back.
        last_failed_at: When it last failed.
        last_cancelled_at: When it was last cancelled.
        cancel_requested_at: When somebody asked to cancel it while it ran.
        cancel_reason: Why it was cancelled, where that was said.
        tags: Its tags, in the order given.
        idempotency_key: The key that no other job has.
        progress: What its handler reported, in percent.
        output: What its handler returned or set, decoded from JSON.
        retry_delay: The base delay before a retry.
        retry_backoff: Whether that delay doubles with each attempt.
        retry_delay_max: The upper bound of that delay.
        wait_until: When a waiting job goes on, at the latest.
        wait_token_id: The token that a waiting job waits for, or `job:` and the id of the job whose end it waits for.
        step_data: The recorded results of its steps.
        group_id: The group it belongs to.
        group_tier: Its tier in that group.
        dead_letter_job_type: The type of the job that is added when this one fails for good.
        dead_lettered_at: When that job was added.
        dead_letter_job_id: The id of that job.
        depends_on_job_ids: The jobs that must complete before it.
        depends_on_tags: The tags whose jobs must complete before it.
        expires_at: From when on its first attempt may not begin any more.
        keep_result_for: How long it is kept after its end, where not for as long as others.
        traceparent: The trace that it belongs to.
        dead_letter_of: The id of the job that failed for good, whose dead letter this is.
    """

    id: int
    job_type: str
    payload: Any
    status: JobStatus
    created_at: datetime
    updated_at: datetime
    locked_at: datetime | None
    locked_by: str | None
    attempts: int
    max_attempts: int
    next_attempt_at: datetime | None
    priority: int
    run_at: datetime
    pending_reason: str | None
    error_history: list[ErrorEntry]
    timeout: timedelta | None
    force_kill_on_timeout: bool
    failure_reason: FailureReason | None
    completed_at: datetime | None
    started_at: datetime | None
    last_retried_at: datetime | None
    last_failed_at: datetime | None
    last_cancelled_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_reason: str | None
    tags: list[str]
    idempotency_key: str | None
    progress: int | None
    output: Any
    retry_delay: timedelta | None
    retry_backoff: bool | None
    retry_delay_max: timedelta | None
    wait_until: datetime | None
    wait_token_id: str | None
    step_data: Mapping[str, Any]
    group_id: str | None
    group_tier: str | None
    dead_letter_job_type: str | None
    dead_lettered_at: datetime | None
    dead_letter_job_id: int | None
    depends_on_job_ids: list[int]
    depends_on_tags: list[str]
    expires_at: datetime | None
    keep_result_for: timedelta | None
    traceparent: str | None
    dead_letter_of: int | None

    @property
    def is_final(self) -> bool:
        """Whether it can change no more by itself: completed, cancelled, or failed without a retry due."""
        if self.status is JobStatus.FAILED:
            return self.next_attempt_at is None
        return self.status in (JobStatus.COMPLETED, JobStatus.CANCELLED)

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> JobRecord:
        """The record of a job as the engine reports it."""
        values = dict(fields)
        values["timeout"] = _milliseconds(values.pop("timeout_ms"))
        for name, convert in _CONVERTED.items():
            if (value := values[name]) is not None:
                values[name] = convert(value)
        return cls(**values)


def _milliseconds(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(milliseconds=value)


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def _errors(value: bytes) -> list[ErrorEntry]:
    return [ErrorEntry._from_json(entry) for entry in json.loads(value)]


_CONVERTED: Mapping[str, Callable[[Any], Any]] = {
    "payload": json.loads,
    "output": json.loads,
    "step_data": json.loads,
    "error_history": _errors,
    "status": JobStatus,
    "failure_reason": FailureReason,
    "retry_delay": _seconds,
    "retry_delay_max": _seconds,
    "keep_result_for": _seconds,
    **dict.fromkeys(
        (
            "created_at",
            "updated_at",
            "locked_at",
            "next_attempt_at",
            "run_at",
            "completed_at",
            "started_at",
            "last_retried_at",
            "last_failed_at",
            "last_cancelled_at",
            "cancel_requested_at",
            "wait_until",
            "dead_lettered_at",
            "expires_at",
        ),
        datetime_of,
    ),
}


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One change of a job.

    Attributes:
        id: Growing with time.
        job_id: The job.
        event_type: What happened.
        created_at: When, in UTC.
        metadata: Details, decoded from JSON.
    """

    id: int
    job_id: int
    event_type: JobEventType
    created_at: datetime
    metadata: Any

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> JobEvent:
        """The event as the engine reports it."""
        metadata = fields["metadata"]
        return cls(
            id=fields["id"],
            job_id=fields["job_id"],
            event_type=JobEventType(fields["event_type"]),
            created_at=datetime_of(fields["created_at"]),
            metadata=None if metadata is None else json.loads(metadata),
        )


@dataclass(frozen=True, slots=True)
class StreamedEvent(JobEvent):
    """An event as a stream gives it.

    Attributes:
        cursor: The place behind it, from which on another stream goes on without a gap and without a repeat.
    """

    cursor: str

    @classmethod
    def placed(cls, fields: Mapping[str, Any], cursor: str) -> StreamedEvent:
        """The event as the engine reports it, and its place."""
        event = JobEvent.from_core(fields)
        return cls(event.id, event.job_id, event.event_type, event.created_at, event.metadata, cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Durability:
    """How safely the store keeps what it was given, as its server is set up now.

    Attributes:
        store: The store and its version, such as `PostgreSQL 17.2`.
        persistence: The settings that decide it, such as `fsync=on, synchronous_commit=on`.
        durable: Whether everything that a call answered survives a crash of the server and of its machine.
        may_lose: What a crash may lose, and when: sentences for people.
        eviction_policy: What the server does when its memory is full, where it may throw keys away (Redis).
    """

    store: str
    persistence: str
    durable: bool
    may_lose: str
    eviction_policy: str | None = None

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> Durability:
        """The record as the engine reports it."""
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """One migration that was run.

    Attributes:
        version: Its number, from 1.
        name: Its name.
        sql: The SQL that was run.
    """

    version: int
    name: str
    sql: str
