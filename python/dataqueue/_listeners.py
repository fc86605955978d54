"""The listeners of a queue: who is told of what, and from where."""

from __future__ import annotations

import itertools
import json
import logging
import os
import sys
import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ._call import Call
from ._core import Hooks
from ._inbox import Inboxes
from .arguments import datetime_of
from .errors import DataQueueError
from .hook_events import (
    JobAddedEvent,
    JobCancelledEvent,
    JobCompletedEvent,
    JobFailedEvent,
    JobHookEvent,
    JobOutputEvent,
    JobProcessingEvent,
    JobProgressEvent,
    JobRetriedEvent,
    JobWaitingEvent,
    QueueErrorEvent,
)
from .logs import say
from .models import FailureReason

if TYPE_CHECKING:
    import asyncio

    from ._loop_lane import LoopThread

__all__ = ["AsyncListeners", "Listeners", "Registry"]

_GRACE = 5.0
"""How long the end of a queue waits for listeners."""
_MOST_TASKS = 100
"""How many `async def` listeners of a queue run at once."""
_AT_ONE_TURN = 50
"""How many events one turn of an event loop tells."""

_EVENTS: dict[str, type[JobHookEvent]] = {
    "job:added": JobAddedEvent,
    "job:processing": JobProcessingEvent,
    "job:completed": JobCompletedEvent,
    "job:failed": JobFailedEvent,
    "job:cancelled": JobCancelledEvent,
    "job:retried": JobRetriedEvent,
    "job:waiting": JobWaitingEvent,
    "job:progress": JobProgressEvent,
    "job:output": JobOutputEvent,
}
_ERROR = "error"
_NUMBERED = Hooks.names()
_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "output": json.loads,
    "wait_until": datetime_of,
}


class _Entry:
    """One listener. It is told nothing once it is not active."""

    __slots__ = ("active", "callback", "once")

    def __init__(self, callback: Callable[[Any], object], once: bool) -> None:
        self.callback = callback
        self.once = once
        self.active = True


