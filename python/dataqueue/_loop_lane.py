"""Runs `async def` handlers, together on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections import deque
from collections.abc import Coroutine, Generator, Sequence
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, cast

from ._calls import caller
from ._endings import completed, failed, grouped, released, retry_delay, swallowed, waiting
from ._inbox import Inboxes
from ._thread_lane import extension
from ._waits import WaitSignal
from .context import AsyncJobContext
from .errors import JobAborted, PayloadError
from .signals import AbortReason, AsyncJobSignal

if TYPE_CHECKING:
    from ._core import Finished, Run
    from ._desk import Desk
    from .job_function import Handler

__all__ = ["LoopLane", "LoopThread"]

# Runs taken at one turn of the loop: more would keep it from its other work.
_AT_ONCE = 200


class _Active:
    """A run that has started."""

    __slots__ = ("began", "ctx", "handler", "run", "task")

    def __init__(self, run: Run, handler: Handler, ctx: AsyncJobContext) -> None:
        self.run = run
        self.handler = handler
        self.ctx = ctx
        self.began = False
        self.task: asyncio.Task[None] | None = None


class _InContext:
    """Runs a coroutine in a context of its own, as a task of its own would."""

    __slots__ = ("_context", "_coroutine", "waited")

    def __init__(self, coroutine: Coroutine[Any, Any, None], context: Context) -> None:
        self._coroutine, self._context = coroutine, context
        self.waited = False

    def __await__(self) -> Generator[Any, Any, None]:
        enter, coroutine = self._context.run, self._coroutine
        step, value = coroutine.send, None
        try:
            while True:
                awaited = enter(step, value)
                self.waited = True
                try:
                    step, value = coroutine.send, (yield awaited)
                except BaseException as error:
                    step, value = coroutine.throw, error
        except StopIteration:
            return


class LoopLane:
    """Takes runs from the engine on one event loop. All but `__init__` and `close_soon` belong on the loop's thread."""

    def __init__(self, desk: Desk, handlers: Sequence[Handler], loop: asyncio.AbstractEventLoop) -> None:
        self._desk = desk
        self._core = desk.core
        self._handlers = handlers
        self._calls = [caller(handler) for handler in handlers]
        self._loop = loop
        self._active: dict[int, _Active] = {}
        # What a handler puts into its own context is not for the runs that are taken at its end.
        self._context = copy_context()
        self._unstarted: deque[_Active] = deque()
        self._starting = False
        self._finished: list[Finished] = []
        self._scheduled = False
        # Lives as long as the lane: when all tasks of the loop are cancelled, because it ends, this one is too.
        self._ears: asyncio.Task[None] | None = None
        self._closed = False
        self._inboxes = Inboxes()
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def open(self) -> None:
        """Starts to take runs."""
        self._ears = ears = self._loop.create_task(self._listen())
        _may_be_dropped(ears)
        self._core.ring(self._sender.fileno())

    def close(self) -> None:
        """Stops taking runs. Handlers that still run go on, but what they return is not recorded."""
        if self._closed:
            return
        self._closed = True
        self._core.ring(None)
        if not self._loop.is_closed():
            if self._ears is not None:
                self._ears.cancel()
            with contextlib.suppress(NotImplementedError):
                self._loop.remove_reader(self._receiver)
            # It may be closed from outside of any loop; then the inbox goes with its loop.
            with contextlib.suppress(RuntimeError):
                self._inboxes.close()
        self._receiver.close()
        self._sender.close()

    def close_soon(self) -> None:
        """As `close`, from any thread."""
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self.close)
        else:
            self.close()

    def abandon(self) -> None:
        """The loop ended with runs on it: they go back, as far as the engine still has them."""
        ends: list[Finished] = [*self._finished, *(released(active.run) for active in self._active.values())]
        self._active.clear()
        self._finished = []
        self._core.exchange(ends, 0)

    def _rung(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            self._receiver.recv(4096)
        self._pump()

    async def _listen(self) -> None:
        try:
            try:
                self._loop.add_reader(self._receiver, self._rung)
            except NotImplementedError:
                while await self._loop.sock_recv(self._receiver, 4096):
                    self._pump()
            else:
                await self._loop.create_future()
        finally:
            if not self._closed:
                # The loop ends under a running processor: nothing must be claimed for it any more.
                self._core.drain(0)

    def _pump(self) -> None:
        self._scheduled = False
        finished, self._finished = self._finished, []
        # On a loop that ends, nothing that is started now would run.
        runs, messages = self._core.exchange(finished, 0 if self._loop_is_ending() else _AT_ONCE)
        for run in runs:
            self._enqueue(run)
        if not self._starting:
            self._start()
        for run_id, what in messages:
            self._tell(run_id, what)
        if len(runs) == _AT_ONCE:
            self._pump_soon()

    def _pump_soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pump, context=self._context)

    def _enqueue(self, run: Run) -> None:
        ctx = AsyncJobContext(self._desk, run, AsyncJobSignal(run.job_id), self._inboxes)
        active = _Active(run, self._handlers[run.handler], ctx)
        self._active[run.id] = active
        self._unstarted.append(active)

    def _start(self) -> None:
        """Starts the runs that have not started, and comes back for those that a task leaves when its run waits."""
        self._starting = False
        if self._loop_is_ending():
            # What has not started goes back.
            return
        if sys.version_info >= (3, 12):
            # Runs the first step at once: a handler that never waits costs no turn of the loop.
            while self._unstarted:
                _may_be_dropped(asyncio.Task(self._execute_some(), loop=self._loop, eager_start=True))
        elif self._unstarted:
            _may_be_dropped(self._loop.create_task(self._execute_some()))
            self._starting = True
            self._loop.call_soon(self._start, context=self._context)

    async def _execute_some(self) -> None:
        """Executes one run after the other until one waits: a task for each would cost more than most of them do."""
        task = asyncio.current_task()
        unstarted = self._unstarted
        while unstarted:
            active = unstarted.popleft()
            active.task = task
            execution = _InContext(self._execute(active), self._context.copy())
            await execution
            # A task that waited has left the other runs to another, and one that was cancelled may still be.
            if execution.waited or task is None or task.cancelling():
                break

    async def _execute(self, active: _Active) -> None:
        run, handler = active.run, active.handler
        try:
            end = await self._ending(active, run, handler)
        except BaseException as error:
            # Nothing a handler raises may reach the loop: SystemExit and KeyboardInterrupt would stop it.
            reason, wait = active.ctx.signal.reason, active.ctx._waiting()
            stopping = reason == "shutdown" or (reason is None and self._loop_is_ending())
            if wait is not None and error is wait:
                end = waiting(run, wait)
            elif wait is not None and isinstance(error, BaseExceptionGroup) and error.subgroup(WaitSignal):
                end = grouped(run, handler)
            elif stopping and isinstance(error, JobAborted | asyncio.CancelledError):
                end = released(run)
            else:
                end = failed(run, handler, error, reason)
        if self._loop.is_closed():
            # The task was dropped with its loop; the job went back.
            return
        self._active.pop(run.id, None)
        self._finished.append(end)
        self._pump_soon()

    async def _ending(self, active: _Active, run: Run, handler: Handler) -> Finished:
        active.began, ctx = True, active.ctx
        ctx.signal.raise_if_aborted()
        try:
            payload = handler.codec.decode(run.payload)
        except PayloadError as error:
            return failed(run, handler, error, hopeless=True)
        result: Any = await self._calls[run.handler](payload, ctx.signal, ctx)
        return swallowed(run, handler) if ctx._waiting() else completed(run, result, ctx._output)

    def _loop_is_ending(self) -> bool:
        """Whether a cancellation that the engine did not ask for came from outside the handler: `asyncio.run` cancels
        what is left when its main coroutine ends."""
        return self._ears is not None and self._ears.cancelling() > 0

    def _tell(self, run_id: int, what: str) -> None:
        active = self._active.get(run_id)
        if active is None:
            return
        if what == "ask":
            answer = extension(active.ctx)
            error = TimeoutError("the job ran longer than its timeout")
            retry = None if answer else retry_delay(active.handler, active.run.attempt, error)
            self._core.answer_timeout(run_id, answer, retry)
            return
        active.ctx.signal._abort(cast(AbortReason, what))
        # A task that is cancelled before its first step never runs, and its end would not be told.
        if active.began and active.task is not None:
            active.task.cancel()


def _may_be_dropped(task: asyncio.Task[None]) -> None:
    """A loop may end with this task on it, which is no reason to complain: what it did goes back."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]


class LoopThread:
    """An event loop on a thread of its own, for a processor that is used from blocking code."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        # A daemon: a handler that blocks the loop for ever must not keep the interpreter from exiting.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the loop."""
        self._thread.start()

    def call(self, function: Any, timeout: float | None) -> None:
        """Runs `function()` on the loop and waits for it, at most `timeout` seconds."""
        done = threading.Event()

        def run() -> None:
            try:
                function()
            finally:
                done.set()

        self.loop.call_soon_threadsafe(run)
        done.wait(timeout)

    def stop(self, timeout: float) -> None:
        """Ends the loop and its thread, unless a handler blocks them for longer than `timeout` seconds."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            if left:
                self.loop.run_until_complete(asyncio.wait(left, timeout=1))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
