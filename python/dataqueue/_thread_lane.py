"""Runs `def` handlers, each on a thread of its own while it runs."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ._calls import caller
from ._endings import completed, failed, released, retry_delay, swallowed, waiting
from .arguments import positive_seconds
from .context import AsyncJobContext, JobContext
from .errors import JobAborted, PayloadError
from .logs import say
from .signals import AbortReason, JobSignal

if TYPE_CHECKING:
    from ._core import Finished, Run
    from ._desk import Desk
    from .handlers import Handler

__all__ = ["ThreadLane", "extension"]


class ThreadLane:
    """Threads that take runs from the engine, as many as there is work for at once.

    They are born here, in Python, and live as long as the session, so that what a handler keeps in thread-locals (a
    database connection, say) serves its later runs too.
    """

    def __init__(self, desk: Desk, handlers: Sequence[Handler], name: str) -> None:
        self._desk = desk
        self._core = desk.core
        self._handlers = handlers
        self._calls = [caller(handler) for handler in handlers]
        self._name = name
        self._numbers = itertools.count(1)
        self._active: dict[int, tuple[JobContext, Handler]] = {}
        self._threads: list[threading.Thread] = []
        self._is_growing = False

    def open(self) -> None:
        """Starts the first thread; others follow, so that one is free as long as a slot is."""
        self._grow()

    def join(self, timeout: float) -> None:
        """Waits up to `timeout` seconds for the threads to end; one whose handler runs on is left to itself."""
        deadline = time.monotonic() + timeout
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

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

    def _ask(self, run_id: int, ctx: JobContext, handler: Handler) -> None:
        answer = extension(ctx)
        retry = None if answer else retry_delay(handler, ctx._run.attempt, _time_is_up())
        self._core.answer_timeout(run_id, answer, retry)

    def _grow(self) -> None:
        # One that was started and has not come to its work yet is the one that is wanted.
        if self._is_growing:
            return
        self._is_growing = True
        name = f"{self._name}-{next(self._numbers)}"
        # A daemon: a handler that never returns must not keep the interpreter from exiting.
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._is_growing = False
            say(logging.WARNING, "no further thread for handlers, those that run go on: %s", error)
            return
        self._threads.append(thread)

    def _work(self) -> None:
        self._is_growing = False
        finished: Finished | None = None
        while (found := self._core.next(finished)) is not None:
            run, more_threads = found
            if more_threads:
                self._grow()
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
