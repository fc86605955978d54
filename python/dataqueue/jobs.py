"""What a caller says about jobs: a job to add, and changes to make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from .arguments import Duration, check_bool, check_int32, check_name, check_names, delay_seconds, timeout_ms, timestamp
from .job_types import JobDefaults, JobType, check_flag, type_name
from .payload import encode_json

if TYPE_CHECKING:
    from ._core import EditDict, JobTuple

__all__ = ["EditUpdates", "Job", "JobOptions"]

P = TypeVar("P")

_MAX_ATTEMPTS = 3


class Job(Generic[P]):
    """A job to add, checked and encoded when it is made.

    Attributes:
        job_type: The name of its type.
        payload: The payload as it was given.
    """

    __slots__ = ("_fields", "job_type", "payload")

    def __init__(
        self,
        job_type: str | JobType[P],
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
    ) -> None:
        """A job; the options are those of `JobQueue.add_job`.

        Raises:
            PayloadError: The payload does not fit the type, or cannot be stored.
            TypeError: An option is of the wrong type.
            ValueError: An option is out of its limits.
        """
        self.job_type = type_name("job_type", job_type)
        self.payload = payload
        options = JobDefaults.checked(
            priority=priority,
            max_attempts=max_attempts,
            timeout=timeout,
            force_kill_on_timeout=force_kill_on_timeout,
            tags=tags,
            retry_delay=retry_delay,
            retry_backoff=retry_backoff,
            retry_delay_max=retry_delay_max,
        )
        due = None if run_at is None else timestamp("run_at", run_at)
        key = None if idempotency_key is None else check_name("idempotency_key", idempotency_key)
        if isinstance(job_type, JobType):
            options = options.over(job_type.defaults)
            encoded = job_type.codec.encode(payload)
        else:
            encoded = encode_json(payload, f"the payload of {self.job_type!r}")
        self._fields: JobTuple = (
            self.job_type,
            encoded,
            options.priority or 0,
            due,
            _MAX_ATTEMPTS if options.max_attempts is None else options.max_attempts,
            options.timeout_ms,
            options.tags or [],
            key,
            options.retry_delay,
            options.retry_backoff,
            options.retry_delay_max,
            options.force_kill_on_timeout or False,
        )

    def to_core(self) -> JobTuple:
        """The job as the engine takes it."""
        return self._fields

    def __repr__(self) -> str:
        return f"<Job {self.job_type!r}>"


class JobOptions(TypedDict, total=False):
    """The options of `Job` and of the methods that add one."""

    priority: int | None
    run_at: datetime | None
    max_attempts: int | None
    timeout: Duration | None
    force_kill_on_timeout: bool | None
    tags: Sequence[str] | None
    idempotency_key: str | None
    retry_delay: Duration | None
    retry_backoff: bool | None
    retry_delay_max: Duration | None


class EditUpdates(TypedDict, total=False):
    """New values for fields of a job. What is left out stays; None clears, and for `run_at` means now."""

    payload: Any
    priority: int
    max_attempts: int
    run_at: datetime | None
    timeout: Duration | None
    force_kill_on_timeout: bool
    tags: Sequence[str] | None
    retry_delay: Duration | None
    retry_backoff: bool | None
    retry_delay_max: Duration | None


def edit_to_core(updates: Mapping[str, Any], method: str) -> EditDict:
    """Updates as the engine takes them.

    Raises:
        PayloadError: The payload cannot be stored.
        TypeError: There is no such field, or a value is of the wrong type.
        ValueError: A value is out of its limits.
    """
    if not isinstance(updates, Mapping):
        raise TypeError(f"{method}() takes updates as a mapping such as {{'priority': 5}}, not {updates!r:.80}")
    edit: EditDict = {}
    for field, value in updates.items():
        match field:
            case "payload":
                edit["payload"] = encode_json(value)
            case "priority":
                edit["priority"] = check_int32(field, value)
            case "max_attempts":
                edit["max_attempts"] = check_int32(field, value, 1)
            case "run_at":
                edit["run_at"] = None if value is None else timestamp(field, value)
            case "timeout":
                edit["timeout_ms"] = None if value is None else timeout_ms(field, value)
            case "force_kill_on_timeout":
                edit["force_kill_on_timeout"] = check_bool(field, value)
            case "tags":
                edit["tags"] = [] if value is None else check_names(field, value)
            case "retry_delay":
                edit["retry_delay"] = None if value is None else delay_seconds(field, value)
            case "retry_backoff":
                edit["retry_backoff"] = check_flag(field, value)
            case "retry_delay_max":
                edit["retry_delay_max"] = None if value is None else delay_seconds(field, value)
            case _:
                raise TypeError(
                    f"{method}() cannot edit {field!r}: the fields are {', '.join(EditUpdates.__annotations__)}"
                )
    return edit
