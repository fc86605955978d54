"""How a handler wants to be called, read from its signature."""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CallShape", "annotation_of", "resolve"]

# The order in which a handler gets its positional arguments.
_POSITIONS = ("payload", "signal", "ctx")


@dataclass(frozen=True, slots=True)
class CallShape:
    """How to call a handler.

    Attributes:
        positional: How many of payload, signal and ctx it takes by position, in this order.
        wants_ctx: Whether it takes `ctx` by name.
        wants_signal: Whether it takes `signal` by name.
        is_async: Whether a call answers a coroutine.
    """

    positional: int
    wants_ctx: bool
    wants_signal: bool
    is_async: bool

    @classmethod
    def of(cls, func: Callable[..., Any], name: str) -> CallShape:
        """The shape of a handler.

        Raises:
            TypeError: It cannot be a handler; the message names the parameter.
        """
        if not callable(func):
            raise TypeError(f"the handler of {name!r} must be callable, not {type(func).__name__}: {func!r:.80}")
        chain = list(_chain(func))
        if any(inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one) for one in chain):
            raise TypeError(
                f"the handler of {name!r} is a generator function, whose body a call does not run: "
                "return a value instead of using yield"
            )
        bound = {key for one in chain if isinstance(one, functools.partial) for key in one.keywords}
        is_async = any(inspect.iscoroutinefunction(one) for one in chain)
        parameters = _parameters(func, name)
        positional, by_name = _count(parameters, name, bound)
        _check_kinds(parameters, f"the handler of {name!r}", is_async=is_async)
        return cls(
            positional=positional,
            wants_ctx="ctx" in by_name,
            wants_signal="signal" in by_name,
            is_async=is_async,
        )


def annotation_of(func: Callable[..., Any], name: str) -> Any:
    """The annotation of a handler's payload, unresolved; `Any` where there is none."""
    annotation = next(iter(_parameters(func, name))).annotation
    return Any if annotation is inspect.Parameter.empty else annotation


def resolve(annotation: Any, func: Callable[..., Any], local_names: Mapping[str, Any]) -> Any:
    """The type that an annotation, perhaps a string, stands for.

    Raises:
        NameError: A name in it is not defined, or not yet.
    """
    innermost = list(_chain(func))[-1]
    holder: Any = type("Handler", (), {})()
    holder.__annotations__ = {"payload": annotation}
    names = getattr(innermost, "__globals__", {})
    return typing.get_type_hints(holder, names, dict(local_names), include_extras=True)["payload"]


def _chain(func: Any) -> typing.Iterator[Any]:
    """A callable, and what it wraps, down to the function that was written."""
    for _ in range(100):
        yield func
        if isinstance(func, functools.partial):
            func = func.func
        elif hasattr(func, "__wrapped__"):
            func = func.__wrapped__
        elif inspect.ismethod(func):
            func = func.__func__
        elif not inspect.isroutine(func) and not inspect.isclass(func) and callable(func):
            func = type(func).__call__
        else:
            return


def _parameters(func: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            signature = inspect.signature(func, annotation_format=Format.FORWARDREF)
        else:
            signature = inspect.signature(func)
    except (ValueError, TypeError) as error:
        raise TypeError(f"the signature of the handler of {name!r} cannot be read: {error}; wrap it in a def") from None
    return list(signature.parameters.values())


def _count(parameters: list[inspect.Parameter], name: str, bound: set[str]) -> tuple[int, set[str]]:
    where = f"the handler of {name!r}"
    positional, by_name = 0, set()
    for parameter in parameters:
        match parameter.kind:
            case inspect.Parameter.POSITIONAL_ONLY | inspect.Parameter.POSITIONAL_OR_KEYWORD:
                _check_position(parameter, positional, where)
                positional += 1
            case inspect.Parameter.KEYWORD_ONLY:
                if parameter.name in bound:
                    continue
                if parameter.name not in ("ctx", "signal"):
                    raise TypeError(
                        f"{where} has the keyword-only parameter {parameter.name!r}, which nothing fills: "
                        "only ctx and signal are given by name; bind others with functools.partial"
                    )
                by_name.add(parameter.name)
            case _:
                raise TypeError(
                    f"{where} has the parameter {parameter!s:.40}: name its parameters (payload, signal, ctx); "
                    "a decorator's wrapper needs functools.wraps"
                )
    if positional == 0:
        raise TypeError(f"{where} takes no payload: its first parameter, by position, receives it")
    for at, taken in enumerate(_POSITIONS[:positional]):
        if taken in by_name:
            raise TypeError(f"{where} takes {taken!r} twice: by name, and as positional parameter {at + 1}")
    return positional, by_name


def _check_position(parameter: inspect.Parameter, at: int, where: str) -> None:
    if at >= len(_POSITIONS):
        raise TypeError(
            f"{where} has a fourth positional parameter, {parameter.name!r}: "
            "at most three, (payload, signal, ctx), are given"
        )
    if at == 0 and parameter.name in ("self", "cls"):
        raise TypeError(
            f"{where} is a method without its object, which {parameter.name!r} would stand for: "
            "register the method of an instance"
        )
    expected = _POSITIONS[at]
    misplaced = parameter.name in _POSITIONS and parameter.name != expected
    optional = at > 0 and parameter.default is not inspect.Parameter.empty and parameter.name != expected
    if misplaced or optional:
        raise TypeError(
            f"{where} has {parameter.name!r} as positional parameter {at + 1}, which receives the {expected}: "
            f"the order is (payload, signal, ctx); to take ctx or signal by name write (payload, *, ctx)"
        )


# By name, so that an annotation under `if TYPE_CHECKING` is understood too.
_BLOCKING = {"JobContext": "AsyncJobContext", "JobSignal": "AsyncJobSignal"}
_AWAITED = {awaited: blocking for blocking, awaited in _BLOCKING.items()}


def _check_kinds(parameters: list[inspect.Parameter], where: str, *, is_async: bool) -> None:
    wrong, kind = (_BLOCKING, "an async def") if is_async else (_AWAITED, "a def")
    for parameter in parameters:
        annotation = parameter.annotation
        told = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
        name = told.strip("'\"").rpartition(".")[2]
        if name in wrong:
            raise TypeError(f"{where} is {kind}: annotate its {parameter.name!r} as {wrong[name]}, not {name}")
