"""How a running handler learns that it should stop."""

from __future__ import annotations

import asyncio
import threading
from typing import Literal

from .arguments import Duration, seconds
from .errors import JobAborted

__all__ = ["AbortReason", "AsyncJobSignal", "JobSignal"]

AbortReason = Literal["timeout", "lease_lost", "shutdown", "cancelled"]
"""Why a handler is told to stop: its time is up, the job belongs to another worker now, the worker stops, or somebody
asked to cancel the job."""


class _Signal:
    """What both kinds of signal share."""

    __slots__ = ("_job_id", "_reason")

    def __init__(self, job_id: int) -> None:
        self._job_id = job_id
        self._reason: AbortReason | None = None

    @property
    def aborted(self) -> bool:
        """Whether the handler should stop."""
        return self._reason is not None

    @property
    def reason(self) -> AbortReason | None:
        """Why it should stop, or None while it need not."""
        return self._reason

    def raise_if_aborted(self) -> None:
        """Returns while the handler may go on.

        Raises:
            JobAborted: The handler should stop; the error has the `reason`.
        """
        if self._reason is not None:
            raise JobAborted(self._reason, job_id=self._job_id)


class JobSignal(_Signal):
    """Tells a `def` handler to stop. Nothing else stops such a handler: look at it between steps of long work."""

    __slots__ = ("_waiting",)

    def __init__(self, job_id: int) -> None:
        super().__init__(job_id)
        # An event for each thread that waits: few handlers do, and making one takes longer than all else of a signal.
        self._waiting: list[threading.Event] = []

    def wait(self, timeout: Duration | None = None) -> bool:
        """Blocks until the handler should stop, at most `timeout` seconds.

        Returns:
            Whether it should stop: False when the time was up first.
        """
        limit, event = _limit(timeout), threading.Event()
        self._waiting.append(event)
        try:
            # Who aborts sets the reason first and looks for events then.
            return self._reason is not None or event.wait(limit)
        finally:
            self._waiting.remove(event)

    def _abort(self, reason: AbortReason) -> None:
        if self._reason is None:
            self._reason = reason
            for event in [*self._waiting]:
                event.set()


class AsyncJobSignal(_Signal):
    """Tells an `async def` handler to stop. Its task is cancelled as well, just after the signal is set."""

    __slots__ = ("_event",)

    def __init__(self, job_id: int) -> None:
        super().__init__(job_id)
        self._event: asyncio.Event | None = None

    async def wait(self, timeout: Duration | None = None) -> bool:
        """Waits until the handler should stop, at most `timeout` seconds.

        Returns:
            Whether it should stop: False when the time was up first.
        """
        limit = _limit(timeout)
        # With no time to wait, wait_for would cancel before it looked.
        if self._reason is None:
            if self._event is None:
                self._event = asyncio.Event()
            try:
                await asyncio.wait_for(self._event.wait(), limit)
            except TimeoutError:
                return False
        return True

    def _abort(self, reason: AbortReason) -> None:
        if self._reason is None:
            self._reason = reason
            if self._event is not None:
                self._event.set()


def _limit(timeout: Duration | None) -> float | None:
    # No lock of Python's waits for longer than this, which nobody does either.
    return None if timeout is None else min(seconds("timeout", timeout), threading.TIMEOUT_MAX)
