"""Processors: they claim jobs and run them with your handlers."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ._core import Processor as Core
from ._desk import Desk
from ._process_lane import ProcessLimits
from ._session import Session
from ._steps import MAX_STEP_BYTES
from .arguments import FOR_EVER, Duration, check_bool, check_int, check_name, patience, positive_seconds, timeout_ms
from .filters import JobTypeFilter, type_names
from .flow import Fair, GroupConcurrency, GroupRateLimit, fair_to_core, group_rates_to_core, groups_to_core
from .handlers import JobHandlers
from .health import INHERITED, NOT_STARTED, Health, health_of
from .isolation.travel import pack
from .metrics import ProcessorMetrics, metrics_of

if TYPE_CHECKING:
    from ._core import Pending
    from .aio import AsyncJobQueue
    from .blocking import JobQueue

__all__ = ["AsyncProcessor", "Processor"]

OnError = Callable[[Exception], object]


class _Processor:
    """What both twins share: options, and one session at a time."""

    def __init__(
        self,
        queue: Any,
        handlers: JobHandlers | Mapping[str, Callable[..., Any]],
        *,
        worker_id: str | None = None,
        batch_size: int = 10,
        concurrency: int = 3,
        poll_interval: Duration = 5.0,
        group_concurrency: GroupConcurrency | None = None,
        group_rate_limit: GroupRateLimit | None = None,
        fair: Fair = False,
        job_type: JobTypeFilter | None = None,
        unhandled: Literal["leave", "fail"] = "leave",
        default_timeout: Duration | None = None,
        lease: Duration = 30.0,
        upkeep: bool = True,
        max_step_bytes: int = MAX_STEP_BYTES,
        unready_after: Duration | None = None,
        max_jobs_per_process: int | None = None,
        max_memory_per_process: int | None = None,
        on_error: OnError | None = None,
        verbose: bool = False,
    ) -> None:
        if unhandled not in ("leave", "fail"):
            raise ValueError(f"unhandled is {unhandled!r}: it must be 'leave' or 'fail'")
        if on_error is not None and not callable(on_error):
            raise TypeError("on_error must be a function of one argument, the error")
        self._queue = queue
        handlers = JobHandlers.coerce(handlers)
        self._handlers = [handler for _, handler in handlers.items()]
        for handler in self._handlers:
            if handler.in_process:
                # Told now, not when its first job is due.
                pack(handler.name, handler.func, handler.middleware, handler.retries)
        self._on_error = on_error
        self._limits = ProcessLimits(
            check_int("concurrency", concurrency, 1, _MOST),
            None if max_jobs_per_process is None else check_int("max_jobs_per_process", max_jobs_per_process, 1, _ANY),
            None
            if max_memory_per_process is None
            else check_int("max_memory_per_process", max_memory_per_process, 1, _ANY),
        )
        self._max_step_bytes = check_int("max_step_bytes", max_step_bytes, 1, _MOST_STEP_BYTES)
        self._options: dict[str, Any] = {
            "batch_size": check_int("batch_size", batch_size, 1, _MOST),
            "concurrency": check_int("concurrency", concurrency, 1, _MOST),
            "poll_interval": positive_seconds("poll_interval", poll_interval),
            "default_timeout": None
            if default_timeout is None
            else timeout_ms("default_timeout", default_timeout) / 1000,
            "lease": positive_seconds("lease", lease),
            "unready_after": None if unready_after is None else positive_seconds("unready_after", unready_after),
            "job_types": _types(job_type, self._handlers),
            "any_type": unhandled == "fail" and job_type is None,
            "schedules": handlers.schedules(),
            "limits": [handler.limits.to_core(handler.name) for handler in self._handlers],
            "groups": groups_to_core(group_concurrency),
            "group_rates": group_rates_to_core(group_rate_limit),
            "fair": fair_to_core(fair),
            "upkeep": check_bool("upkeep", upkeep),
        }
        self._worker_id = _own_name() if worker_id is None else check_name("worker_id", worker_id)
        self._session: Session | None = None
        # Options are checked now, not when the first job is due.
        self._core()
        if verbose:
            from .logs import start

            start()

    @property
    def worker_id(self) -> str:
        """The name under which this processor's jobs are locked."""
        return self._worker_id

    def is_running(self) -> bool:
        """Whether it claims jobs in the background."""
        return self._session is not None and self._session.core.is_running()

    def counts(self) -> dict[str, int]:
        """What the last session did: `claimed`, `completed`, `failed`, `released`, `waited`, `cancelled`, `lost` and
        `reclaimed`.

        Of those that `failed`, so many are `retried`.
        """
        return {} if self._session is None else self._session.core.counts()

    def metrics(self) -> ProcessorMetrics:
        """What its session did so far by type, with histograms, and what it has in hand. Asks the store nothing.

        Before the first session, and in the child of a fork, it is that of a session in which nothing happened; after
        the end of one, that of its end.
        """
        session = self._session
        core = self._core() if session is None or session.is_inherited else session.core
        return metrics_of(core.metrics())

    def health(self) -> Health:
        """How it is: for probes. Asks the store nothing and waits for nothing."""
        if self._session is None:
            return NOT_STARTED
        return INHERITED if self._session.is_inherited else health_of(self._session.core.health())

    def _was_asked_to_drain(self) -> bool:
        """Whether `drain_worker` named it: then it ends by itself."""
        return self._session is not None and self._session.core.is_asked_to_drain()

    def _follow(self, descriptor: int, drain_timeout: float) -> None:
        if self._session is not None:
            self._session.core.follow(descriptor, drain_timeout)

    def stop(self) -> None:
        """Stops claiming, at once. What runs goes on to its end and is recorded; nothing waits for it here."""
        if self._session is not None:
            # What runs has as long as it needs.
            self._session.core.drain(FOR_EVER)

    def _core(self) -> Core:
        handlers = [(handler.name, handler.lane, bool(handler.retries)) for handler in self._handlers]
        return Core(self._queue._requests.store, worker_name=self._worker_id, handlers=handlers, **self._options)

    def _desk(self) -> Desk:
        return Desk(self._core(), self._queue._requests, self._max_step_bytes)

    def _open(self, loop: asyncio.AbstractEventLoop | None) -> Session:
        if self._session is not None and self._session in self._queue._sessions:
            if self._session.is_inherited:
                raise RuntimeError(
                    "this processor was started before the process forked and does not run in the child: "
                    "create a processor in the child itself"
                )
            if self._session.core.is_running():
                raise RuntimeError("this processor is running: stop it first, or create another")
        desk, of_queue = self._desk(), self._queue._sessions
        on_error = self._queue._listeners.reporter(self._on_error)
        self._session = session = Session(desk, self._handlers, "dataqueue", on_error, loop, of_queue, self._limits)
        session.open()
        return session


