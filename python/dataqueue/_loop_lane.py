"""Runs `async def` handlers, together on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from ._calls import caller
from ._endings import completed, failed, released, retry_delay
from ._thread_lane import extension
from .context import AsyncJobContext
from .errors import JobAborted, PayloadError
from .signals import AbortReason, AsyncJobSignal

if TYPE_CHECKING:
    from ._core import Finished, Processor, Run
    from .handlers import Handler

__all__ = ["LoopLane", "LoopThread"]

# Runs taken at one turn of the loop: more would keep it from its other work.
_AT_ONCE = 200


class _Active:
    """A run that has started."""

    __slots__ = ("ctx", "handler", "run", "task")

    def __init__(self, run: Run, handler: Handler) -> None:
        self.run = run
        self.handler = handler
        self.ctx: AsyncJobContext | None = None
        self.task: asyncio.Task[None] | None = None


class LoopLane:
    """Takes runs from the engine on one event loop. All but `__init__` and `close_soon` belong on the loop's thread."""

    def __init__(self, core: Processor, handlers: Sequence[Handler], loop: asyncio.AbstractEventLoop) -> None:
        self._core = core
        self._handlers = handlers
        self._calls = [caller(handler) for handler in handlers]
        self._loop = loop
        self._active: dict[int, _Active] = {}
        self._finished: list[Finished] = []
        self._scheduled = False
        self._ears: asyncio.Task[None] | None = None
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def open(self) -> None:
        """Starts to take runs."""
        try:
            self._loop.add_reader(self._receiver, self._rung)
        except NotImplementedError:
            self._ears = self._loop.create_task(self._listen())
        self._core.ring(self._sender.fileno())

    def close(self) -> None:
        """Stops taking runs. Handlers that still run go on, but what they return is not recorded."""
        self._core.ring(None)
        if self._ears is not None:
            self._ears.cancel()
        elif not self._loop.is_closed():
            self._loop.remove_reader(self._receiver)
        self._receiver.close()
        self._sender.close()

    def abandon(self) -> None:
        """The loop ended with runs on it: they go back, as far as the engine still has them."""
        ends: list[Finished] = [*self._finished, *(released(active.run) for active in self._active.values())]
        self._active.clear()
        self._finished = []
        self._core.exchange(ends, 0)

    @property
    def is_dead(self) -> bool:
        """Whether the loop was closed under this lane."""
        return self._loop.is_closed()

    def _rung(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            self._receiver.recv(4096)
        self._pump()

    async def _listen(self) -> None:
        while await self._loop.sock_recv(self._receiver, 4096):
            self._pump()

    def _pump(self) -> None:
        self._scheduled = False
        finished, self._finished = self._finished, []
        runs, messages = self._core.exchange(finished, _AT_ONCE)
        for run in runs:
            self._start(run)
        for run_id, what in messages:
            self._tell(run_id, what)
        if len(runs) == _AT_ONCE:
            self._pump_soon()

    def _pump_soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pump)

    def _start(self, run: Run) -> None:
        active = _Active(run, self._handlers[run.handler])
        self._active[run.id] = active
        if sys.version_info >= (3, 12):
            # Runs the first step at once: a handler that never waits costs no turn of the loop.
            active.task = asyncio.Task(self._execute(active), loop=self._loop, eager_start=True)
        else:
            active.task = self._loop.create_task(self._execute(active))

    async def _execute(self, active: _Active) -> None:
        run, handler = active.run, active.handler
        try:
            end = await self._ending(active, run, handler)
        except BaseException as error:
            # Nothing a handler raises may reach the loop: SystemExit and KeyboardInterrupt would stop it.
            ctx = active.ctx
            stopping = isinstance(error, JobAborted | asyncio.CancelledError)
            if stopping and (self._loop_is_ending(ctx) or _reason(ctx) == "shutdown"):
                end = released(run)
            else:
                end = failed(run, handler, error, _reason(ctx))
        del self._active[run.id]
        self._finished.append(end)
        self._pump_soon()

    async def _ending(self, active: _Active, run: Run, handler: Handler) -> Finished:
        try:
            payload = handler.codec.decode(run.payload)
        except PayloadError as error:
            return failed(run, handler, error, hopeless=True)
        ctx = active.ctx = AsyncJobContext(self._core, run, AsyncJobSignal(run.job_id))
        result: Any = await self._calls[run.handler](payload, ctx.signal, ctx)
        return completed(run, result, ctx._output)

    def _loop_is_ending(self, ctx: AsyncJobContext | None) -> bool:
        """Whether a cancellation that the engine did not ask for came from outside the handler: `asyncio.run` cancels
        what is left when its main coroutine ends."""
        task = asyncio.current_task()
        return _reason(ctx) is None and task is not None and task.cancelling() > 0

    def _tell(self, run_id: int, what: str) -> None:
        active = self._active.get(run_id)
        if active is None:
            return
        ctx = active.ctx
        if what == "ask":
            answer = extension(ctx) if ctx is not None else None
            error = TimeoutError("the job ran longer than its timeout")
            retry = None if answer else retry_delay(active.handler, active.run.attempt, error)
            self._core.answer_timeout(run_id, answer, retry)
            return
        if ctx is not None:
            ctx.signal._abort(cast(AbortReason, what))
        if active.task is not None:
            active.task.cancel()


def _reason(ctx: AsyncJobContext | None) -> AbortReason | None:
    return None if ctx is None else ctx.signal.reason


class LoopThread:
    """An event loop on a thread of its own, for a processor that is used from blocking code."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        # A daemon: a handler that blocks the loop for ever must not keep the interpreter from exiting.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the loop."""
        self._thread.start()

    def call(self, function: Any) -> None:
        """Runs `function()` on the loop and waits for it."""
        done = threading.Event()

        def run() -> None:
            try:
                function()
            finally:
                done.set()

        self.loop.call_soon_threadsafe(run)
        done.wait()

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
