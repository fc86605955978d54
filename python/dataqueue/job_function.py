"""What becomes of a handler's function: a job type to add by, and what a worker needs to run it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar

from ._signature import CallShape, annotation_of, resolve
from .flow import TypeLimits
from .job_types import JobType
from .middleware import Around
from .payload import PayloadCodec
from .retry_rules import RetryRules

__all__ = ["Handler", "JobFunction", "RunIn"]

RunIn = Literal["worker", "loop", "thread", "process"]
"""Where a handler runs: in the worker itself, on a thread or an event loop, or in a process beside it."""

P = TypeVar("P")
R = TypeVar("R")
S = ParamSpec("S")


@dataclass(frozen=True, slots=True)
class Handler:
    """What a worker needs to know to run the jobs of one type.

    Attributes:
        name: The job type.
        func: The function as it was written.
        is_async: Whether a call answers a coroutine, to be run on an event loop.
        codec: Decodes the payload.
        positional: How many of payload, signal and ctx it takes by position, in this order.
        wants_ctx: Whether it takes `ctx` by name.
        wants_signal: Whether it takes `signal` by name.
        retries: Its own rules for retries.
        in_process: Whether it runs in a process.
        limits: How many of its jobs run at a time over all workers, and how often they start.
        middleware: What runs around it, the outermost first.
    """

    name: str
    func: Callable[..., Any]
    is_async: bool
    codec: PayloadCodec
    positional: int
    wants_ctx: bool
    wants_signal: bool
    retries: RetryRules
    in_process: bool
    limits: TypeLimits = field(default_factory=TypeLimits)
    middleware: tuple[Around, ...] = ()

    @property
    def lane(self) -> str:
        """Where it runs, as the engine knows it."""
        return "process" if self.in_process else "loop" if self.is_async else "thread"


def _lane(name: str, run_in: RunIn, *, is_async: bool) -> RunIn:
    lane: RunIn = "loop" if is_async else "thread"
    if run_in in ("worker", lane, "process"):
        return "process" if run_in == "process" else lane
    kind, way = ("async def", "to block there, write def") if is_async else ("def", "to run there, write async def")
    raise TypeError(f"run_in is {run_in!r}, and the handler of {name!r} is {kind}, which runs in the {lane}: {way}")


class JobFunction(JobType[P], Generic[P, S, R]):
    """A handler after `@handlers.job(...)`: a job type to add by, and still the function it was.

    Calling it runs the function here and now, without a queue, as a unit test wants it.
    """

    __name__: str

    def __init__(
        self,
        func: Callable[Concatenate[P, S], R],
        declared: JobType[Any],
        local_names: Mapping[str, Any] | None,
        run_in: RunIn = "worker",
        middleware: Sequence[Around] = (),
    ) -> None:
        """Made by `JobHandlers.job`; `local_names` resolve the payload's annotation, None keeps the declared type."""
        self._middleware = middleware
        self.name, self.defaults, self.retries = declared.name, declared.defaults, declared.retries
        self.limits = declared.limits
        self.shape = CallShape.of(func, declared.name)
        self.run_in: RunIn = _lane(declared.name, run_in, is_async=self.shape.is_async)
        self._func = func
        self._pending_annotation: Any = None
        self._payload_type = declared.payload_type
        if local_names is not None:
            self._pending_annotation = annotation_of(func, declared.name)
            try:
                self._payload_type = resolve(self._pending_annotation, func, local_names)
                self._pending_annotation = None
            except NameError:
                # A class that is defined further down; looked at again when first needed.
                pass
        functools.update_wrapper(self, func, updated=())

    def __call__(self, payload: P, /, *args: S.args, **kwargs: S.kwargs) -> R:
        """Runs the function itself."""
        return self._func(payload, *args, **kwargs)

    @property
    def payload_type(self) -> Any:
        """The annotation of the function's first parameter; `Any` where it has none.

        Raises:
            TypeError: The annotation cannot be resolved.
        """
        if self._pending_annotation is not None:
            try:
                self._payload_type = resolve(self._pending_annotation, self._func, {})
            except NameError as error:
                raise TypeError(
                    f"the payload's annotation in the handler of {self.name!r} cannot be resolved ({error}): "
                    "define or import that name at the module's top level, outside of `if TYPE_CHECKING`"
                ) from None
            self._pending_annotation = None
        return self._payload_type

    @property
    def func(self) -> Callable[Concatenate[P, S], R]:
        """The function as it was written."""
        return self._func

    def handler(self) -> Handler:
        """What a worker needs to know.

        Raises:
            TypeError: The payload's type cannot be used, or a middleware cannot go around it.
        """
        self.codec.check_type()
        for around in self._middleware:
            around.check(self.name, self.shape.is_async)
        return Handler(
            name=self.name,
            func=self._func,
            is_async=self.shape.is_async,
            codec=self.codec,
            positional=self.shape.positional,
            wants_ctx=self.shape.wants_ctx,
            wants_signal=self.shape.wants_signal,
            retries=self.retries,
            in_process=self.run_in == "process",
            limits=self.limits,
            middleware=tuple(self._middleware),
        )
