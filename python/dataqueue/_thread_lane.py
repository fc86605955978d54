"""Runs `def` handlers, each on a thread of its own while it runs."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ._calls import caller
from ._endings import completed, failed, released, retry_delay, swallowed, waiting
from ._hands import Hands
from .arguments import positive_seconds
from .context import AsyncJobContext, JobContext
from .errors import JobAborted, PayloadError
from .logs import say
from .signals import AbortReason, JobSignal

if TYPE_CHECKING:
    from ._core import Finished, Run
    from ._desk import Desk
    from .job_function import Handler

__all__ = ["ThreadLane", "extension"]


class ThreadLane:
    """Threads that take runs from the engine, as many as there is work for at once."""

    def __init__(self, desk: Desk, handlers: Sequence[Handler], name: str) -> None:
        self._desk = desk
        self._core = desk.core
        self._handlers = handlers
        self._calls = [caller(handler) for handler in handlers]
        self._active: dict[int, tuple[JobContext, Handler]] = {}
        self._hands = Hands(self._work, name)

    def open(self) -> None:
        """Starts the first thread; others follow, so that one is free as long as a slot is."""
        self._hands.grow()

    def join(self, timeout: float) -> None:
        """Waits up to `timeout` seconds for the threads to end; one whose handler runs on is left to itself."""
        self._hands.join(timeout)

    def tell(self, run_id: int, what: str) -> None:
        """Passes on a message of the engine about a run."""
        found = self._active.get(run_id)
        if found is None:
            return
        ctx, handler = found
        if what == "ask":
            # A callback that blocks must not keep messages from other handlers.
            asking = threading.Thread(target=self._ask, args=(run_id, ctx, handler), daemon=True)
            with contextlib.suppress(RuntimeError):
                asking.start()
        else:
            ctx.signal._abort(cast(AbortReason, what))
            # Its slot may be another job's now, while this handler keeps its thread for as long as it likes.
            if len(self._active) >= len(self._hands) and what != "shutdown":
                self._hands.grow()

    def _ask(self, run_id: int, ctx: JobContext, handler: Handler) -> None:
        answer = extension(ctx)
        retry = None if answer else retry_delay(handler, ctx._run.attempt, _time_is_up())
        self._core.answer_timeout(run_id, answer, retry)

    def _work(self) -> None:
        finished: Finished | None = None
        while (found := self._core.next(finished)) is not None:
            run, more_threads = found
            if more_threads:
                self._hands.grow()
            finished = self._execute(run)

    def _execute(self, run: Run) -> Finished:
        handler = self._handlers[run.handler]
        ctx = JobContext(self._desk, run, JobSignal(run.job_id))
        self._active[run.id] = (ctx, handler)
        try:
            try:
                payload = handler.codec.decode(run.payload)
            except PayloadError as error:
                return failed(run, handler, error, hopeless=True)
            result = contextvars.copy_context().run(self._calls[run.handler], payload, ctx.signal, ctx)
            return swallowed(run, handler) if ctx._waiting() else completed(run, result, ctx._output)
        except BaseException as error:
            wait = ctx._waiting()
            if wait is not None and error is wait:
                return waiting(run, wait)
            if isinstance(error, JobAborted) and ctx.signal.reason == "shutdown":
                return released(run)
            return failed(run, handler, error, ctx.signal.reason)
        finally:
            del self._active[run.id]


def extension(ctx: JobContext | AsyncJobContext) -> float | None:
    """How long a run whose time is up goes on, in seconds: what its callback says, None to end it."""
    callback = ctx._on_timeout
    if callback is None:
        return None
    try:
        answer = callback()
        if answer is None or answer == 0:
            return None
        return positive_seconds("the answer of on_timeout", answer)
    except BaseException:
        text = "the on_timeout callback of job %d failed: the job times out"
        say(logging.ERROR, text, ctx._run.job_id, exc_info=True)
        return None


def _time_is_up() -> TimeoutError:
    return TimeoutError("the job ran longer than its timeout")
