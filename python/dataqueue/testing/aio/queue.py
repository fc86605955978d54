"""A queue in memory, whose clock the test moves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..._core import Processor as Core
from ..._core import Store
from ..._waits import span
from ...arguments import Duration, check_int, datetime_of, positive_seconds, timestamp
from ...errors import JobFailed
from ...handlers import JobHandlers
from .._budget import LIMIT, Budget
from .._watched import Watched
from ..drained import Drained
from .asserting import AsyncAsserting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Unpack

    from ..._call import Call
    from ...context import WaitFields
    from .._kinds import EitherTwin

T = TypeVar("T")

_DEEPEST = 50
_END = timestamp("the end", datetime(9999, 12, 30, tzinfo=UTC))


class AsyncVirtualQueue(AsyncAsserting):
    """A queue for tests: in memory, with a clock that the test moves, and nothing runs by itself.

    It is an `AsyncJobQueue`, on the store, the engine and the handlers' contexts of production: give it to the code
    under test in the place of its own.

    The clock stands still, so that nothing falls due behind a test's back, and is moved by `advance`. It drives start
    times, waits, retries and leases. Timeouts of handlers are in real time.
    """

    def __init__(
        self,
        handlers: JobHandlers | Mapping[str, Callable[..., Any]] | None = None,
        *,
        start: datetime | None = None,
        tick: bool = False,
        inline: bool = False,
        raise_errors: bool = True,
        concurrency: int = 1,
        lease: Duration = 30.0,
        beside: EitherTwin | None = None,
        verbose: bool = False,
    ) -> None:
        """A queue that nothing else uses, or one beside another.

        Args:
            handlers: The handlers under test; without them jobs can be added and looked at.
            start: What the clock shows at first, aware; now by default.
            tick: Whether the clock also goes by itself, as fast as the real one.
            inline: Whether jobs that are due run before `add_job` and `add_jobs` return.
            raise_errors: Whether an inline run that fails raises what its handler raised, where the job was added. The
                job has failed either way.
            concurrency: How many handlers run at once.
            lease: How long a job stays with a worker that died.
            beside: Another virtual queue, of either twin, whose jobs and clock this one shares.
                They end with that one.
            verbose: Logs what the engine does through the logger `dataqueue`.

        Raises:
            ValueError: An option is out of its limits, or is the other queue's to decide.
        """
        if beside is not None and (start is not None or tick):
            raise ValueError("beside= shares the clock of the other queue: give start= and tick= to that one")
        begin = None if start is None else timestamp("start", start)
        self._handlers = None if handlers is None else JobHandlers.coerce(handlers)
        self._concurrency = check_int("concurrency", concurrency, 1, 10_000)
        self._lease = positive_seconds("lease", lease)
        self._inline, self._raise_errors = inline, raise_errors
        self._depth, self._budget = 0, Budget(LIMIT)
        self._at_work: list[Watched] = []
        store = Store.virtual_time(begin, tick) if beside is None else beside._requests.store
        super().__init__(cast("Any", store), verbose=verbose)
        self._requests.owns_store = beside is None

    async def drain(self, *, raise_errors: bool = False, limit: int = LIMIT) -> Drained:
        """Runs every job that is due, and those that fall due by that, until none is. The clock is not moved.

        Jobs of a type without a handler are left alone.

        Args:
            raise_errors: Whether to end with the first handler that fails, and raise what it raised.
            limit: Most runs.

        Returns:
            How the runs ended.

        Raises:
            RuntimeError: There is no end of them.
            ValueError: The queue has no handlers.
        """
        return await self._drain(Budget(limit), raise_errors)

    async def advance(
        self,
        duration: Duration | None = None,
        *,
        raise_errors: bool = False,
        limit: int = LIMIT,
        **fields: Unpack[WaitFields],
    ) -> Drained:
        """Lets time pass: moves the clock from one due time to the next, and runs at each what is due.

        So each job runs at its own time, as it would for real. Without handlers only the clock moves.

        Args:
            duration: Seconds or a timedelta; or the sum of `fields`.
            raise_errors: As for `drain`; the clock then stays where the error was.
            limit: Most runs, and most due times at which there was nothing to run.
            fields: `seconds`, `minutes`, `hours`, `days`, `weeks`, `months` (30 days), `years` (365 days).

        Returns:
            How the runs ended.

        Raises:
            RuntimeError: There is no end of them.
            ValueError: The duration is negative or too long.
        """
        target = self._requests.store.now() + span(duration, cast("dict[str, float]", fields), "advance")
        if target > _END:
            raise ValueError(f"advance would lead beyond {datetime_of(_END).year}, from {self.now().isoformat()}")
        return await self._advance_to(target, Budget(limit), raise_errors)

    async def advance_to(self, when: datetime, *, raise_errors: bool = False, limit: int = LIMIT) -> Drained:
        """As `advance`, to a point in time.

        Raises:
            ValueError: It has no time zone, or is past.
        """
        target = timestamp("when", when)
        if target < self._requests.store.now():
            raise ValueError(f"when is {when.isoformat()}, and it is {self.now().isoformat()}: time goes forward only")
        return await self._advance_to(target, Budget(limit), raise_errors)

    async def _advance_to(self, target: int, budget: Budget, raise_errors: bool) -> Drained:
        store = self._requests.store
        done = await self._run_if_any(budget, raise_errors)
        while (due := await self._answer(store.next_due())) is not None and due <= target:
            _move(store, due)
            ran = await self._run_if_any(budget, raise_errors)
            done += ran
            if not ran.runs:
                await self._spend(budget, 1)
        _move(store, target)
        return done

    async def _run_if_any(self, budget: Budget, raise_errors: bool) -> Drained:
        return Drained() if self._handlers is None else await self._drain(budget, raise_errors)

    async def _drain(self, budget: Budget, raise_errors: bool) -> Drained:
        if self._handlers is None:
            raise ValueError("this queue has no handlers to run its jobs: make it with handlers=")
        done, watched = Drained(), None
        # A worker that dies leaves the rest to the next.
        while watched is None or watched.died:
            processor = self.create_processor(
                self._handlers, batch_size=self._concurrency, concurrency=self._concurrency, lease=self._lease
            )
            watched = Watched(processor, raise_errors)
            self._at_work.append(watched)
            try:
                await processor._run(partial(Core.run_due, most=budget.most))
            finally:
                self._at_work.remove(watched)
            ran = Drained.of(processor.counts(), watched.died)
            done += ran
            await self._spend(budget, ran.runs)
            if raise_errors and (ran.failed or ran.retried):
                raise watched.errors[0] if watched.errors else await self._newest_failure()
        return done

    async def _spend(self, budget: Budget, count: int) -> None:
        budget.take(count)
        if budget.is_overdrawn:
            self._stop_all()
            raise RuntimeError(
                f"{budget.limit} runs were not enough, and it is {self.now().isoformat()}: a handler may wait, or add "
                f"jobs, without end. Give limit= if so many are meant.\n{await self._listed()}"
            )

    async def _newest_failure(self) -> JobFailed:
        """What to raise for a run that failed outside of its handler: by its payload, or its timeout."""
        failed = [job for job in await self._all(status="failed") if job.last_failed_at is not None]
        return JobFailed(max(failed, key=lambda job: job.last_failed_at or job.created_at))

    async def _added(self, call: Call[T]) -> T:
        added = await self._result(call)
        if self._inline:
            await self._run_inline()
        return added

    async def _run_inline(self) -> None:
        if self._depth == 0:
            self._budget = Budget(LIMIT)
        if self._depth >= _DEEPEST:
            self._stop_all()
            raise RuntimeError(f"jobs that run inline add jobs {_DEEPEST} deep: there seems to be no end of them")
        self._depth += 1
        try:
            await self._drain(self._budget, self._raise_errors)
        finally:
            self._depth -= 1

    def _stop_all(self) -> None:
        """There is no end of it: none of the drains that are inside of each other begins anything more."""
        for watched in self._at_work:
            watched.stop()


def _move(store: Store, to: int) -> None:
    store.advance(max(0, to - store.now()))