class Processor(_Processor):
    """Runs jobs for blocking code: `def` handlers on threads, `async def` handlers on an event loop of its own.

    One session at a time; a processor that has ended can be started again.
    """

    _queue: JobQueue

    def start(self) -> int:
        """Adds the jobs of due schedules, runs one batch to its end, and returns: for serverless functions and tests.

        Returns:
            How many jobs ran to an end, well or badly.
        """
        return self._run(Core.run_batch)

    def _run(self, work: Callable[[Core], Pending[int]]) -> int:
        session = self._open(None)
        try:
            return work(session.core).wait()
        except BaseException:
            session.core.drain(0).wait()
            raise
        finally:
            session.close()

    def start_in_background(self) -> None:
        """Starts to claim and run jobs, on threads of its own, until it is stopped."""
        self._open(None).core.start()

    def stop_and_drain(self, timeout: Duration = 30.0) -> bool:
        """Stops claiming, gives back what has not started, and waits for what runs.

        After `timeout` seconds handlers are told to stop through their signal (an `async def` one is cancelled), and
        the jobs of those that did not end go back to the queue without counting the attempt.

        Returns:
            Whether every handler ended within the timeout.
        """
        return self._session is None or self._end(self._queue, self._session, patience("timeout", timeout))

    @staticmethod
    def _end(_queue: JobQueue, session: Session, timeout: float) -> bool:
        complete = session.core.drain(timeout).wait()
        session.close()
        return complete


class AsyncProcessor(_Processor):
    """Runs jobs for async code: `async def` handlers on the running loop, `def` handlers on threads.

    One session at a time; a processor that has ended can be started again.
    """

    _queue: AsyncJobQueue

    async def start(self) -> int:
        """Adds the jobs of due schedules, runs one batch to its end, and returns: for serverless functions and tests.

        Returns:
            How many jobs ran to an end, well or badly.
        """
        return await self._run(Core.run_batch)

    async def _run(self, work: Callable[[Core], Pending[int]]) -> int:
        session = self._open(asyncio.get_running_loop())
        try:
            return await self._queue._answer(work(session.core))
        except BaseException:
            await asyncio.shield(self._queue._answer(session.core.drain(0)))
            raise
        finally:
            await asyncio.to_thread(session.close)

    def start_in_background(self) -> None:
        """Starts to claim and run jobs on the running loop, and on threads, until it is stopped."""
        self._open(asyncio.get_running_loop()).core.start()

    async def stop_and_drain(self, timeout: Duration = 30.0) -> bool:
        """Stops claiming, gives back what has not started, and waits for what runs.

        After `timeout` seconds handlers are told to stop through their signal (an `async def` one is cancelled), and
        the jobs of those that did not end go back to the queue without counting the attempt.

        Returns:
            Whether every handler ended within the timeout.
        """
        return self._session is None or await self._end(self._queue, self._session, patience("timeout", timeout))

    @staticmethod
    async def _end(queue: AsyncJobQueue, session: Session, timeout: float) -> bool:
        complete = await queue._answer(session.core.drain(timeout))
        await asyncio.to_thread(session.close)
        return complete


# As long as a value of PostgreSQL may be.
_MOST_STEP_BYTES = 250_000_000
# What the engine takes.
_MOST = 10_000
_ANY = 2**63 - 1


def _own_name() -> str:
    host = socket.gethostname()[:200]
    return f"{host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _types(job_type: JobTypeFilter | None, handlers: Sequence[Any]) -> list[str]:
    if job_type is None:
        return [handler.name for handler in handlers]
    return type_names("job_type", job_type)
