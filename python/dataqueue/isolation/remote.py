"""The worker's side of a handler, as a process of its own sees it: what contexts call is sent over the line."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .._call import Call

if TYPE_CHECKING:
    from ..jobs import Job
    from ..models import JobId, JobRecord
    from ..tokens import Token, TokenTimeout
    from .channel import Channel

__all__ = ["Answers", "RemoteCore", "RemoteInboxes", "RemoteRequests", "RemoteRun"]

T = TypeVar("T")


class RemoteRun:
    """A run, as the engine gave it to the worker."""

    def __init__(self, run_id: int, record: dict[str, Any]) -> None:
        self.id = run_id
        self._record = record
        self.job_id: int = record["id"]
        self.job_type: str = record["job_type"]
        self.attempt: int = record["attempts"]
        self.payload: bytes = record["payload"]
        self.force_kill: bool = record["force_kill_on_timeout"]

    def record(self) -> dict[str, Any]:
        """The whole job as it was claimed."""
        return self._record


class RemotePending:
    """A call under way in the worker."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._ok = False
        self._value: Any = None
        self._callback: Callable[[], None] | None = None

    def wait(self) -> Any:
        """Blocks until the call ended."""
        self._done.wait()
        if not self._ok:
            raise self._value
        return self._value

    def settle(self, ok: bool, value: Any) -> None:
        """The answer came."""
        with self._lock:
            self._ok, self._value = ok, value
            self._done.set()
            callback = self._callback
        if callback is not None:
            callback()

    def tell(self, callback: Callable[[], None]) -> None:
        """Calls `callback`, from any thread, once the answer is there."""
        with self._lock:
            if not self._done.is_set():
                self._callback = callback
                return
        callback()


class Answers:
    """Calls into the worker, and their answers."""

    def __init__(self, line: Channel) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._open: dict[int, RemotePending] = {}

    def ask(self, target: str, *arguments: Any) -> RemotePending:
        """Sends a call."""
        number, pending = next(self._numbers), RemotePending()
        self._open[number] = pending
        self._line.send(("call", number, target, arguments))
        return pending

    def take(self, number: int, ok: bool, value: Any) -> None:
        """An answer came in."""
        pending = self._open.pop(number, None)
        if pending is not None:
            pending.settle(ok, value)


class RemoteCore:
    """The engine's part of the worker, as far as contexts use it."""

    def __init__(self, line: Channel, answers: Answers) -> None:
        self._line = line
        self._answers = answers

    def progress(self, run: int, percent: int) -> bool:
        """Reports progress."""
        self._line.send(("progress", run, percent))
        return True

    def output(self, run: int, json: bytes) -> bool:
        """Reports the output so far."""
        self._line.send(("output", run, json))
        return True

    def prolong(self, run: int, seconds: float | None = None) -> bool:
        """Moves the deadline."""
        self._line.send(("prolong", run, seconds))
        return True

    def ask_on_timeout(self, run: int) -> None:
        """The run is to be asked before it times out."""
        self._line.send(("asks", run))

    def step(self, run: int, job: int, name: str, entry: bytes) -> RemotePending:
        """Records that a step was done."""
        return self._answers.ask("step", run, job, name, entry)


class RemoteRequests:
    """The queue's calls, as far as contexts use them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def add_job(self, job: Job[Any]) -> Call[JobId]:
        """Adds a job."""
        # The payload as it was given need not be something that can be sent.
        return self._call("add_job", job.job_type, job.to_core())

    def create_token(self, timeout: TokenTimeout | None, tags: Any, job_id: int | None = None) -> Call[Token]:
        """Makes a token."""
        return self._call("create_token", timeout, tags, job_id)

    def get_token(self, token: str | Token) -> Call[Token | None]:
        """Reads a token."""
        return self._call("get_token", token)

    def expect_end(self, job_id: int) -> Call[JobRecord | None]:
        """Reads a job whose end is about to be waited for."""
        return self._call("expect_end", job_id)

    def results(self, job_ids: Sequence[int]) -> Call[list[Any]]:
        """Reads the outputs of jobs."""
        return self._call("results", job_ids)

    def _call(self, target: str, *arguments: Any) -> Call[Any]:
        pending: Any = self._answers.ask(target, *arguments)
        return Call(pending, lambda answer: answer)


class RemoteInboxes:
    """The way of answers to the event loop that an `async def` handler runs on."""

    async def result(self, call: Call[T]) -> T:
        """What a call answers."""
        if call.pending is None:
            return call.convert(None)
        pending: Any = call.pending
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        pending.tell(lambda: loop.call_soon_threadsafe(arrived.set))
        await arrived.wait()
        return call.convert(pending.wait())
