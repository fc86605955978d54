"""The context of `async def` handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..arguments import Duration
from ..job_types import JobType
from ..models import JobId
from ..signals import AsyncJobSignal
from ..tokens import JobResult, Token, TokenResult, TokenTimeout
from .base import Context, WaitFields

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._core import Run
    from .._desk import Desk
    from .._inbox import Inboxes
    from ..jobs import JobOptions

__all__ = ["AsyncJobContext"]

P = TypeVar("P")
T = TypeVar("T")


class AsyncJobContext(Context[AsyncJobSignal]):
    """The context of an `async def` handler, which runs on an event loop."""

    def __init__(self, desk: Desk, run: Run, signal: AsyncJobSignal, inboxes: Inboxes) -> None:
        super().__init__(desk, run, signal)
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

    async def results(self) -> list[Any]:
        """Reads the outputs of the jobs that this one waited for, in the order of its `depends_on_job_ids`.

        None stands for a job without an output, and for one that was cleaned up since.
        """
        return await self._inboxes.result(self._results())

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

    async def create_token(self, *, timeout: TokenTimeout | None = None, tags: Sequence[str] | None = None) -> Token:
        """Makes a token that this job can wait for, and that somebody else completes with `queue.complete_token`.

        In later runs of the same job the token that was made first is returned, as it was then. Inside of a step a new
        one is made by each call, and the step's result keeps it.

        Args:
            timeout: How long it can be completed: a text such as `48h` (units `s`, `m`, `h`, `d`, `w`), seconds or a
                timedelta; without limit by default.
            tags: Tags to know it by.

        Raises:
            ValueError: An argument is out of its limits.
        """
        made = self._children.token(timeout, tags)
        token = await self._inboxes.result(made.call)
        entry = made.entry(token)
        if entry is not None:
            await self._inboxes.result(self._record_step(*entry))
        return token

    @overload
    async def wait_for_token(self, token: str | Token, *, name: str | None = None) -> TokenResult[Any]: ...
    @overload
    async def wait_for_token(
        self, token: str | Token, *, name: str | None = None, result_type: type[T]
    ) -> TokenResult[T]: ...
    async def wait_for_token(
        self, token: str | Token, *, name: str | None = None, result_type: Any = None
    ) -> TokenResult[Any]:
        """Ends this run, and goes on with the job when a token was completed or timed out. As `wait_for`.

        A token that is over already is not waited for. How the wait ended is recorded with the job's steps.

        Args:
            token: The token, or its id.
            name: A name that is recorded with the wait, and compared.
            result_type: What the token's output is read as; plain JSON by default.

        Raises:
            WaitSignal: The token is not over. It is a `BaseException`: let it pass.
            TokenNotFound: There is no such token, or it belongs to another job.
            HandlerChanged: Another wait, or one for another token, was recorded at this place.
            PayloadError: The output does not fit the type, or the job's steps are too long with it.
        """
        wait = self._wait_for_token(token, name, result_type)
        if wait.is_open:
            found = await self._inboxes.result(self._desk.requests.get_token(wait.token_id))
            await self._inboxes.result(self._record_step(*wait.close(found)))
        return wait.result()

    @overload
    async def wait_for_job(self, job_id: int, *, name: str | None = None) -> JobResult[Any]: ...
    @overload
    async def wait_for_job(self, job_id: int, *, name: str | None = None, result_type: type[T]) -> JobResult[T]: ...
    async def wait_for_job(self, job_id: int, *, name: str | None = None, result_type: Any = None) -> JobResult[Any]:
        """Ends this run, and goes on with this job when another has ended: completed, cancelled, or failed for good.

        As `wait_for`. A job that has ended already is not waited for. How it ended is recorded with this job's steps.

        Args:
            job_id: The other job, such as `add_job` of this context added.
            name: A name that is recorded with the wait, and compared.
            result_type: What the other job's output is read as; plain JSON by default.

        Raises:
            WaitSignal: The job has not ended. It is a `BaseException`: let it pass.
            LookupError: There is no such job.
            ValueError: It is this job itself.
            HandlerChanged: Another wait, or one for another job, was recorded at this place.
            PayloadError: The output does not fit the type, or the job's steps are too long with it.
        """
        wait = self._wait_for_job(job_id, name, result_type)
        if wait.is_open:
            found = await self._inboxes.result(self._desk.requests.expect_end(wait.job_id))
            await self._inboxes.result(self._record_step(*wait.close(found)))
        return wait.result()

    @overload
    async def add_job(self, job_type: JobType[P], payload: P, **options: Unpack[JobOptions]) -> JobId: ...
    @overload
    async def add_job(self, job_type: str, payload: Any, **options: Unpack[JobOptions]) -> JobId: ...
    async def add_job(self, job_type: str | JobType[Any], payload: Any, **options: Unpack[JobOptions]) -> JobId:
        """Adds a job, once: a later run of this job that comes to the same place gets the id of the first time.

        It is told apart by its place among the calls in this step, or in the handler: by an idempotency key that is
        made of this job's id, the step and the place, unless you give one.

        Args:
            job_type: As for `AsyncJobQueue.add_job`.
            payload: The payload.
            options: The options of `AsyncJobQueue.add_job`, but for `connection`.

        Raises:
            PayloadError: The payload does not fit its type, or cannot be stored.
            ValueError: An option is out of its limits.
        """
        added = self._children.job(job_type, payload, options)
        job_id = await self._inboxes.result(added.call)
        entry = added.entry(job_id)
        if entry is not None:
            await self._inboxes.result(self._record_step(*entry))
        return job_id
