"""What runs around the handlers of a set."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

__all__ = ["Around", "Middleware", "MiddlewareFunction"]

Call: TypeAlias = Callable[[Any, Any, Any], Any]
"""A handler, called with payload, signal and ctx."""

MiddlewareFunction: TypeAlias = (
    Callable[[Any], Iterator[None]]
    | Callable[[Any], AsyncIterator[None]]
    | Callable[[Any, Callable[[], Any]], Any]
    | Callable[[Any, Callable[[], Awaitable[Any]]], Awaitable[Any]]
)
"""Takes the context and yields once, or takes the context and a function without arguments that goes on."""

Middleware = TypeVar("Middleware", bound=MiddlewareFunction)

_REMEDY = "write it as a generator of (ctx) that yields once, which goes around both kinds"


@dataclass(frozen=True, slots=True)
class Around:
    """A middleware, and how it wants to be called.

    Attributes:
        func: The function as it was written.
        yields: Whether it is a generator of `(ctx)`; else it takes `(ctx, call_next)`.
        is_async: Whether it is `async def`.
    """

    func: Any
    yields: bool
    is_async: bool

    @classmethod
    def of(cls, func: object) -> Around:
        """How a middleware wants to be called.

        Raises:
            TypeError: It cannot be one; the message says what it has to take.
        """
        if not callable(func):
            raise TypeError(f"a middleware must be a function, not {type(func).__name__}: {func!r:.80}")
        is_async_generator = inspect.isasyncgenfunction(func)
        yields = is_async_generator or inspect.isgeneratorfunction(func)
        wanted = ("ctx",) if yields else ("ctx", "call_next")
        try:
            inspect.signature(func).bind(*wanted)
        except TypeError:
            name = getattr(func, "__qualname__", repr(func))
            kind = "yields, so it" if yields else "does not yield, so it"
            raise TypeError(f"the middleware {name!r} {kind} must take ({', '.join(wanted)})") from None
        return cls(func, yields, is_async_generator or inspect.iscoroutinefunction(func))

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return str(getattr(self.func, "__qualname__", repr(self.func)))

    def check(self, handler: str, is_async: bool) -> None:
        """Looks whether it can go around a handler.

        Raises:
            TypeError: One of them is `async def` and the other is not.
        """
        if self.is_async and not is_async:
            raise TypeError(
                f"the middleware {self.name!r} is async def and the handler of {handler!r} is not: {_REMEDY}"
            )
        if is_async and not self.is_async and not self.yields:
            raise TypeError(
                f"the middleware {self.name!r} is a def and the handler of {handler!r} is async def: {_REMEDY}, "
                "or as async def of (ctx, call_next)"
            )

    def wrap(self, call: Call, *, is_async: bool) -> Call:
        """A call of a handler with this around it."""
        func: Any = self.func
        if not self.yields:
            return lambda payload, signal, ctx: func(ctx, lambda: call(payload, signal, ctx))
        if self.is_async:
            opened: Any = asynccontextmanager(func)

            async def run_inside(payload: Any, signal: Any, ctx: Any) -> Any:
                async with opened(ctx):
                    return await call(payload, signal, ctx)

            return run_inside
        entered: Any = contextmanager(func)
        if is_async:

            async def run_on_loop(payload: Any, signal: Any, ctx: Any) -> Any:
                with entered(ctx):
                    return await call(payload, signal, ctx)

            return run_on_loop

        def run(payload: Any, signal: Any, ctx: Any) -> Any:
            with entered(ctx):
                return call(payload, signal, ctx)

        return run
