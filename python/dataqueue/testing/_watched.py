"""Handlers as they are, and what a test wants to know of their runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._calls import caller
from ..verdicts import Cancel, Retry, Snooze

if TYPE_CHECKING:
    from ..context import AsyncJobContext, JobContext
    from ..job_function import Handler
    from ..processor import AsyncProcessor, Processor

__all__ = ["Watched", "WorkerDied"]

# Raised on purpose: no errors that a test has to hear of.
_VERDICTS = (Cancel, Retry, Snooze)


class WorkerDied(BaseException):
    """Raised in a handler under test: there its worker dies, as a process that is killed.

    Nothing of this run is recorded any more, and the job stays with the dead worker until its lease has run out.
    """


class Watched:
    """The handlers of one processor, which keep what was raised in them, in order; it may end with the first error."""

    def __init__(self, processor: Processor | AsyncProcessor, stop_at_errors: bool) -> None:
        self._processor = processor
        self._stop_at_errors = stop_at_errors
        self.errors: list[Exception] = []
        self.died = 0
        processor._handlers = [self._watch(handler) for handler in processor._handlers]

    def stop(self) -> None:
        """Has the processor begin no further job."""
        self._processor.stop()

    def _watch(self, handler: Handler) -> Handler:
        # The lane opens the span, around this.
        call = caller(handler, spans=False)

        def run(payload: Any, signal: Any, ctx: JobContext) -> Any:
            try:
                return call(payload, signal, ctx)
            except BaseException as error:
                self._note(ctx, error)
                raise

        async def run_on_loop(payload: Any, signal: Any, ctx: AsyncJobContext) -> Any:
            try:
                return await call(payload, signal, ctx)
            except BaseException as error:
                self._note(ctx, error)
                raise

        func = run_on_loop if handler.is_async else run
        return replace(handler, func=func, positional=3, wants_ctx=False, wants_signal=False, middleware=())

    def _note(self, ctx: JobContext | AsyncJobContext, error: BaseException) -> None:
        if isinstance(error, WorkerDied):
            self.died += 1
            # On an event loop too: what a dead worker's other handlers would do meanwhile must not be recorded.
            ctx._core.die().wait()
        elif isinstance(error, Exception) and not isinstance(error, _VERDICTS) and ctx.signal.reason is None:
            self.errors.append(error)
            if self._stop_at_errors:
                self.stop()
