"""How the end of a handler is told to the engine."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import HandlerChanged
from .payload import encode_json
from .retry_rules import NEVER
from .verdicts import Cancel, RateLimited, Retry, Snooze

if TYPE_CHECKING:
    from ._core import Finished, Run
    from ._waits import WaitSignal
    from .job_function import Handler
    from .signals import AbortReason

__all__ = ["completed", "failed", "grouped", "released", "retry_delay", "swallowed", "waiting"]

_PACKAGE = Path(__file__).parent
_FRAMES = 40
# Its place among the steps: what a handler waits for itself is numbered.
_SNOOZED = "__wait_snooze"


def completed(run: Run, result: object, output: bytes | None) -> Finished:
    """The handler returned; `output` is what it set itself, if it did."""
    if output is None and result is not None:
        try:
            output = encode_json(result, "the handler's result")
        except Exception as error:
            # It would return the same again: its work is done, and only the result cannot be kept.
            return (run.id, "failed", _text(error), _name(error), None, NEVER)
    return (run.id, "completed", output)


def released(run: Run) -> Finished:
    """The run was broken off because its worker stops."""
    return (run.id, "released")


def waiting(run: Run, signal: WaitSignal) -> Finished:
    """The handler waits."""
    return (run.id, "waiting", signal.entry, signal.name, (signal.kind, signal.is_date, signal.micros, signal.awaited))


def swallowed(run: Run, handler: Handler) -> Finished:
    """The handler caught the signal of its wait and went on: what it did then came too early."""
    text = (
        "the handler caught the WaitSignal of its wait and went on: let it pass, as `except Exception` does, and do "
        "not return from `finally`"
    )
    return failed(run, handler, RuntimeError(text), hopeless=True)


def grouped(run: Run, handler: Handler) -> Finished:
    """The wait began in a task of a group: the others were cancelled in the middle of their work."""
    text = (
        "the handler waits inside of a task group, whose other tasks were cancelled in the middle of their work: wait "
        "outside of it, and put what the tasks do into steps"
    )
    return failed(run, handler, RuntimeError(text), hopeless=True)


def failed(
    run: Run, handler: Handler, error: BaseException, reason: AbortReason | None = None, *, hopeless: bool = False
) -> Finished:
    """The handler raised, after it was told to stop for `reason`; a hopeless error is not retried.

    Never raises, whatever the error's own methods do.
    """
    if isinstance(error, Cancel):
        return (run.id, "cancelled", error.reason)
    if isinstance(error, Snooze):
        return (run.id, "waiting", _SNOOZED, None, ("snooze", False, error.micros, None))
    if isinstance(error, RateLimited):
        # The engine holds back the others by this kind.
        return (run.id, "waiting", _SNOOZED, None, ("rate_limited", False, error.micros, None))
    if isinstance(error, Retry):
        cause = error.__cause__ or error
        return (run.id, "failed", _text(cause), _name(cause), _trace(error), error.delay)
    if hopeless or isinstance(error, HandlerChanged):
        retry: float | None = NEVER
    elif reason in ("timeout", "lease_lost", "cancelled"):
        # The engine has decided what comes of this attempt.
        retry = None
    else:
        retry = retry_delay(handler, run.attempt, error)
    return (run.id, "failed", _text(error), _name(error), _trace(error), retry)


def retry_delay(handler: Handler, attempt: int, error: BaseException) -> float | None:
    """What the job type's own retry rules say: seconds, negative for never; None where they say nothing."""
    return handler.retries.decide(handler.name, attempt, error)


def _text(error: BaseException) -> str:
    try:
        return _storable(str(error)) or _name(error)
    except BaseException:
        return f"{_name(error)} (its message cannot be shown)"


def _name(error: BaseException) -> str:
    kind = type(error)
    return _storable(kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")


def _trace(error: BaseException) -> str | None:
    try:
        frames = error.__traceback__
        # The first frames are ours.
        while frames is not None and frames.tb_next is not None and _is_ours(frames.tb_frame.f_code.co_filename):
            frames = frames.tb_next
        # The last ones: where it happened says more than how it came there.
        lines = traceback.format_exception(type(error), error, frames, limit=-_FRAMES)
        return _storable("".join(lines))
    except BaseException:
        return None


def _is_ours(file: str) -> bool:
    return _PACKAGE in Path(file).parents


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
