"""Handlers: the functions that run jobs, by job type."""

from __future__ import annotations

import sys
from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, get_args, overload

from .arguments import Duration, check_name
from .flow import RateLimit, TypeLimits
from .groups import JobGroup
from .job_function import Handler, JobFunction, RunIn
from .job_types import JobType
from .middleware import Around, Middleware
from .retry_rules import Errors, RetryRule, RetryRules

if TYPE_CHECKING:
    from ._core import ScheduleTuple
    from .schedules import Missed

__all__ = ["JobHandlers"]

P = TypeVar("P")
R = TypeVar("R")
S = ParamSpec("S")


class _Attach(Protocol):
    """Makes a handler of a function, whose first parameter says what its payload is."""

    def __call__(self, func: Callable[Concatenate[P, S], R], /) -> JobFunction[P, S, R]: ...


class _AttachTo(Protocol[P]):
    """Makes a handler of a function that takes the payload of a declared type."""

    def __call__(self, func: Callable[Concatenate[P, S], R], /) -> JobFunction[P, S, R]: ...


class _Schedule(Protocol):
    """Gives a handler a schedule; of a plain function it makes a handler first."""

    @overload
    def __call__(self, func: JobFunction[P, S, R], /) -> JobFunction[P, S, R]: ...
    @overload
    def __call__(self, func: Callable[Concatenate[P, S], R], /) -> JobFunction[P, S, R]: ...


