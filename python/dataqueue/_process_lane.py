"""Runs handlers in processes, one at a time in each, with a thread here that waits for it."""

from __future__ import annotations

import contextlib
import logging
import pickle
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._endings import failed, released, retry_delay
from ._hands import Hands
from ._spans import carried
from .isolation.travel import named, pack
from .logs import say

if TYPE_CHECKING:
    from ._core import Finished, JobTuple, Run
    from ._desk import Desk
    from .isolation.pool import Pool, Process
    from .job_function import Handler

__all__ = ["ProcessLane", "ProcessLimits"]


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """How many processes there are at most, and when one is replaced, between two runs.

    Attributes:
        most: As many as there are slots.
        max_jobs: Replaced after so many runs.
        max_memory: When it holds more than so many bytes.
    """

    most: int = 1
    max_jobs: int | None = None
    max_memory: int | None = None

    def are_reached(self, runs: int, memory: int) -> bool:
        """Whether a process that made so many runs and holds so much is to be replaced."""
        by_runs = self.max_jobs is not None and runs >= self.max_jobs
        return by_runs or (self.max_memory is not None and memory > self.max_memory)


@dataclass(slots=True)
class _Active:
    """A run in a process."""

    run: Run
    handler: Handler
    process: Process
    asks: bool = False


