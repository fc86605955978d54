"""Handlers with something of a framework around them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from ..handlers import JobHandlers
from ..middleware import Around, MiddlewareFunction

__all__ = ["within"]


def within(
    handlers: JobHandlers | Mapping[str, Callable[..., Any]],
    around: MiddlewareFunction,
    around_async: MiddlewareFunction | None = None,
    *,
    in_processes: bool = True,
) -> JobHandlers:
    """A set with the same handlers and schedules, and something around each, outside of its own middleware.

    The set that was given stays as it is: another application may bind the same handlers.

    Args:
        handlers: The handlers.
        around: The middleware.
        around_async: What goes around `async def` handlers instead.
        in_processes: Whether handlers that run in processes are among them: `around` has to be importable there.
    """
    given = JobHandlers.coerce(handlers)
    bound = JobHandlers()
    outer, outer_async = Around.of(around), Around.of(around_async or around)
    for name, function in given._functions.items():
        if function.run_in == "process" and not in_processes:
            continue
        own = copy.copy(function)
        own._middleware = [outer_async if function.shape.is_async else outer, *function._middleware]
        bound._functions[name] = own
    bound._schedules = dict(given._schedules)
    return bound