class JobHandlers:
    """A set of handlers, one for each job type.

    Example:
        ```python
        handlers = JobHandlers()

        @handlers.job("send_email", max_attempts=5, timeout=30)
        async def send_email(payload: SendEmail, *, ctx: AsyncJobContext) -> None: ...
        ```
    """

    def __init__(self, handlers: Mapping[str, Callable[..., Any]] | None = None) -> None:
        """A set with the handlers of a mapping from names to functions, or an empty one."""
        self._functions: dict[str, JobFunction[Any, ..., Any]] = {}
        self._schedules: dict[str, Callable[[], ScheduleTuple]] = {}
        self._middleware: list[Around] = []
        for name, func in (handlers or {}).items():
            names: dict[str, Any] | None = None if isinstance(func, JobFunction) else {}
            run_in: RunIn = func.run_in if isinstance(func, JobFunction) else "worker"
            self._add(_undecorated(func), _declared(name, func), names, run_in)

    @classmethod
    def coerce(cls, handlers: JobHandlers | Mapping[str, Callable[..., Any]]) -> JobHandlers:
        """These handlers, whichever way they were given.

        Raises:
            TypeError: They are neither `JobHandlers` nor a mapping from names to functions.
        """
        if isinstance(handlers, JobHandlers):
            return handlers
        if isinstance(handlers, Mapping):
            return cls(handlers)
        raise TypeError(f"handlers must be JobHandlers or a mapping of names to functions, not {handlers!r:.80}")

    @overload
    def job(
        self,
        job_type: JobType[P],
        *,
        retry: RetryRule | None = None,
        retry_on: Errors = (),
        give_up_on: Errors = (),
        max_running: int | None = None,
        rate_limit: RateLimit | None = None,
        run_in: RunIn = "worker",
    ) -> _AttachTo[P]: ...
    @overload
    def job(
        self,
        job_type: str,
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
        run_in: RunIn = "worker",
    ) -> _Attach: ...
    def job(
        self,
        job_type: str | JobType[Any],
        *,
        retry: RetryRule | None = None,
        retry_on: Errors = (),
        give_up_on: Errors = (),
        max_running: int | None = None,
        rate_limit: RateLimit | None = None,
        run_in: RunIn = "worker",
        **defaults: Any,
    ) -> Any:
        """Registers the decorated function as the handler of a job type.

        The function takes the payload, and if it wants them the signal and the context: by position in this
        order, or as keyword-only `ctx` and `signal`. `async def` runs on an event loop, `def` on a thread.
        Without a `JobType` the payload's type is the annotation of the first parameter.

        Args:
            job_type: The name, or the type declared elsewhere.
            retry: Answers the delay before a retry, or None to end the job; overrides the retry options.
            retry_on: Exceptions worth another attempt; any other ends the job. All are, where this is left out.
            give_up_on: Exceptions that end the job. Of a class and its base in both lists the class decides.
            max_running: At most so many of its jobs run at a time, over all workers.
            rate_limit: At most so many of its jobs start within a span of time, over all workers.
            run_in: `loop` and `thread` say where it runs anyway, and refuse a function of the other kind. `process`
                runs it in a process, one job at a time in each: for work that keeps the interpreter busy, or may crash
                it. It must be importable there.
            **defaults: Options of the type's jobs, as `JobType` takes them; only with a name, since a declared
                type brings its own.

        Returns:
            A decorator. What it makes is called like the function, and is a job type to add jobs by.

        Raises:
            TypeError: The function cannot be a handler; the message names the parameter.
            ValueError: The type has a handler already, there is no such `run_in`, or an exception is in both lists.
        """
        if run_in not in get_args(RunIn):
            raise ValueError(f"run_in is {run_in!r}: it must be one of {', '.join(get_args(RunIn))}")
        if isinstance(job_type, JobType):
            if defaults:
                raise TypeError(
                    f"{', '.join(sorted(defaults))}: declare these on the JobType {job_type.name!r} itself, "
                    "where every process that adds its jobs sees them"
                )
            retries = RetryRules.checked(retry, retry_on, give_up_on)
            limits = TypeLimits.checked(max_running, rate_limit)
            declared = _with(job_type, retries, limits)
        else:
            declared = JobType(
                job_type,
                retry=retry,
                retry_on=retry_on,
                give_up_on=give_up_on,
                max_running=max_running,
                rate_limit=rate_limit,
                **defaults,
            )
        typed = isinstance(job_type, JobType)

        def attach(func: Callable[..., Any]) -> JobFunction[Any, ..., Any]:
            names = None if typed else sys._getframe(1).f_locals
            return self._add(func, declared, names, run_in)

        return attach

    def cron(
        self,
        cron_expression: str,
        *,
        name: str | None = None,
        timezone: str = "UTC",
        payload: Any = None,
        allow_overlap: bool = False,
        missed: Missed | str = "coalesce",
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
    ) -> _Schedule:
        """Gives a handler a schedule, stored when a processor with these handlers is started.

        Stands above `@handlers.job(...)`, several times if need be, or alone: then the function's name is the job type.
        A schedule of that name that is missing is added, one that differs is edited, and any other is left untouched; a
        paused one stays paused. One whose declaration is taken out of the code stays until `remove_cron_job`.

        Args:
            cron_expression: Five fields (minute, hour, day of month, month, day of week) or a nickname such as
                `@daily`.
            name: The schedule's name; that of the job type by default.
            timezone: The time zone whose clocks it goes by.
            payload: The payload of each job.
            allow_overlap: As for `JobQueue.add_cron_job`.
            missed: As for `JobQueue.add_cron_job`.
            priority: Of the schedule's jobs, as the options after it; by default the type's.
            max_attempts: How many times a job is tried.
            timeout: How long its handler may run.
            force_kill_on_timeout: Whether that runs in a process, which is killed then.
            tags: Tags to find the jobs by.
            retry_delay: The base delay before a retry.
            retry_backoff: False keeps the delay constant.
            retry_delay_max: The upper bound of the delay.
            group: The group that the jobs belong to.
            dead_letter_job_type: The type of the job that is added when one fails for good.
            expires_in: How long after its tick a job's first attempt may begin.
            keep_result_for: How long a job is kept after its end, where not for as long as others.

        Returns:
            A decorator, which answers the handler.

        Raises:
            ValueError: The expression, the time zone or an option cannot be used, or the name is taken in this set.
        """
        from .schedules import check_times, schedule_to_core

        check_times(cron_expression, timezone)
        own_name = None if name is None else check_name("name", name)

        def attach(func: Any) -> JobFunction[Any, ..., Any]:
            if not isinstance(func, JobFunction):
                function_name = check_name("the function's name", getattr(func, "__name__", None))
                func = self._add(func, JobType(function_name), sys._getframe(1).f_locals)
            function: JobFunction[Any, ..., Any] = func
            if self._functions.get(function.name) is not function:
                raise ValueError(f"{function.name!r} is a handler of another set: give it its schedule there")
            schedule_name = own_name or function.name
            if schedule_name in self._schedules:
                raise ValueError(f"there is a schedule {schedule_name!r} already: give each its own name=")
            # The payload's type may be defined further down.
            self._schedules[schedule_name] = lambda: schedule_to_core(
                schedule_name,
                cron_expression,
                function,
                payload,
                timezone,
                allow_overlap,
                missed,
                priority=priority,
                max_attempts=max_attempts,
                timeout=timeout,
                force_kill_on_timeout=force_kill_on_timeout,
                tags=tags,
                retry_delay=retry_delay,
                retry_backoff=retry_backoff,
                retry_delay_max=retry_delay_max,
                group=group,
                dead_letter_job_type=dead_letter_job_type,
                expires_in=expires_in,
                keep_result_for=keep_result_for,
            )
            return function

        return cast("_Schedule", attach)

    def middleware(self, func: Middleware) -> Middleware:
        """Has a function run around each run of these handlers, whether they are declared before or after it.

        A generator of `(ctx)` that yields once goes around `def` and `async def` handlers: what the handler raises is
        raised at its `yield`. A function of `(ctx, call_next)` answers the result, which it gets from `call_next()`; it
        is `async def`, and awaits that, where the handlers are. What is declared first is the outermost. Context
        variables that it sets are seen by the handler, and by no other run.

        What it raises is the handler's own error. A run that waits goes through it as `WaitSignal`, which no
        `except Exception` catches, and again when it goes on.

        Example:
            ```python
            @handlers.middleware
            def timing(ctx: JobContext | AsyncJobContext) -> Iterator[None]:
                began = time.perf_counter()
                try:
                    yield
                finally:
                    ctx.log(f"took {time.perf_counter() - began:.3f} s")
            ```

        Returns:
            The function.

        Raises:
            TypeError: It takes something else. Where it is `async def` and a handler is not, or the other way round,
                `create_processor` says so.
        """
        self._middleware.append(Around.of(func))
        return func

    def schedules(self) -> list[ScheduleTuple]:
        """The declared schedules, as the engine takes them.

        Raises:
            PayloadError: A payload does not fit its type, or cannot be stored.
            TypeError: An option is of the wrong type.
            ValueError: An option is out of its limits.
        """
        return [make() for make in self._schedules.values()]

    def _add(
        self,
        func: Callable[..., Any],
        declared: JobType[Any],
        names: Mapping[str, Any] | None,
        run_in: RunIn = "worker",
    ) -> JobFunction[Any, ..., Any]:
        if isinstance(func, JobFunction):
            raise TypeError(f"{func.name!r} is a handler already: put @handlers.cron above @handlers.job, not below")
        if declared.name in self._functions:
            first = self._functions[declared.name].func
            raise ValueError(
                f"{declared.name!r} has a handler already, {getattr(first, '__qualname__', first)!r}: "
                "a job type has one handler"
            )
        function: JobFunction[Any, ..., Any] = JobFunction(func, declared, names, run_in, self._middleware)
        self._functions[declared.name] = function
        return function

    def get(self, name: str) -> Handler | None:
        """The handler of a type, None where there is none."""
        function = self._functions.get(name)
        return None if function is None else function.handler()

    def names(self) -> list[str]:
        """The job types, in the order of registration."""
        return list(self._functions)

    def items(self) -> ItemsView[str, Handler]:
        """Names and handlers, in the order of registration."""
        return {name: function.handler() for name, function in self._functions.items()}.items()

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __repr__(self) -> str:
        return f"<JobHandlers {', '.join(self._functions) or 'empty'}>"


def _with(declared: JobType[Any], retries: RetryRules, limits: TypeLimits, name: str | None = None) -> JobType[Any]:
    if name is None and not retries and limits == TypeLimits():
        return declared
    own: JobType[Any] = JobType(name or declared.name, declared.payload_type)
    own.defaults, own.retries = declared.defaults, retries or declared.retries
    own.limits = declared.limits if limits == TypeLimits() else limits
    return own


def _undecorated(func: Any) -> Callable[..., Any]:
    return cast("Callable[..., Any]", func.func) if isinstance(func, JobFunction) else func


def _declared(name: str, func: Any) -> JobType[Any]:
    if isinstance(func, JobFunction):
        return _with(func, func.retries, func.limits, name)
    return JobType(check_name("a handler's name", name))
