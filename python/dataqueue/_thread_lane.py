"""Runs `def` handlers, each on a thread of its own while it runs."""

from __future__ import annotations

import contextvars
import itertools
import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from ._calls import caller
from ._endings import completed, failed, released, retry_delay
from .arguments import positive_seconds
from .context import AsyncJobContext, JobContext
from .errors import JobAborted, PayloadError
from .signals import AbortReason, JobSignal

if TYPE_CHECKING:
    from ._core import Finished, Processor, Run
    from .handlers import Handler

__all__ = ["ThreadLane", "extension"]

_log = logging.getLogger("dataqueue")


class ThreadLane:
    """Threads that take runs from the engine, as many as there is work for at once.

    They are born here, in Python, and live as long as the session, so that what a handler keeps in thread-locals (a
    database connection, say) serves its later runs too.
    """

    def __init__(self, core: Processor, handlers: Sequence[Handler], name: str) -> None:
        self._core = core
        self._handlers = handlers
        self._calls = [caller(handler) for handler in handlers]
        self._name = name
        self._numbers = itertools.count(1)
        self._active: dict[int, tuple[JobContext, Handler]] = {}
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        """Starts the first thread; others follow when there is work for them."""
        self._grow()

    def join(self, timeout: float) -> None:
        """Waits a while for the threads to end; one whose handler runs on is left to itself."""
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(timeout)

    def tell(self, run_id: int, what: str) -> None:
        """Passes on a message of the engine about a run."""
        found = self._active.get(run_id)
        if found is None:
            return
        ctx, handler = found
        if what == "ask":
            answer = extension(ctx)
            retry = None if answer else retry_delay(handler, ctx._run.attempt, _time_is_up())
            self._core.answer_timeout(run_id, answer, retry)
        else:
            ctx.signal._abort(cast(AbortReason, what))

    def _grow(self) -> None:
        name = f"{self._name}-{next(self._numbers)}"
        # A daemon: a handler that never returns must not keep the interpreter from exiting.
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        finished: Finished | None = None
        while (found := self._core.next(finished)) is not None:
            run, more_threads = found
            if more_threads:
                self._grow()
            finished = self._execute(run)

    def _execute(self, run: Run) -> Finished:
        handler = self._handlers[run.handler]
        ctx = JobContext(self._core, run, JobSignal(run.job_id))
        self._active[run.id] = (ctx, handler)
        try:
            try:
                payload = handler.codec.decode(run.payload)
            except PayloadError as error:
                return failed(run, handler, error, hopeless=True)
            result = contextvars.copy_context().run(self._calls[run.handler], payload, ctx.signal, ctx)
            return completed(run, result, ctx._output)
        except JobAborted as error:
            if error.reason == "shutdown":
                return released(run)
            return failed(run, handler, error, ctx.signal.reason)
        except BaseException as error:
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
        span = answer.total_seconds() if isinstance(answer, timedelta) else answer
        return None if span is None or span <= 0 else positive_seconds("the answer of on_timeout", span)
    except Exception:
        _log.exception("the on_timeout callback of job %d failed: the job times out", ctx._run.job_id)
        return None


def _time_is_up() -> TimeoutError:
    return TimeoutError("the job ran longer than its timeout")
