"""What can go wrong, as one tree.

    DataQueueError
    ├── ConfigError           a URL or option that cannot be used            (also a ValueError)
    ├── BackendUnavailable    the store cannot be reached; repeating is safe
    ├── MigrationRequired     the schema is missing, or not of this version
    ├── UnsupportedBackend    the feature does not exist on this store
    ├── DependencyError       a job is to wait for what it cannot           (also a ValueError)
    ├── PayloadError          a payload or output that cannot be stored      (also a ValueError)
    ├── HandlerChanged        a handler was changed while its job waited
    ├── LeaseLost             the job was taken from this worker
    ├── TokenNotFound         a token that does not exist, or is another job's
    ├── EventGap              events that were to be read are gone
    ├── InvalidLink           a link that was changed, or whose time is up   (also a ValueError)
    ├── JobAborted            a handler was told to stop
    └── JobFailed             a job waited for did not complete

An argument outside its limits raises the builtin `ValueError` or `TypeError`, before anything is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .models import JobRecord

__all__ = [
    "BackendUnavailable",
    "ConfigError",
    "DataQueueError",
    "DependencyError",
    "EventGap",
    "HandlerChanged",
    "InvalidLink",
    "JobAborted",
    "JobFailed",
    "LeaseLost",
    "MigrationRequired",
    "PayloadError",
    "TokenNotFound",
    "UnsupportedBackend",
]


class DataQueueError(Exception):
    """The base of all errors of this package.

    Attributes:
        retryable: Whether the same call may succeed later without any change by the caller.
        backend: The store concerned, such as `postgresql`, where one is.
        job_id: The job concerned, where one is.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", *, backend: str | None = None, job_id: int | None = None) -> None:
        super().__init__(message)
        self.backend = backend
        self.job_id = job_id


class ConfigError(DataQueueError, ValueError):
    """A URL or option that cannot be used."""


class BackendUnavailable(DataQueueError):
    """The store cannot be reached or went away.

    The outcome of the call may be unknown; repeating it is safe, except that a job added without an
    `idempotency_key` may then exist twice.
    """

    retryable: ClassVar[bool] = True


class MigrationRequired(DataQueueError):
    """The schema is missing, older than this library, or newer and not for it; the message says what to do."""


class UnsupportedBackend(DataQueueError):
    """The feature does not exist on this store."""


class PayloadError(DataQueueError, ValueError):
    """A payload or output that does not fit its type, is not JSON, or holds what no store can keep."""


class DependencyError(DataQueueError, ValueError):
    """A job is to wait for one that does not exist, for itself, for too many, or in a ring. Nothing was stored."""


class HandlerChanged(DataQueueError):
    """A handler waits elsewhere than it did when its job began to wait: it was changed while the job was under way."""


class LeaseLost(DataQueueError):
    """The job was taken from this worker, which can no longer report on it or end it."""


class TokenNotFound(DataQueueError, LookupError):
    """A token that does not exist, was cleaned up, or belongs to another job than the one that waits for it."""


class EventGap(DataQueueError):
    """Events that a stream was to go on with are gone: begin anew without `after`, and read how the jobs are."""


class InvalidLink(DataQueueError, ValueError):
    """A link to a token that was changed, was made with another secret, or whose time is up.

    Attributes:
        expired: Whether only its time is up.
    """

    def __init__(self, message: str = "", *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


class JobAborted(DataQueueError):
    """A handler was told to stop; raised by `signal.raise_if_aborted()`.

    Attributes:
        reason: Why: `timeout`, `lease_lost`, `shutdown` or `cancelled`.
    """

    def __init__(self, reason: str, *, job_id: int | None = None) -> None:
        super().__init__(f"the handler should stop: {reason}", job_id=job_id)
        self.args = (reason,)
        self.reason = reason

    def __str__(self) -> str:
        return f"the handler should stop: {self.reason}"


class JobFailed(DataQueueError):
    """A job that was waited for failed or was cancelled.

    Attributes:
        job: The job as it ended.
    """

    def __init__(self, job: JobRecord) -> None:
        super().__init__(_ending(job), job_id=job.id)
        self.args = (job,)
        self.job = job

    def __str__(self) -> str:
        return _ending(self.job)


def _ending(job: JobRecord) -> str:
    ending = f"job {job.id} ({job.job_type}) {job.status.value}"
    if job.failure_reason is not None:
        ending += f" ({job.failure_reason.value})"
    if job.cancel_reason is not None:
        return f"{ending}: {job.cancel_reason}"
    if job.error_history:
        ending += f" on attempt {job.attempts} of {job.max_attempts}: {job.error_history[-1].message}"
    return ending