class ProcessLane:
    """Threads that take runs from the engine for a process of their own, as many as there is work for at once."""

    def __init__(self, desk: Desk, handlers: Sequence[Handler], name: str, limits: ProcessLimits) -> None:
        self._desk = desk
        self._core = desk.core
        self._handlers = handlers
        self._limits = limits
        self._active: dict[int, _Active] = {}
        self._hands = Hands(self._work, name, limits.most)
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        # One that cannot be imported there is looked at when it has to go there.
        parcels = ((index, named(handler)) for index, handler in enumerate(handlers))
        self._parcels = {index: parcel for index, parcel in parcels if parcel is not None}

    def open(self) -> None:
        """Starts the first thread; others follow, so that one is free as long as a slot is."""
        self._hands.grow()

    def join(self, timeout: float) -> None:
        """Waits up to `timeout` seconds for the threads, then ends every process."""
        self._hands.join(timeout)
        with self._lock:
            if self._pool is not None:
                self._pool.close()

    def tell(self, run_id: int, what: str) -> None:
        """Passes on a message of the engine about a run."""
        active = self._active.get(run_id)
        if active is None:
            return
        if what != "ask":
            active.process.tell(("abort", run_id, what))
        elif active.asks:
            active.process.tell(("ask", run_id))
        else:
            # A retry rule that blocks must not keep messages from other handlers.
            with contextlib.suppress(RuntimeError):
                threading.Thread(target=self._answer_timeout, args=(active, None), daemon=True).start()

    def _answer_timeout(self, active: _Active, extend: float | None) -> None:
        retry = None
        if not extend:
            error = TimeoutError("the job ran longer than its timeout")
            retry = retry_delay(active.handler, active.run.attempt, error)
        self._core.answer_timeout(active.run.id, extend, retry)

    def _work(self) -> None:
        finished: Finished | None = None
        seat = _Seat(self)
        try:
            if any(handler.in_process for handler in self._handlers):
                seat.warm_up()
            while (found := self._core.next(finished, True)) is not None:
                run, more_threads = found
                if more_threads:
                    self._hands.grow()
                finished = self._execute(run, seat)
                seat.report(finished)
        finally:
            seat.close()

    def _execute(self, run: Run, seat: _Seat) -> Finished:
        handler = self._handlers[run.handler]
        try:
            parcel = self._parcels.get(run.handler) or pack(
                handler.name, handler.func, handler.middleware, handler.retries
            )
        except TypeError as error:
            return failed(run, handler, error, hopeless=True)
        try:
            process = seat.process()
        except Exception as error:
            return failed(run, handler, error)
        if not self._core.bind(run.id, process.pid):
            return released(run)
        active = self._active[run.id] = _Active(run, handler, process)
        try:
            record = run.record()
            with carried(record) as (trace, tell):
                process.tell(("run", parcel, record, run.id, self._desk.max_step_bytes, trace))
                finished = self._attend(active, seat)
                tell(finished)
                return finished
        finally:
            del self._active[run.id]

    def _attend(self, active: _Active, seat: _Seat) -> Finished:
        from .isolation.pool import ChildGone

        run, process = active.run, active.process
        while True:
            try:
                message = process.receive()
            except ChildGone:
                verdict = self._core.verdict(run.id)
                # From here on the engine must not kill it: its number may come to name another.
                self._core.unbind(run.id)
                how = seat.lose()
                error = TimeoutError("the job ran longer than its timeout") if verdict else ChildProcessError(how)
                retry = None if verdict == "cancelled" else retry_delay(active.handler, run.attempt, error)
                return (run.id, "lost", f"the process of the handler {how}", retry)
            match message:
                case ("done", finished, memory):
                    self._core.unbind(run.id)
                    seat.used(memory)
                    end: Finished = finished
                    return end
                case ("call", number, target, arguments):
                    process.tell(("answer", number, *self._called(target, arguments)))
                case ("progress", run_id, percent):
                    self._core.progress(run_id, percent)
                case ("output", run_id, json):
                    self._core.output(run_id, json)
                case ("prolong", run_id, seconds):
                    self._core.prolong(run_id, seconds)
                case ("asks", run_id):
                    active.asks = True
                    self._core.ask_on_timeout(run_id)
                case ("extend", run_id, seconds) if run_id == run.id:
                    self._answer_timeout(active, seconds)
                case ("log", name, level, text, extra):
                    say(level, "%s", text, logger=logging.getLogger(name), extra=extra)
                case _:
                    pass

    def _called(self, target: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        """What a call of the handler's context answers, as it can be sent."""
        try:
            answer = (True, self._call(target, arguments))
        except Exception as error:
            answer = (False, error)
        try:
            pickle.loads(pickle.dumps(answer))  # noqa: S301 - our own
        except Exception:
            answer = (False, RuntimeError(str(answer[1])))
        return answer

    def _call(self, target: str, arguments: tuple[Any, ...]) -> Any:
        requests = self._desk.requests
        match target:
            case "step":
                return self._core.step(*arguments).wait()
            case "add_job":
                return requests.add_job(_Encoded(*arguments)).wait()  # type: ignore[arg-type]
            case "create_token" | "get_token" | "expect_end" | "results":
                return getattr(requests, target)(*arguments).wait()
            case _:
                raise LookupError(f"there is no call {target!r}")

    def pool(self) -> Pool:
        """The pool, made when it is first needed."""
        from .isolation import pool

        with self._lock:
            if self._pool is None:
                self._pool = pool.Pool(self._parcels.values())
            return self._pool


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A job as a handler's context sent it."""

    job_type: str
    fields: JobTuple

    def to_core(self) -> JobTuple:
        """The job as the engine takes it."""
        return self.fields


class _Seat:
    """A thread's place for a process."""

    def __init__(self, lane: ProcessLane) -> None:
        self._lane = lane
        self._process: Process | None = None
        self._is_worn = False

    def warm_up(self) -> None:
        """Has a process ready."""
        with contextlib.suppress(OSError):
            self.process()

    def process(self) -> Process:
        """A process that is ready.

        Raises:
            OSError: None can be made.
        """
        if sys.platform == "win32":
            raise OSError("handlers in processes of their own need a Unix: run this worker on Linux or macOS")
        if self._process is not None and not self._process.is_alive():
            self.lose()
        if self._process is None:
            self._process = self._lane.pool().child()
        return self._process

    def lose(self) -> str:
        """Gives up a process that is dead; how it ended."""
        process, self._process = self._process, None
        return "" if process is None else process.close()

    def used(self, memory: int) -> None:
        """The process made a run, and holds so many bytes."""
        if self._process is not None:
            self._process.runs += 1
            self._is_worn = self._lane._limits.are_reached(self._process.runs, memory)

    def report(self, _finished: Finished) -> None:
        """Replaces a process that has served its time: the next one is ready before it goes."""
        if not self._is_worn or self._process is None:
            return
        self._is_worn = False
        worn = self._process
        try:
            self._process = self._lane.pool().child()
        except OSError:
            return
        worn.close()

    def close(self) -> None:
        """Ends the process."""
        self.lose()
