"""What listeners of a queue are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from .models import FailureReason

__all__ = [
    "HookName",
    "JobAddedEvent",
    "JobCancelledEvent",
    "JobCompletedEvent",
    "JobFailedEvent",
    "JobHookEvent",
    "JobOutputEvent",
    "JobProcessingEvent",
    "JobProgressEvent",
    "JobRetriedEvent",
    "JobWaitingEvent",
    "QueueErrorEvent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHookEvent:
    """Something was done with a job, and is in the store.

    Attributes:
        job_id: The job.
        job_type: Its type; None where the job was deleted before that could be read.
    """

    job_id: int
    job_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAddedEvent(JobHookEvent):
    """`job:added`: the job is new. One whose idempotency key was taken is not told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProcessingEvent(JobHookEvent):
    """`job:processing`: a processor of this queue claimed the job.

    Attributes:
        attempt: The attempt that is to run, from 1.
    """

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompletedEvent(JobHookEvent):
    """`job:completed`: the handler returned.

    Attributes:
        attempt: The attempt.
        output: What is recorded as its output, decoded from JSON; None where it has none.
    """

    attempt: int
    output: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailedEvent(JobHookEvent):
    """`job:failed`: a run failed.

    Attributes:
        attempt: The attempt.
        reason: Why.
        message: The error's message.
        error_type: The name of the exception's class, where there was one.
        will_retry: Whether it is tried again, as it is recorded.
    """

    attempt: int
    reason: FailureReason
    message: str
    error_type: str | None
    will_retry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelledEvent(JobHookEvent):
    """`job:cancelled`: the job is cancelled. Of one that runs this is told when it has stopped.

    Attributes:
        reason: Why, where its handler said so.
    """

    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetriedEvent(JobHookEvent):
    """`job:retried`: somebody put the job back into the queue. A retry after a failure is told by `job:failed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWaitingEvent(JobHookEvent):
    """`job:waiting`: the handler waits.

    Attributes:
        wait_until: When it goes on, at the latest.
        wait_token_id: The token that it waits for, or `job:` and the id of the job whose end it waits for.
    """

    wait_until: datetime | None
    wait_token_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgressEvent(JobHookEvent):
    """`job:progress`: the handler reported progress. Of reports in quick succession only the last is recorded and told.

    Attributes:
        progress: In percent.
    """

    progress: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutputEvent(JobHookEvent):
    """`job:output`: the handler set its output while it ran.

    Attributes:
        output: The output, decoded from JSON.
    """

    output: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueErrorEvent:
    """`error`: a processor or a supervisor of the queue met an error, or a listener failed.

    Attributes:
        error: The error.
        event: What the listener was told that failed; None where no listener did.
    """

    error: BaseException
    event: JobHookEvent | None = None


HookName: TypeAlias = Literal[
    "job:added",
    "job:processing",
    "job:completed",
    "job:failed",
    "job:cancelled",
    "job:retried",
    "job:waiting",
    "job:progress",
    "job:output",
    "error",
]
