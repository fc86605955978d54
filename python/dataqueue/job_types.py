"""Job types: a name, the type of its payload, and the options its jobs have when nothing else is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

from .arguments import Duration, check_int32, check_name, check_names, delay_seconds, timeout_ms, years_at_most
from .flow import RateLimit, TypeLimits
from .payload import PayloadCodec
from .retry_rules import Errors, RetryRule, RetryRules

__all__ = ["JobDefaults", "JobType", "type_name"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefaults:
    """Options of a job that its type may set, checked and as the engine takes them; None where not set."""

    priority: int | None = None
    max_attempts: int | None = None
    timeout_ms: int | None = None
    force_kill_on_timeout: bool | None = None
    tags: list[str] | None = None
    retry_delay: float | None = None
    retry_backoff: bool | None = None
    retry_delay_max: float | None = None
    dead_letter_job_type: str | None = None
    expires_in: float | None = None
    keep_result_for: float | None = None

    @classmethod
    def checked(
        cls,
        *,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
    ) -> JobDefaults:
        """The options given.

        Raises:
            TypeError: One is of the wrong type.
            ValueError: One is out of its limits.
        """
        nothing_set = priority is None and max_attempts is None and timeout is None and tags is None
        nothing_set = nothing_set and force_kill_on_timeout is None
        nothing_set = nothing_set and dead_letter_job_type is None and expires_in is None and keep_result_for is None
        if nothing_set and retry_delay is None and retry_backoff is None and retry_delay_max is None:
            return _NOTHING
        return cls(
            priority=None if priority is None else check_int32("priority", priority),
            max_attempts=None if max_attempts is None else check_int32("max_attempts", max_attempts, 1),
            timeout_ms=None if timeout is None else timeout_ms("timeout", timeout),
            force_kill_on_timeout=check_flag("force_kill_on_timeout", force_kill_on_timeout),
            tags=None if tags is None else check_names("tags", tags),
            retry_delay=None if retry_delay is None else delay_seconds("retry_delay", retry_delay),
            retry_backoff=check_flag("retry_backoff", retry_backoff),
            retry_delay_max=None if retry_delay_max is None else delay_seconds("retry_delay_max", retry_delay_max),
            dead_letter_job_type=None
            if dead_letter_job_type is None
            else type_name("dead_letter_job_type", dead_letter_job_type),
            expires_in=None if expires_in is None else years_at_most("expires_in", expires_in),
            keep_result_for=None if keep_result_for is None else years_at_most("keep_result_for", keep_result_for),
        )

    def over(self, base: JobDefaults) -> JobDefaults:
        """These options, and those of `base` where one is not set."""
        if base == _NOTHING:
            return self
        if self is _NOTHING:
            return base
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return JobDefaults(**{name: getattr(base, name) if value is None else value for name, value in values.items()})


_NOTHING = JobDefaults()


def check_flag(field: str, value: object) -> bool | None:
    """True, False or None."""
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"{field} must be True or False, not {type(value).__name__}: {value!r:.80}")


class JobType(Generic[P]):
    """A kind of job, declared apart from its handler: for a process that adds jobs and does not run them.

    Example:
        ```python
        SEND_EMAIL = JobType("send_email", SendEmail, max_attempts=5, timeout=30)
        queue.add_job(SEND_EMAIL, SendEmail(to="a@b.c", subject="hi"))
        ```

    Attributes:
        name: The name stored with each job.
        defaults: The options of its jobs where `add_job` is not told otherwise.
        retries: Its own rules for retries; used by the workers that have this object.
        limits: How many of its jobs run at a time, and how often they start; set by the workers that have this object.
    """

    @overload
    def __init__(
        self,
        name: str,
        payload_type: type[P],
        *,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        retry: RetryRule | None = None,
        retry_on: Errors = (),
        give_up_on: Errors = (),
        max_running: int | None = None,
        rate_limit: RateLimit | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: JobType[Any],
        name: str,
        payload_type: Any = Any,
        *,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        retry: RetryRule | None = None,
        retry_on: Errors = (),
        give_up_on: Errors = (),
        max_running: int | None = None,
        rate_limit: RateLimit | None = None,
    ) -> None: ...
    def __init__(
        self,
        name: str,
        payload_type: Any = Any,
        *,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
        retry: RetryRule | None = None,
        retry_on: Errors = (),
        give_up_on: Errors = (),
        max_running: int | None = None,
        rate_limit: RateLimit | None = None,
    ) -> None:
        """Declares a type.

        Args:
            name: 1 to 255 characters.
            payload_type: A pydantic model, dataclass, `TypedDict` or another type that pydantic's `TypeAdapter`
                takes; left out, any JSON value is a payload.
            priority: Higher runs first.
            max_attempts: How many times a job is tried.
            timeout: How long its handler may run.
            force_kill_on_timeout: Whether the handler runs in a process, which is killed when its time is up.
            tags: Tags to find its jobs by.
            retry_delay: The base delay before a retry.
            retry_backoff: Whether that delay doubles with each attempt.
            retry_delay_max: The upper bound of that delay.
            dead_letter_job_type: The type of the job that is added when one fails for good.
            expires_in: How long after it fell due a job's first attempt may begin; one that is late is cancelled.
            keep_result_for: How long a job is kept after its end, where not for as long as others.
            retry: Answers the delay before a retry, or None to end the job; overrides the three above.
            retry_on: Exceptions worth another attempt; any other ends the job. All are, where this is left out.
            give_up_on: Exceptions that end the job. Of a class and its base in both lists the class decides.
            max_running: At most so many of its jobs run at a time, over all workers.
            rate_limit: At most so many of its jobs start within a span of time, over all workers.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is out of its limits, or an exception is in both lists.
        """
        self.name = check_name("job_type", name)
        self.defaults = JobDefaults.checked(
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
        self.retries = RetryRules.checked(retry, retry_on, give_up_on)
        self.limits = TypeLimits.checked(max_running, rate_limit)
        self._payload_type = payload_type

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def payload_type(self) -> Any:
        """The type of its payloads; `Any` for any JSON value."""
        return self._payload_type

    @cached_property
    def codec(self) -> PayloadCodec:
        """Checks, encodes and decodes its payloads."""
        return PayloadCodec(self.payload_type, f"the payload of {self.name!r}")


def type_name(field: str, job_type: str | JobType[Any]) -> str:
    """The name of a job type given by name or as an object."""
    if isinstance(job_type, JobType):
        return job_type.name
    if isinstance(job_type, str):
        return check_name(field, job_type)
    if callable(job_type):
        raise TypeError(
            f"{field} is the undecorated function {getattr(job_type, '__qualname__', job_type)!r}: "
            "decorate it with @handlers.job(...), or give its name"
        )
    raise TypeError(f"{field} must be a job type or its name, not {type(job_type).__name__}: {job_type!r:.80}")