class Registry(ABC):
    """The listeners of one queue, and what they are told. A forked child has none until it registers its own."""

    def __init__(self) -> None:
        self.core = Hooks()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        # Tuples, so that whoever goes through one is not disturbed by a change.
        self._entries: dict[str, tuple[_Entry, ...]] = {}
        self._errors: deque[QueueErrorEvent] = deque()
        self.listening = False
        """Whether there ever was a listener."""

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            self._begin()

    @staticmethod
    def check(event: str) -> None:
        """Refuses a name that no event has."""
        if event != _ERROR and event not in _EVENTS:
            raise ValueError(f"there is no event {event!r:.80}: the events are {', '.join([*_EVENTS, _ERROR])}")

    def add(self, event: str, callback: Callable[[Any], object], *, once: bool) -> None:
        """Adds a listener."""
        if not callable(callback):
            raise TypeError(f"a listener must be a function of one argument, the event, not {type(callback).__name__}")
        self._check_process()
        with self._lock:
            self._entries[event] = (*self._entries.get(event, ()), _Entry(callback, once))
            self._changed()
            self.listening = True
        self._start()

    def remove(self, event: str, callback: Callable[[Any], object]) -> bool:
        """Takes a listener out; whether it was there."""
        self.check(event)
        self._check_process()
        with self._lock:
            gone = [entry for entry in self._entries.get(event, ()) if entry.callback == callback and entry.active]
            self._drop(event, gone)
        return bool(gone)

    def clear(self, event: str | None) -> None:
        """Takes all listeners out, or those of one event."""
        if event is not None:
            self.check(event)
        self._check_process()
        with self._lock:
            for name in list(self._entries) if event is None else [event]:
                self._drop(name, self._entries.get(name, ()))

    def error(self, error: Exception) -> None:
        """Tells of an error of a processor or a supervisor."""
        self._check_process()
        if self._entries.get(_ERROR):
            self._errors.append(QueueErrorEvent(error=error))
            self.core.poke()

    def reporter(self, on_error: Callable[[Exception], object] | None) -> Callable[[Exception], object]:
        """What a session calls with its errors: they are told here too."""

        def report(error: Exception) -> None:
            self.error(error)
            if on_error is None:
                say(logging.ERROR, "%s", error)
            else:
                on_error(error)

        return report

    def _drop(self, event: str, gone: Iterable[_Entry]) -> None:
        gone = list(gone)
        for entry in gone:
            entry.active = False
        self._entries[event] = tuple(entry for entry in self._entries.get(event, ()) if entry not in gone)
        self._changed()

    def _changed(self) -> None:
        self.core.listen(sum(1 << at for at, name in enumerate(_NUMBERED) if self._entries.get(name)))

    @abstractmethod
    def _start(self) -> None: ...

    def _told(self, happened: tuple[list[tuple[int, dict[str, Any]]], int]) -> Iterable[tuple[_Entry, Any]]:
        """Who is to be called with what. Asks for each listener when its turn comes: it may have been taken out."""
        happenings, dropped = happened
        if dropped:
            text = f"{dropped} events were not told: the listeners are too slow for them"
            say(logging.ERROR, "%s", text)
            yield from self._called(_ERROR, QueueErrorEvent(error=DataQueueError(text)))
        for number, fields in happenings:
            name = _NUMBERED[number]
            if not self._entries.get(name):
                continue
            try:
                event = _event(name, fields)
            except Exception as error:
                # An output that is nested too deep for Python's own decoder, say.
                self._failed(None, error)
            else:
                yield from self._called(name, event)
        while self._errors:
            yield from self._called(_ERROR, self._errors.popleft())

    def _called(self, name: str, event: Any) -> Iterable[tuple[_Entry, Any]]:
        for entry in self._entries.get(name, ()):
            if self._takes(name, entry):
                yield entry, event

    def _takes(self, name: str, entry: _Entry) -> bool:
        if not entry.once:
            return entry.active
        with self._lock:
            takes = entry.active
            if takes:
                self._drop(name, [entry])
        return takes

    def _call(self, entry: _Entry, event: Any) -> Any:
        """Calls a listener; what it answers is to be awaited if it can be."""
        try:
            answer = entry.callback(event)
        except BaseException as error:
            self._failed(event, error)
            return None
        return answer if isawaitable(answer) else None

    def _failed(self, event: Any, error: BaseException) -> None:
        """A listener failed: that is logged, and told to those of `error`, unless one of them it was."""
        what = "an event could not be told" if event is None else f"a listener failed on a {type(event).__name__}"
        say(logging.ERROR, "%s", what, exc_info=(type(error), error, error.__traceback__))
        if not isinstance(event, QueueErrorEvent) and self._entries.get(_ERROR):
            self._errors.append(QueueErrorEvent(error=error, event=event))
            self.core.poke()


