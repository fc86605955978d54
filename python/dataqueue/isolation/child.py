"""What a process of handlers does: it takes runs, one at a time, and reports over its line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from contextvars import copy_context
from pathlib import Path
from typing import Any, cast

from .._calls import caller
from .._desk import Desk
from .._endings import completed, failed, released, swallowed, waiting
from .._spans import inside
from .._thread_lane import extension
from ..context import AsyncJobContext, JobContext
from ..errors import JobAborted, PayloadError
from ..retry_rules import RetryRules
from ..signals import AbortReason, AsyncJobSignal, JobSignal
from .channel import Channel
from .remote import Answers, RemoteCore, RemoteInboxes, RemoteRequests, RemoteRun
from .travel import unpack

__all__ = ["Child"]


class Child:
    """Runs handlers on its main thread; another thread listens."""

    def __init__(self, line: Channel) -> None:
        self._line = line
        self._pid = os.getpid()
        self._runs: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._answers = Answers(line)
        self._core = RemoteCore(line, self._answers)
        self._requests = RemoteRequests(self._answers)
        self._runner: asyncio.Runner | None = None
        self._ctx: JobContext | AsyncJobContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._is_idle = True

    def serve(self) -> None:
        """Runs what comes, until the line ends."""
        for number in (signal.SIGINT, signal.SIGTERM):
            # The worker says when to stop. Programs that handlers start get the usual behaviour.
            signal.signal(number, lambda *_: None)
        _log_to(self._line)
        threading.Thread(target=self._listen, name="dataqueue-line", daemon=True).start()
        while True:
            message = self._runs.get()
            self._is_idle = False
            if message[0] == "load":
                answer: tuple[Any, ...] = ("loaded", _why_not(message[1]))
            else:
                answer = ("done", self._run(*message[1:]), _resident())
            if os.getpid() != self._pid:
                # The handler forked, and its child came back here.
                os._exit(0)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            self._is_idle = True
            self._line.send(answer)

    def _listen(self) -> None:
        while (message := self._line.receive()) is not None:
            match message:
                case ("run", *_) | ("load", *_):
                    self._runs.put(message)
                case ("answer", number, ok, value):
                    self._answers.take(number, ok, value)
                case ("abort", run_id, reason):
                    self._abort(run_id, reason)
                case ("ask", run_id):
                    self._ask(run_id)
                case _:
                    pass
        # The worker is gone, or is done with this process.
        os._exit(0 if self._is_idle else 1)

    def _run(
        self, parcel: Any, record: dict[str, Any], run_id: int, max_step_bytes: int, trace: str | None = None
    ) -> Any:
        run = RemoteRun(run_id, record)
        try:
            handler = unpack(parcel)
        except BaseException as error:
            return failed(cast("Any", run), cast("Any", _NO_RULE), error)
        desk = Desk(cast("Any", self._core), cast("Any", self._requests), max_step_bytes)
        # The worker opens the span.
        call = caller(handler, spans=False)
        ctx: JobContext | AsyncJobContext
        if handler.is_async:
            signal_of = AsyncJobSignal(run.job_id)
            ctx = AsyncJobContext(desk, cast("Any", run), signal_of, cast("Any", RemoteInboxes()))
        else:
            ctx = JobContext(desk, cast("Any", run), JobSignal(run.job_id))
        try:
            try:
                payload = handler.codec.decode(run.payload)
            except PayloadError as error:
                return failed(cast("Any", run), handler, error, hopeless=True)
            self._ctx = ctx
            with inside(trace):
                if handler.is_async:
                    self._runner = self._runner or asyncio.Runner()
                    result = self._runner.run(self._awaited(call, payload, ctx), context=copy_context())
                else:
                    result = call(payload, ctx.signal, ctx)
            return (
                swallowed(cast("Any", run), handler)
                if ctx._waiting()
                else completed(cast("Any", run), result, ctx._output)
            )
        except BaseException as error:
            wait = ctx._waiting()
            if wait is not None and error is wait:
                return waiting(cast("Any", run), wait)
            reason = ctx.signal.reason
            if reason == "shutdown" and isinstance(error, JobAborted | asyncio.CancelledError):
                return released(cast("Any", run))
            return failed(cast("Any", run), handler, error, reason)
        finally:
            self._ctx = self._loop = self._task = None

    async def _awaited(self, call: Any, payload: Any, ctx: Any) -> Any:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        return await call(payload, ctx.signal, ctx)

    def _abort(self, run_id: int, reason: AbortReason) -> None:
        ctx, loop, task = self._ctx, self._loop, self._task
        if ctx is None or ctx._run.id != run_id:
            return
        if loop is None or task is None:
            ctx.signal._abort(reason)
            return

        def cancel() -> None:
            ctx.signal._abort(reason)
            task.cancel()

        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(cancel)

    def _ask(self, run_id: int) -> None:
        ctx, loop = self._ctx, self._loop
        if ctx is None or ctx._run.id != run_id:
            return

        def answer() -> None:
            with contextlib.suppress(OSError):
                self._line.send(("extend", run_id, extension(ctx)))

        if loop is None:
            # A callback that blocks must not keep this thread from listening.
            threading.Thread(target=answer, daemon=True).start()
        else:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(answer)


class _NoRule:
    """In the place of a handler that could not be loaded: the job's own options decide on its retry."""

    retries = RetryRules()


_NO_RULE = _NoRule()


def _why_not(parcel: Any) -> str | None:
    try:
        unpack(parcel)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return None


class _Forwarding(logging.Handler):
    """What handlers log through their context is logged by the worker."""

    def __init__(self, line: Channel) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: record.__dict__[name] for name in _EXTRA if name in record.__dict__}
        with contextlib.suppress(Exception):
            self._line.send(("log", record.name, record.levelno, self.format(record), extra))


_EXTRA = ("job_id", "job_type", "attempt")


def _log_to(line: Channel) -> None:
    log = logging.getLogger("dataqueue")
    log.handlers[:] = [_Forwarding(line)]
    log.setLevel(logging.DEBUG)
    log.propagate = False


def _resident() -> int:
    """The memory that this process holds, in bytes."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
