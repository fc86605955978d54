"""What a handler can do besides returning: report, extend its time, and learn that it should stop."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import cached_property
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, cast, overload

from ._call import Call
from ._steps import Steps
from ._waits import Waits, WaitSignal, span
from .arguments import Duration, positive_seconds, timestamp
from .logs import say
from .models import JobRecord
from .payload import encode_json
from .signals import AsyncJobSignal, JobSignal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._core import Processor, Run
    from ._inbox import Inboxes

__all__ = ["AsyncJobContext", "JobContext", "OnTimeout"]

OnTimeout = Callable[[], "float | timedelta | None"]
"""Called when a job's time is up: the seconds (or timedelta) by which to go on, or None to let it time out."""

_log = logging.getLogger("dataqueue.job")

S = TypeVar("S", JobSignal, AsyncJobSignal)
T = TypeVar("T")


class WaitFields(TypedDict, total=False):
    """The parts of a duration, which are added up; a month is 30 days, a year 365."""

    seconds: float
    minutes: float
    hours: float
    days: float
    weeks: float
    months: float
    years: float


class _Context(Generic[S]):
    """What both kinds of context share."""

    def __init__(self, core: Processor, run: Run, signal: S) -> None:
        self._core = core
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
        return Steps(self._run)

    @cached_property
    def _waits(self) -> Waits:
        return Waits(self._run, self._steps)

    def _wait_for(self, duration: Duration | None, name: str | None, fields: WaitFields) -> None:
        micros = span(duration, cast("dict[str, float]", fields))
        self._signal.raise_if_aborted()
        self._waits.wait("duration", False, micros, name)

    def _wait_until(self, when: datetime, name: str | None) -> None:
        micros = timestamp("when", when)
        self._signal.raise_if_aborted()
        self._waits.wait("date", True, micros, name)

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

        Without a timeout, or once the job is over for this worker, it does nothing.

        Args:
            duration: The new deadline, from now; the job's whole timeout if omitted.

        Raises:
            ValueError: The duration is not positive, or longer than a timeout may be.
        """
        self._core.prolong(self._run.id, None if duration is None else positive_seconds("duration", duration))

    def on_timeout(self, callback: OnTimeout) -> None:
        """Registers what is asked when the job's time is up, before it is aborted; again at each later deadline.

        The callback of an `async def` handler runs on its event loop, that of a `def` handler on another thread. It
        must answer within a second: a handler that blocks its loop cannot escape its deadline. Without a timeout it is
        never called. A callback that raises lets the job time out.
        """
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


class JobContext(_Context[JobSignal]):
    """The context of a `def` handler, which runs on a thread."""

    def set_progress(self, percent: float) -> None:
        """Reports progress, 0 to 100, rounded to a whole number. Later reports replace earlier ones.

        Recorded within moments, in the background; a report that cannot be recorded does not fail the handler.

        Raises:
            ValueError: It is below 0 or above 100.
        """
        self._report_progress(percent)

    def set_output(self, value: object) -> None:
        """Sets the job's output, in the place of what the handler returns; readable while the handler runs.

        Raises:
            PayloadError: The value is not JSON.
        """
        self._report_output(value)

    def run(self, step_name: str, func: Callable[[], T], *, result_type: type[T] | None = None) -> T:
        """Does a part of the handler's work once: in later runs of the same job its result is returned without it.

        The result is recorded, fenced by the lease, before this returns. When the process dies between the work and the
        record, the step is done again. A step that raises is not recorded, and is done again by the next run.

        Args:
            step_name: Unique within the handler, and the same in every version of it while jobs wait. It must not begin
                with `__`.
            func: Called without arguments.
            result_type: What the result is read as. Without it the result is plain JSON, in the first run too: a
                dataclass or model comes back as a dict.

        Raises:
            ValueError: The name cannot be used, or was used before in this run.
            RuntimeError: It was called inside of another step.
            PayloadError: The result is not JSON, does not fit the type, or the job's steps are over 1 MB in all.
            LeaseLost: The job was taken from this worker, and the step was not recorded.
            JobAborted: The handler should stop; the step was not begun.
        """
        before = self._steps.begin(step_name, result_type)
        if before is not None:
            return cast(T, before.value)
        self.signal.raise_if_aborted()
        with self._steps.inside(step_name):
            result = func()
        if isawaitable(result):
            if isinstance(result, Coroutine):
                result.close()
            raise TypeError(f"step {step_name!r} is async, and its handler is not: make the handler `async def`")
        entry, value = self._steps.entry(step_name, result, result_type)
        self._record_step(step_name, entry).wait()
        return cast(T, value)

    def wait_for(
        self, duration: Duration | None = None, *, name: str | None = None, **fields: Unpack[WaitFields]
    ) -> None:
        """Ends this run, and goes on with the job when so much time has passed: seconds, minutes, days or years.

        While it waits the job holds no worker and no slot. Then the handler runs from the top again, which counts no
        attempt: what it did before belongs into steps (`run`). Waits are told apart by their order in the handler.

        Args:
            duration: Seconds or a timedelta; or the sum of `fields`.
            name: A name that is recorded with the wait, and compared.
            fields: `seconds`, `minutes`, `hours`, `days`, `weeks`, `months` (30 days), `years` (365 days).

        Raises:
            WaitSignal: The wait is not over. It is a `BaseException`: let it pass.
            HandlerChanged: Another kind of wait, or one of another name, was recorded at this place.
            ValueError: The duration is negative or too long.
            RuntimeError: It was called inside of a step.
        """
        self._wait_for(duration, name, fields)

    def wait_until(self, when: datetime, *, name: str | None = None) -> None:
        """As `wait_for`, until a point in time; one that is past is over at once.

        Raises:
            ValueError: It has no time zone.
        """
        self._wait_until(when, name)


class AsyncJobContext(_Context[AsyncJobSignal]):
    """The context of an `async def` handler, which runs on an event loop."""

    def __init__(self, core: Processor, run: Run, signal: AsyncJobSignal, inboxes: Inboxes) -> None:
        super().__init__(core, run, signal)
        self._inboxes = inboxes

    async def set_progress(self, percent: float) -> None:
        """Reports progress, 0 to 100, rounded to a whole number. Later reports replace earlier ones.

        Recorded within moments, in the background; a report that cannot be recorded does not fail the handler.

        Raises:
            ValueError: It is below 0 or above 100.
        """
        self._report_progress(percent)

    async def set_output(self, value: object) -> None:
        """Sets the job's output, in the place of what the handler returns; readable while the handler runs.

        Raises:
            PayloadError: The value is not JSON.
        """
        self._report_output(value)

    @overload
    async def run(
        self, step_name: str, func: Callable[[], Awaitable[T]], *, result_type: type[T] | None = None
    ) -> T: ...
    @overload
    async def run(self, step_name: str, func: Callable[[], T], *, result_type: type[T] | None = None) -> T: ...
    async def run(self, step_name: str, func: Callable[[], Any], *, result_type: Any = None) -> Any:
        """Does a part of the handler's work once: in later runs of the same job its result is returned without it.

        The result is recorded, fenced by the lease, before this returns. When the process dies between the work and the
        record, the step is done again. A step that raises is not recorded, and is done again by the next run.

        Args:
            step_name: Unique within the handler, and the same in every version of it while jobs wait. It must not begin
                with `__`.
            func: Called without arguments; what it returns is awaited if it can be.
            result_type: What the result is read as. Without it the result is plain JSON, in the first run too: a
                dataclass or model comes back as a dict.

        Raises:
            ValueError: The name cannot be used, or was used before in this run.
            RuntimeError: It was called inside of another step.
            PayloadError: The result is not JSON, does not fit the type, or the job's steps are over 1 MB in all.
            LeaseLost: The job was taken from this worker, and the step was not recorded.
            JobAborted: The handler should stop; the step was not begun.
        """
        before = self._steps.begin(step_name, result_type)
        if before is not None:
            return before.value
        self.signal.raise_if_aborted()
        with self._steps.inside(step_name):
            result = func()
            if isawaitable(result):
                result = await result
        entry, value = self._steps.entry(step_name, result, result_type)
        await self._inboxes.result(self._record_step(step_name, entry))
        return value

    async def wait_for(
        self, duration: Duration | None = None, *, name: str | None = None, **fields: Unpack[WaitFields]
    ) -> None:
        """Ends this run, and goes on with the job when so much time has passed: seconds, minutes, days or years.

        While it waits the job holds no worker and no slot. Then the handler runs from the top again, which counts no
        attempt: what it did before belongs into steps (`run`). Waits are told apart by their order in the handler.

        Args:
            duration: Seconds or a timedelta; or the sum of `fields`.
            name: A name that is recorded with the wait, and compared.
            fields: `seconds`, `minutes`, `hours`, `days`, `weeks`, `months` (30 days), `years` (365 days).

        Raises:
            WaitSignal: The wait is not over. It is a `BaseException`: let it pass.
            HandlerChanged: Another kind of wait, or one of another name, was recorded at this place.
            ValueError: The duration is negative or too long.
            RuntimeError: It was called inside of a step.
        """
        self._wait_for(duration, name, fields)

    async def wait_until(self, when: datetime, *, name: str | None = None) -> None:
        """As `wait_for`, until a point in time; one that is past is over at once.

        Raises:
            ValueError: It has no time zone.
        """
        self._wait_until(when, name)
