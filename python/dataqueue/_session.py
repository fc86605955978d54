"""One session of processing: the engine's part, the lanes for its handlers, and the monitor."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ._loop_lane import LoopLane, LoopThread
from ._process_lane import ProcessLane, ProcessLimits
from ._thread_lane import ThreadLane
from .errors import DataQueueError
from .logs import say

if TYPE_CHECKING:
    from ._desk import Desk
    from .job_function import Handler

__all__ = ["GRACE", "Session"]

GRACE = 5.0
"""How long the end of a queue, or of the interpreter, waits for running handlers."""

# How long a session's own end waits for its threads, each kind of them.
_JOIN = 1.0

_open: weakref.WeakSet[Session] = weakref.WeakSet()


class Session:
    """From the start of a processor to its end. All its threads are born in Python.

    `of_queue` holds the open sessions of the same queue.
    """

    def __init__(
        self,
        desk: Desk,
        handlers: Sequence[Handler],
        name: str,
        on_error: Callable[[Exception], object] | None,
        loop: asyncio.AbstractEventLoop | None,
        of_queue: set[Session],
        limits: ProcessLimits = ProcessLimits(),  # noqa: B008 - it cannot change
    ) -> None:
        self.core = desk.core
        self._of_queue = of_queue
        self._on_error = on_error
        self._pid = os.getpid()
        self._loop_thread: LoopThread | None = None
        self._thread_lane: ThreadLane | None = None
        self._loop_lane: LoopLane | None = None
        # Any handler may have to run in a process: a job says whether it is to be killed when its time is up.
        self._process_lane = ProcessLane(desk, handlers, f"{name}-process", limits) if handlers else None
        self._monitor = threading.Thread(target=self._watch, name=f"{name}-monitor", daemon=True)
        self._closed = False
        if any(not handler.is_async for handler in handlers):
            self._thread_lane = ThreadLane(desk, handlers, f"{name}-handler")
        if any(handler.is_async for handler in handlers):
            if loop is None:
                self._loop_thread = LoopThread(f"{name}-loop")
                loop = self._loop_thread.loop
            self._loop_lane = LoopLane(desk, handlers, loop)

    def open(self) -> None:
        """Starts the lanes and the monitor. With a caller's loop, on that loop's thread."""
        _at_exit()
        _open.add(self)
        self._of_queue.add(self)
        self._monitor.start()
        if self._thread_lane is not None:
            self._thread_lane.open()
        if self._process_lane is not None:
            self._process_lane.open()
        if self._loop_thread is not None and self._loop_lane is not None:
            self._loop_thread.start()
            self._loop_thread.call(self._loop_lane.open, None)
        elif self._loop_lane is not None:
            self._loop_lane.open()

    def close(self) -> None:
        """Waits for the lanes to end, after the engine's part was drained; not for handlers that do not end."""
        if threading.current_thread() is not self._monitor:
            self._monitor.join(3 * _JOIN)

    @property
    def is_inherited(self) -> bool:
        """Whether the process forked since: the session goes on in the parent, and only there."""
        return os.getpid() != self._pid

    def end_at_exit(self) -> None:
        """Ends a session that nobody ended, before the interpreter takes its threads away."""
        if self._closed or self.is_inherited:
            return
        if self._loop_lane is not None and self._loop_thread is None:
            # The loop belonged to code that is over: nothing on it can end any more.
            self._loop_lane.abandon()
        self.core.drain(GRACE).wait()
        self.close()

    def _watch(self) -> None:
        while (news := self.core.attend()) is not None:
            messages, reports = news
            for run_id, what in messages:
                if self._thread_lane is not None:
                    self._thread_lane.tell(run_id, what)
                if self._process_lane is not None:
                    self._process_lane.tell(run_id, what)
            for report in reports:
                self._tell(report)
        self._end_lanes()

    def _end_lanes(self) -> None:
        self._closed = True
        _open.discard(self)
        self._of_queue.discard(self)
        if self._thread_lane is not None:
            self._thread_lane.join(_JOIN)
        if self._process_lane is not None:
            self._process_lane.join(_JOIN)
        if self._loop_thread is not None and self._loop_lane is not None:
            # A handler that blocks the loop must not keep this.
            self._loop_thread.call(self._loop_lane.close, _JOIN)
            self._loop_thread.stop(_JOIN)
        elif self._loop_lane is not None:
            self._loop_lane.close_soon()

    def _tell(self, report: str) -> None:
        if self._on_error is None:
            say(logging.ERROR, "%s", report)
            return
        try:
            self._on_error(DataQueueError(report))
        except BaseException:
            say(logging.ERROR, "the on_error callback failed on: %s", report, exc_info=True)


_registered_in = 0


def _at_exit() -> None:
    global _registered_in  # noqa: PLW0603 - one fact about the process
    if _registered_in == os.getpid():
        return
    _registered_in = os.getpid()
    # Not `atexit`: that comes after the interpreter has waited for its threads.
    threading._register_atexit(_end_all)  # type: ignore[attr-defined]


def _end_all() -> None:
    for session in list(_open):
        try:
            session.end_at_exit()
        except Exception:
            say(logging.ERROR, "a processor did not end cleanly at exit", exc_info=True)