class Listeners(Registry):
    """Listeners of a blocking queue. A thread of theirs calls them; one with an event loop runs what is `async def`."""

    def _begin(self) -> None:
        super()._begin()
        self._thread: threading.Thread | None = None
        self._loop: LoopThread | None = None
        self._running: set[Any] = set()

    def bind(self) -> None:
        """Nothing: the thread is there."""

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            _at_exit(self)
            self._thread = threading.Thread(target=self._work, name="dataqueue-listeners", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Tells what is left, and waits for that for a few seconds."""
        if self._pid != os.getpid() or self._thread is None:
            return
        self.core.close()
        if self._thread is not threading.current_thread():
            self._thread.join(_GRACE)

    def _work(self) -> None:
        while self.core.ready().wait():
            for entry, event in self._told(self.core.take()):
                waiting = self._call(entry, event)
                if waiting is not None:
                    self._run(waiting, event)
        if self._loop is not None:
            self._wait_for(0)
            self._loop.stop(1.0)

    def _run(self, waiting: Any, event: Any) -> None:
        import asyncio

        if self._loop is None:
            from ._loop_lane import LoopThread

            self._loop = LoopThread("dataqueue-listeners-loop")
            self._loop.start()
        self._running.add(asyncio.run_coroutine_threadsafe(self._awaited(waiting, event), self._loop.loop))
        self._wait_for(_MOST_TASKS)

    def _wait_for(self, most: int) -> None:
        from concurrent.futures import FIRST_COMPLETED, wait

        while len(self._running) > most:
            timeout = None if most else _GRACE
            done, self._running = wait(self._running, timeout, FIRST_COMPLETED)
            if not done:
                return

    async def _awaited(self, waiting: Any, event: Any) -> None:
        try:
            await waiting
        except BaseException as error:
            self._failed(event, error)


class AsyncListeners(Registry):
    """Listeners of an async queue. All run on one loop: where the first was registered, or else the queue is used."""

    def _begin(self) -> None:
        super()._begin()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._inboxes = Inboxes()

    def bind(self) -> None:
        """Makes the running loop theirs, if they have none or theirs is closed."""
        if not self.listening or (self._loop is not None and not self._loop.is_closed()):
            return
        # Where nothing was imported, no loop runs.
        imported = sys.modules.get("asyncio")
        loop = None if imported is None else imported._get_running_loop()
        if loop is None or self._pid != os.getpid():
            return
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                self._loop = loop
                self._running = set()
                self._inboxes = Inboxes()
                task: asyncio.Task[None] = loop.create_task(self._work())
                # The loop may end with it, which is no reason to complain.
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                self._task = task

    def _start(self) -> None:
        self.bind()

    async def close(self) -> None:
        """Tells what is left, and waits for that for a few seconds."""
        import asyncio

        if self._task is None or self._pid != os.getpid():
            return
        self.core.close()
        if self._loop is asyncio.get_running_loop():
            left = {self._task, *self._running} - {asyncio.current_task()}
            if left:
                await asyncio.wait(left, timeout=_GRACE)

    async def _work(self) -> None:
        import asyncio

        turn = itertools.count(1)
        try:
            while await self._inboxes.result(Call(self.core.ready(), bool)):
                for entry, event in self._told(self.core.take()):
                    waiting = self._call(entry, event)
                    if waiting is not None:
                        task = asyncio.ensure_future(self._awaited(waiting, event))
                        self._running.add(task)
                        task.add_done_callback(self._running.discard)
                    while len(self._running) >= _MOST_TASKS:
                        await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                    if next(turn) % _AT_ONE_TURN == 0:
                        await asyncio.sleep(0)
            if self._running:
                await asyncio.wait(self._running, timeout=_GRACE)
        finally:
            self._inboxes.close()

    async def _awaited(self, waiting: Any, event: Any) -> None:
        import asyncio

        try:
            await waiting
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._failed(event, error)


def _event(name: str, fields: dict[str, Any]) -> JobHookEvent:
    for field, convert in _CONVERTED.items():
        if fields.get(field) is not None:
            fields[field] = convert(fields[field])
    if name == "job:failed":
        fields["reason"] = FailureReason(fields["reason"])
    return _EVENTS[name](**fields)


_open: weakref.WeakSet[Listeners] = weakref.WeakSet()
_registered_in = 0


def _at_exit(listeners: Listeners) -> None:
    global _registered_in  # noqa: PLW0603 - one fact about the process
    _open.add(listeners)
    if _registered_in == os.getpid():
        return
    _registered_in = os.getpid()
    # Not `atexit`: that comes after the interpreter has waited for its threads.
    threading._register_atexit(_end_all)  # type: ignore[attr-defined]


def _end_all() -> None:
    if "dataqueue._session" in sys.modules:
        # What processors do at their end is told too.
        from ._session import _end_all as end_sessions

        end_sessions()
    for listeners in list(_open):
        listeners.close()
