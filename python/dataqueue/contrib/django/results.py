"""Jobs as results of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from ...models import ErrorEntry, FailureReason, JobRecord, JobStatus
from .interface import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY, Task, TaskError, TaskResult, TaskResultStatus
from .names import queue_of

__all__ = ["is_of_a_task", "now", "result_of", "task_error"]

_STATUS = {
    JobStatus.PENDING: TaskResultStatus.READY,
    JobStatus.WAITING: TaskResultStatus.READY,
    JobStatus.PROCESSING: TaskResultStatus.RUNNING,
    JobStatus.COMPLETED: TaskResultStatus.SUCCESSFUL,
    JobStatus.FAILED: TaskResultStatus.FAILED,
    JobStatus.CANCELLED: TaskResultStatus.FAILED,
}
# Failures that no exception of the task's tells of.
_REASONS = {FailureReason.TIMEOUT: "builtins.TimeoutError", FailureReason.LOST: "dataqueue.errors.LeaseLost"}


def now() -> datetime:
    """The time, as Django's settings want it."""
    moment: datetime = timezone.now()
    return moment


def _as_set(moment: datetime | None) -> datetime | None:
    """A time of the store's, as Django's settings want it: naive and local where `USE_TZ` is off."""
    return moment if moment is None or settings.USE_TZ else timezone.make_naive(moment)


def result_of(job: JobRecord, task: Task, backend: str, last_attempt: datetime | None = None) -> TaskResult:
    """What a job is as the result of its task.

    Args:
        job: The job.
        task: Its task, as it is declared.
        backend: The alias of the backend.
        last_attempt: When its last attempt began, where it was not the first and is over.
    """
    is_over = job.is_final
    ends = {
        JobStatus.COMPLETED: job.completed_at,
        JobStatus.FAILED: job.last_failed_at,
        JobStatus.CANCELLED: job.last_cancelled_at,
    }
    status = _STATUS[job.status] if is_over or job.status is not JobStatus.FAILED else TaskResultStatus.READY
    result = TaskResult(
        task=_as_added(job, task, backend),
        id=str(job.id),
        status=status,
        enqueued_at=_as_set(job.created_at),
        started_at=_as_set(job.started_at),
        finished_at=_as_set(ends.get(job.status)) if is_over else None,
        last_attempted_at=_as_set(last_attempt or job.locked_at or job.started_at),
        args=list(job.payload["args"]),
        kwargs=dict(job.payload["kwargs"]),
        backend=backend,
        errors=_errors(job),
        # The store knows who works on a job, and of those before only how many they were.
        worker_ids=[job.locked_by or ""] * job.attempts,
    )
    if status == TaskResultStatus.SUCCESSFUL:
        object.__setattr__(result, "_return_value", job.output)
    return result


def task_error(error: BaseException, traceback: str) -> TaskError:
    """An exception as an error of a result."""
    kind = type(error)
    return TaskError(exception_class_path=f"{kind.__module__}.{kind.__qualname__}", traceback=traceback)


def is_of_a_task(job: JobRecord) -> bool:
    """Whether a job was added for a task."""
    payload = job.payload
    return isinstance(payload, Mapping) and payload.keys() >= {"args", "kwargs"}


def _as_added(job: JobRecord, task: Task, backend: str) -> Any:
    return replace(
        task,
        backend=backend,
        queue_name=queue_of(job.job_type),
        # Somebody may have edited the job to a priority that a task cannot have.
        priority=min(max(job.priority, TASK_MIN_PRIORITY), TASK_MAX_PRIORITY),
        run_after=_as_set(job.run_at) if job.run_at > job.created_at else None,
    )


def _errors(job: JobRecord) -> list[TaskError]:
    errors = [_error(entry, job) for entry in job.error_history]
    if job.status is JobStatus.CANCELLED:
        reason = job.cancel_reason or "the job was cancelled"
        errors.append(TaskError(exception_class_path="dataqueue.verdicts.Cancel", traceback=reason))
    return errors


def _error(entry: ErrorEntry, job: JobRecord) -> TaskError:
    if entry.type is None:
        path = _REASONS.get(job.failure_reason or FailureReason.HANDLER_ERROR, "dataqueue.errors.DataQueueError")
    else:
        path = entry.type if "." in entry.type else f"builtins.{entry.type}"
    return TaskError(exception_class_path=path, traceback=entry.traceback or entry.message)
