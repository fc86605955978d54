"""Supervisors: they keep the store in order at an interval, apart from processors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from ._core import Supervisor as Core
from ._session import Session
from .arguments import Duration, check_bool, days_as_seconds, minutes_as_seconds, patience, positive_seconds

if TYPE_CHECKING:
    from .aio import AsyncJobQueue
    from .blocking import JobQueue

__all__ = ["AsyncSupervisor", "Supervisor", "SupervisorRun"]

OnError = Callable[[Exception], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorRun:
    """What one round did. A chore that is switched off counts 0.

    Attributes:
        reclaimed_jobs: Jobs taken back from workers that died.
        cleaned_up_jobs: Old jobs that were deleted.
        cleaned_up_events: Old events that were deleted.
        expired_tokens: Tokens that were found not to have been completed in time.
    """

    reclaimed_jobs: int = 0
    cleaned_up_jobs: int = 0
    cleaned_up_events: int = 0
    expired_tokens: int = 0


class _Supervisor:
    """What both twins share: chores, and one session at a time."""

    def __init__(
        self,
        queue: Any,
        *,
        interval: Duration = 60.0,
        stuck_jobs_timeout_minutes: float = 10,
        cleanup_jobs_days_to_keep: float | None = 30,
        cleanup_events_days_to_keep: float | None = 30,
        reclaim_stuck_jobs: bool = True,
        expire_timed_out_tokens: bool = True,
        on_error: OnError | None = None,
        verbose: bool = False,
    ) -> None:
        if on_error is not None and not callable(on_error):
            raise TypeError("on_error must be a function of one argument, the error")
        self._queue = queue
        self._on_error = on_error
        self._interval = positive_seconds("interval", interval)
        stuck = minutes_as_seconds("stuck_jobs_timeout_minutes", stuck_jobs_timeout_minutes)
        # One more chore is one more line here, and one in the engine.
        chores = [
            ("reclaimed_jobs", stuck if check_bool("reclaim_stuck_jobs", reclaim_stuck_jobs) else None),
            ("cleaned_up_jobs", _days("cleanup_jobs_days_to_keep", cleanup_jobs_days_to_keep)),
            ("cleaned_up_events", _days("cleanup_events_days_to_keep", cleanup_events_days_to_keep)),
            ("expired_tokens", 0.0 if check_bool("expire_timed_out_tokens", expire_timed_out_tokens) else None),
        ]
        self._chores = [(name, span) for name, span in chores if span is not None]
        self._session: Session | None = None
        if verbose:
            from .logs import start

            start()

    def is_running(self) -> bool:
        """Whether it works in the background."""
        return self._session is not None and self._core_of(self._session).is_running()

    def stop(self) -> None:
        """Stops, at once: no further step is begun, and nothing waits for the one under way."""
        if self._session is not None:
            self._core_of(self._session).stop()

    def _core(self) -> Core:
        return Core(self._queue._requests.store, interval=self._interval, chores=self._chores)

    @staticmethod
    def _core_of(session: Session) -> Core:
        return cast("Core", session.core)

    def _open(self) -> None:
        if self._session is not None and self._session in self._queue._sessions:
            if self._session.is_inherited:
                raise RuntimeError(
                    "this supervisor was started before the process forked and does not run in the child: "
                    "create a supervisor in the child itself"
                )
            if self.is_running():
                raise RuntimeError("this supervisor is running: stop it first, or create another")
        core = self._core()
        on_error = self._queue._listeners.reporter(self._on_error)
        # It has no handlers, so that of a session there is only the monitor.
        desk, of_queue = cast("Any", SimpleNamespace(core=core)), self._queue._sessions
        self._session = session = Session(desk, [], "dataqueue-supervisor", on_error, None, of_queue)
        session.open()
        core.start()

    def _counted(self, round_: Sequence[tuple[str, int | Exception]]) -> SupervisorRun:
        failed = [told for _, told in round_ if isinstance(told, Exception)]
        if failed and self._on_error is None:
            raise failed[0]
        for error in failed:
            cast("OnError", self._on_error)(error)
        return SupervisorRun(**{name: told for name, told in round_ if isinstance(told, int)})


class Supervisor(_Supervisor):
    """Keeps the store in order, for blocking code: in the background on the engine's own threads.

    One session at a time; a supervisor that has ended can be started again.
    """

    _queue: JobQueue

    def start(self) -> SupervisorRun:
        """Does one round and returns: for serverless functions and for scripts.

        Returns:
            What it did.

        Raises:
            DataQueueError: A chore failed, and there is no `on_error`; the other chores were done.
        """
        return self._counted(self._core().run_once().wait())

    def start_in_background(self) -> None:
        """Does a round now and one at each interval, until it is stopped."""
        self._open()

    def stop_and_drain(self, timeout: Duration = 30.0) -> bool:
        """Begins no further round, and waits for the one under way; after `timeout` seconds that ends with its step.

        Returns:
            Whether that round ended in time.
        """
        if self._session is None:
            return True
        complete = self._session.core.drain(patience("timeout", timeout)).wait()
        self._session.close()
        return complete


class AsyncSupervisor(_Supervisor):
    """Keeps the store in order, for async code: in the background on the engine's own threads.

    One session at a time; a supervisor that has ended can be started again.
    """

    _queue: AsyncJobQueue

    async def start(self) -> SupervisorRun:
        """Does one round and returns: for serverless functions and for scripts.

        Returns:
            What it did.

        Raises:
            DataQueueError: A chore failed, and there is no `on_error`; the other chores were done.
        """
        return self._counted(await self._queue._answer(self._core().run_once()))

    def start_in_background(self) -> None:
        """Does a round now and one at each interval, until it is stopped."""
        self._open()

    async def stop_and_drain(self, timeout: Duration = 30.0) -> bool:
        """Begins no further round, and waits for the one under way; after `timeout` seconds that ends with its step.

        Returns:
            Whether that round ended in time.
        """
        if self._session is None:
            return True
        complete = await self._queue._answer(self._session.core.drain(patience("timeout", timeout)))
        await asyncio.to_thread(self._session.close)
        return complete


def _days(field: str, days: float | None) -> float | None:
    """The seconds of so many days; None for a clean-up that is switched off."""
    if days is None:
        return None
    return days_as_seconds(field, days) or None
