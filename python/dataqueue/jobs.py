"""What a caller says about jobs: a job to add, and changes to make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from ._spans import current_traceparent
from .arguments import Duration, check_bool, check_int32, check_name, check_names, delay_seconds, timeout_ms, timestamp
from .dependencies import DependsOn, check_depends_on
from .groups import JobGroup
from .job_types import JobDefaults, JobType, check_flag, type_name
from .payload import encode_json
from .tracing import check_traceparent
from .unique import Unique, unique_to_core

if TYPE_CHECKING:
    from ._core import EditDict, ExtrasDict, JobTuple, UniqueTuple

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
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        traceparent: str | None = None,
        unique: Unique | None = None,
        debounce: Duration | None = None,
        depends_on: DependsOn | None = None,
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
            dead_letter_job_type=dead_letter_job_type,
            expires_in=expires_in,
            keep_result_for=keep_result_for,
        )
        due = None if run_at is None else timestamp("run_at", run_at)
        key = None if idempotency_key is None else check_name("idempotency_key", idempotency_key)
        if isinstance(job_type, JobType):
            options = options.over(job_type.defaults)
            encoded = job_type.codec.encode(payload)
        else:
            encoded = encode_json(payload, f"the payload of {self.job_type!r}")
        rule = unique_to_core(unique, debounce, self.job_type, encoded, options.tags or [], group)
        if debounce is not None:
            _check_debounce(due, key)
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
            _with_rule(_extras(options, group, traceparent, depends_on), rule),
        )

    def to_core(self) -> JobTuple:
        """The job as the engine takes it."""
        return self._fields

    def after(self, places: Sequence[int]) -> Job[P]:
        """The same job, which waits for the jobs at these places of its call too."""
        extras: ExtrasDict = {**(self._fields[12] or {})}
        ids, tags = extras.get("depends_on", ([], []))
        extras["depends_on"] = ([*ids, *(-1 - place for place in places)], tags)
        other: Job[P] = object.__new__(type(self))
        other.job_type, other.payload = self.job_type, self.payload
        other._fields = (*self._fields[:12], extras)
        return other

    def __repr__(self) -> str:
        return f"<Job {self.job_type!r}>"


def _check_debounce(due: int | None, key: str | None) -> None:
    if due is not None:
        raise ValueError("debounce says when the job is due, so long after the last add: leave run_at out")
    if key is not None:
        raise ValueError(
            "debounce excludes idempotency_key, by which an existing job is never changed: leave one out, or use unique"
        )


def _with_rule(extras: ExtrasDict | None, rule: UniqueTuple | None) -> ExtrasDict | None:
    return extras if rule is None else {**(extras or {}), "unique": rule}


def _extras(
    options: JobDefaults, group: JobGroup | None, traceparent: str | None, depends_on: DependsOn | None
) -> ExtrasDict | None:
    extras: ExtrasDict = {}
    if group is not None:
        if not isinstance(group, JobGroup):
            raise TypeError(f"group must be a JobGroup, not {type(group).__name__}: JobGroup({group!r:.80})")
        extras["group"] = (group.id, group.tier)
    if options.dead_letter_job_type is not None:
        extras["dead_letter_job_type"] = options.dead_letter_job_type
    if options.expires_in is not None:
        extras["expires_in"] = options.expires_in
    if options.keep_result_for is not None:
        extras["keep_result_for"] = options.keep_result_for
    trace = current_traceparent() if traceparent is None else check_traceparent(traceparent)
    if trace is not None:
        extras["traceparent"] = trace
    if depends_on is not None and (check_depends_on(depends_on).job_ids or depends_on.tags):
        extras["depends_on"] = depends_on.to_core()
    return extras or None


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
    group: JobGroup | None
    dead_letter_job_type: str | JobType[Any] | None
    expires_in: Duration | None
    keep_result_for: Duration | None
    traceparent: str | None
    unique: Unique | None
    debounce: Duration | None
    depends_on: DependsOn | None


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
