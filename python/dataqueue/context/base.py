"""What both kinds of context share."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, cast

from .._awaited import JobWait, TokenWait
from .._call import Call
from .._children import Children
from .._desk import Desk
from .._steps import Steps
from .._waits import Waits, WaitSignal, span
from ..arguments import Duration, positive_seconds, timestamp
from ..logs import say
from ..models import JobRecord
from ..payload import encode_json
from ..signals import AsyncJobSignal, JobSignal
from ..tokens import Token

if TYPE_CHECKING:
    from .._core import Run

__all__ = ["Context", "OnTimeout", "WaitFields"]

OnTimeout = Callable[[], "float | timedelta | None"]
"""Called when a job's time is up: the seconds (or timedelta) by which to go on, or None to let it time out."""

_log = logging.getLogger("dataqueue.job")

S = TypeVar("S", JobSignal, AsyncJobSignal)


class WaitFields(TypedDict, total=False):
    """The parts of a duration, which are added up; a month is 30 days, a year 365."""

    seconds: float
    minutes: float
    hours: float
    days: float
    weeks: float
    months: float
    years: float


class Context(Generic[S]):
    """What both kinds of context share."""

    def __init__(self, desk: Desk, run: Run, signal: S) -> None:
        self._desk = desk
        self._core = desk.core
        self._run = run
        self._signal: S = signal
        self._on_timeout: OnTimeout | None = None
        self._output: bytes | None = None

    @cached_property
    def job(self) -> JobRecord:
        """The job as it was when this run claimed it: this attempt is counted in `attempts`."""
        return JobRecord.from_core(self._run.record())

    @cached_property
    def _steps(self) -> Steps:
        return Steps(self._run, self._desk.max_step_bytes)

    @cached_property
    def _waits(self) -> Waits:
        return Waits(self._run, self._steps)

    def _may_wait(self) -> None:
        self._signal.raise_if_aborted()
        if self._run.force_kill:
            raise RuntimeError(
                "a job with force_kill_on_timeout cannot wait: its process may be killed at any time; add it without, "
                "or let another job do the waiting"
            )

    def _wait_for(self, duration: Duration | None, name: str | None, fields: WaitFields) -> None:
        micros = span(duration, cast("dict[str, float]", fields))
        self._may_wait()
        self._waits.wait("duration", False, micros, name)

    def _wait_until(self, when: datetime, name: str | None) -> None:
        micros = timestamp("when", when)
        self._may_wait()
        self._waits.wait("date", True, micros, name)

    def _wait_for_token(self, token: str | Token, name: str | None, result_type: Any) -> TokenWait:
        self._may_wait()
        return TokenWait(self._waits, self._steps, token, name, result_type, self._run.job_id)

    def _wait_for_job(self, job_id: int, name: str | None, result_type: Any) -> JobWait:
        self._may_wait()
        return JobWait(self._waits, self._steps, job_id, name, result_type, self._run.job_id)

    @cached_property
    def _children(self) -> Children:
        return Children(self._desk.requests, self._run.job_id, self._steps)

    def _results(self) -> Call[list[Any]]:
        return self._desk.requests.results(self.job.depends_on_job_ids)

    def _waiting(self) -> WaitSignal | None:
        """The wait that this run has come to, if it has."""
        waits = self.__dict__.get("_waits")
        return None if waits is None else waits.begun

    def _record_step(self, name: str, entry: bytes) -> Call[None]:
        return Call(self._core.step(self._run.id, self._run.job_id, name, entry), lambda _: None)

    @property
    def signal(self) -> S:
        """Tells when the handler should stop."""
        return self._signal

    def prolong(self, duration: Duration | None = None) -> None:
        """Moves the handler's deadline, and records a `prolonged` event.

        Without a timeout, once the job is over for this worker, or with `force_kill_on_timeout`, it does nothing.

        Args:
            duration: The new deadline, from now; the job's whole timeout if omitted.

        Raises:
            ValueError: The duration is not positive, or longer than a timeout may be.
        """
        if self._run.force_kill:
            return
        self._core.prolong(self._run.id, None if duration is None else positive_seconds("duration", duration))

    def on_timeout(self, callback: OnTimeout) -> None:
        """Registers what is asked when the job's time is up, before it is aborted; again at each later deadline.

        The callback of an `async def` handler runs on its event loop, that of a `def` handler on another thread. It
        must answer within a second: a handler that blocks its loop cannot escape its deadline. Without a timeout it is
        never called, nor with `force_kill_on_timeout`. A callback that raises lets the job time out.
        """
        if self._run.force_kill:
            return
        self._on_timeout = callback
        self._core.ask_on_timeout(self._run.id)

    def log(self, message: str) -> None:
        """Logs through the logger `dataqueue.job`, with `job_id`, `job_type` and `attempt` on the record.

        A logging handler that raises does not fail the job.
        """
        run = self._run
        extra = {"job_id": run.job_id, "job_type": run.job_type, "attempt": run.attempt}
        say(logging.INFO, "[%s %d] %s", run.job_type, run.job_id, message, logger=_log, stacklevel=3, extra=extra)

    def _report_progress(self, percent: float) -> None:
        if isinstance(percent, bool) or not isinstance(percent, int | float):
            raise TypeError(f"percent must be a number from 0 to 100, not {type(percent).__name__}")
        if not 0 <= percent <= 100:
            raise ValueError(f"percent is {percent!r}: it must be from 0 to 100")
        self._core.progress(self._run.id, math.floor(percent + 0.5))

    def _report_output(self, value: object) -> None:
        output = encode_json(value, "the output")
        self._output = output
        self._core.output(self._run.id, output)
