"""Calls a handler the way its signature wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._spans import traced

if TYPE_CHECKING:
    from .job_function import Handler

__all__ = ["caller"]


def caller(handler: Handler, *, spans: bool = True) -> Callable[[Any, Any, Any], Any]:
    """A function of payload, signal and ctx that passes on what the handler takes, with its middleware around it.

    Outermost is a span, where OpenTelemetry is installed; without `spans` there is none.
    """
    call = _plain(handler)
    # The first that was declared is the outermost.
    for around in reversed(handler.middleware):
        call = around.wrap(call, is_async=handler.is_async)
    return traced(call, is_async=handler.is_async) if spans else call


def _plain(handler: Handler) -> Callable[[Any, Any, Any], Any]:
    func, positional = handler.func, handler.positional
    if not handler.wants_ctx and not handler.wants_signal:
        if positional == 1:
            return lambda payload, _signal, _ctx: func(payload)
        if positional == 2:
            return lambda payload, signal, _ctx: func(payload, signal)
        return func

    def call(payload: Any, signal: Any, ctx: Any) -> Any:
        named = {}
        if handler.wants_ctx:
            named["ctx"] = ctx
        if handler.wants_signal:
            named["signal"] = signal
        return func(*(payload, signal, ctx)[:positional], **named)

    return call
