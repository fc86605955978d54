"""Functions that cannot be handlers: refused when they are registered, with the parameter's name."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from dataqueue import (
    AsyncJobContext,
    JobContext,
    JobHandlers,
    JobQueue,
    JobSignal,
    JobType,
    PayloadError,
)


def bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator whose author forgot functools.wraps."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def generator(payload: None) -> Iterator[int]:
    yield 1


async def async_generator(payload: None) -> AsyncIterator[int]:
    yield 1


def four(payload: None, signal: JobSignal, ctx: JobContext, more: int) -> None: ...
def unknown_name(payload: None, *, log: object) -> None: ...
def unknown_name_with_default(payload: None, *, log: object = None) -> None: ...
def out_of_order(payload: None, ctx: JobContext, signal: JobSignal) -> None: ...
def ctx_second(payload: None, ctx: JobContext) -> None: ...
def ctx_first(ctx: JobContext) -> None: ...
def optional_second(payload: None, retries: int = 3) -> None: ...
def starred(payload: None, *more: object) -> None: ...
def keywords(payload: None, **more: object) -> None: ...
def twice(payload: None, signal: JobSignal, *, bound: int) -> None: ...
def wrong_ctx(payload: None, *, ctx: AsyncJobContext) -> None: ...
async def wrong_async_ctx(payload: None, *, ctx: JobContext) -> None: ...
async def wrong_async_signal(payload: None, signal: JobSignal) -> None: ...


class Callable_:  # noqa: N801 - named for what it is
    def __call__(self) -> None: ...
    def method(self, payload: None) -> None: ...
    def without_payload(self) -> None: ...


ANY: list[Any] = [1, 2]
BAD: list[tuple[Any, str]] = [
    (lambda: 1, "takes no payload: its first parameter, by position, receives it"),
    (four, r"a fourth positional parameter, 'more': at most three, \(payload, signal, ctx\)"),
    (unknown_name, "keyword-only parameter 'log', which nothing fills: only ctx and signal .* functools.partial"),
    (unknown_name_with_default, "keyword-only parameter 'log', which nothing fills"),
    (
        out_of_order,
        r"'ctx' as positional parameter 2, which receives the signal: the order is \(payload, signal, ctx\)",
    ),
    (ctx_second, r"'ctx' as positional parameter 2.*write \(payload, \*, ctx\)"),
    (ctx_first, "'ctx' as positional parameter 1, which receives the payload"),
    (optional_second, "'retries' as positional parameter 2, which receives the signal"),
    (starred, r"the parameter \*more.*: name its parameters"),
    (keywords, r"the parameter \*\*more.*: name its parameters"),
    (bare(four), r"the parameter \*args.*a decorator's wrapper needs functools\.wraps"),
    (generator, "a generator function, whose body a call does not run: return a value"),
    (async_generator, "a generator function"),
    (functools.partial(generator), "a generator function"),
    (functools.partial(twice, *ANY), "keyword-only parameter 'bound'"),
    (functools.partial(four, *ANY, *ANY), "takes no payload"),
    (Callable_, "takes no payload"),
    (Callable_(), "takes no payload"),
    (Callable_().without_payload, "takes no payload"),
    (Callable_.method, "a method without its object, which 'self' would stand for: register the method of an instance"),
    (int, "cannot be read: .*; wrap it in a def"),
    (print, r"the parameter \*args"),
    (5, "must be callable, not int: 5"),
    (None, "must be callable, not NoneType"),
    ("module:function", "must be callable, not str"),
    (wrong_ctx, "is a def: annotate its 'ctx' as JobContext, not AsyncJobContext"),
    (wrong_async_ctx, "is an async def: annotate its 'ctx' as AsyncJobContext, not JobContext"),
    (wrong_async_signal, "is an async def: annotate its 'signal' as AsyncJobSignal, not JobSignal"),
]


@pytest.mark.parametrize(("function", "says"), BAD)
def test_a_function_that_cannot_be_a_handler_is_refused_when_it_is_registered(function: Any, says: str) -> None:
    says = f"the handler of 't' .*{says}|{says}"
    handlers = JobHandlers()
    with pytest.raises(TypeError, match=says):
        handlers.job("t")(function)
    assert len(handlers) == 0
    with pytest.raises(TypeError, match=says):
        handlers.job(JobType("t", int))(function)
    with pytest.raises(TypeError, match=says):
        JobHandlers({"t": function})


@pytest.mark.parametrize(
    ("handlers", "error", "says"),
    [
        (None, TypeError, "handlers must be JobHandlers or a mapping of names to functions"),
        ([len], TypeError, "handlers must be JobHandlers or a mapping"),
        (generator, TypeError, "handlers must be JobHandlers or a mapping"),
        ({5: ctx_first}, TypeError, "name must be a str, not int"),
        ({"": lambda payload: payload}, ValueError, "name is empty: give it 1 to 255"),
        ({}, ValueError, "nothing to do: register a handler, or name a job_type"),
    ],
)
def test_what_are_no_handlers_is_refused(queue: JobQueue, handlers: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        queue.create_processor(handlers)


def test_a_type_has_one_handler() -> None:
    handlers = JobHandlers()

    @handlers.job("t")
    def first(payload: int) -> None: ...

    with pytest.raises(ValueError, match=r"'t' has a handler already, '.*first': a job type has one handler"):

        @handlers.job("t")
        def second(payload: int) -> None: ...

    with pytest.raises(ValueError, match="'t' has a handler already"):
        handlers.job(JobType("t", int))(lambda payload: None)
    assert handlers.names() == ["t"]


def test_a_declared_type_brings_its_own_options() -> None:
    options: Any = {"max_attempts": 3, "timeout": 5}
    with pytest.raises(TypeError, match="max_attempts, timeout: declare these on the JobType 't' itself"):
        JobHandlers().job(JobType("t", int), **options)
    with pytest.raises(TypeError, match="retry must be a callable"):
        JobHandlers().job("t", retry=5)  # type: ignore[call-overload]


def test_an_annotation_that_nothing_resolves_is_named(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("t")
    def handle(payload: NotImported) -> None: ...  # type: ignore[name-defined] # noqa: F821

    says = "the handler of 't' cannot be resolved .*'NotImported'.*outside of `if TYPE_CHECKING`"
    with pytest.raises(TypeError, match=says):
        queue.add_job(handle, 1)
    with pytest.raises(TypeError, match=says):
        queue.create_processor(handlers)


def test_an_annotation_further_down_is_found_when_it_is_needed(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("t")
    def handle(payload: Later) -> None: ...

    with pytest.raises(PayloadError, match="does not fit Later"):
        queue.add_job(handle, 1)  # type: ignore[misc]


class Later:
    """A type that pydantic learns of by the hook below."""

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(cls.check)

    @staticmethod
    def check(value: object) -> object:
        raise ValueError(f"no {value} ever fits")
