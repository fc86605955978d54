"""The queue: all its parts, its processors, and its end.

Generated from `dataqueue.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..arguments import Duration
from ..filters import JobTypeFilter
from ..flow import Fair, GroupConcurrency, GroupRateLimit
from ..handlers import JobHandlers
from ..hooks import Listening
from .adding import Adding
from .deleting import Deleting
from .events import Events
from .inspecting import Inspecting
from .managing import Managing
from .pausing import Pausing
from .reading import Reading
from .schedules import Scheduling
from .tokens import Tokens
from .upkeep import Upkeep

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ..processor import Processor
    from ..supervisor import Supervisor


class JobQueue(
    Adding,
    Reading,
    Managing,
    Deleting,
    Inspecting,
    Pausing,
    Scheduling,
    Tokens,
    Upkeep,
    Events,
    Listening,
):
    """A queue of jobs, for blocking code. `AsyncJobQueue` is the async twin, with the same methods.

    Connects when first used. Safe to use from several threads. A call waits without the GIL.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the queue's connections, unless they are those of a shared pool.

        Processors of this queue that still run are stopped first: what has not started goes back, and handlers have
        five seconds to end. `stop_and_drain` gives them longer.
        """
        for session in list(self._sessions):
            from .._session import GRACE
            from ..processor import Processor

            if not session.is_inherited:
                Processor._end(self, session, GRACE)
        self._listeners.close()
        self._result(self._requests.close())

    def create_processor(
        self,
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
        max_step_bytes: int = 1_048_576,
        unready_after: Duration | None = None,
        max_jobs_per_process: int | None = None,
        max_memory_per_process: int | None = None,
        on_error: Callable[[Exception], object] | None = None,
        verbose: bool = False,
    ) -> Processor:
        """A processor, which claims jobs and runs them with these handlers. It does not start by itself.

        It adds the jobs of due schedules too, whichever their types; and when it starts, it stores the schedules that
        the handlers declare.

        Args:
            handlers: `JobHandlers`, or a mapping from job types to functions.
            worker_id: The name under which its jobs are locked; host, process and a random part by default.
            batch_size: Most jobs in one claim.
            concurrency: Most handlers running at once.
            poll_interval: How often to look for jobs where new ones cannot wake it; where they can, a third as often,
                for those of which it was not told.
            group_concurrency: At most so many jobs of a group run at a time, over all workers and types; or a mapping
                from tiers to numbers, with None for all others. The processor that was started last and says so
                decides; None leaves it as it is, and `{}` takes it away.
            group_rate_limit: Of each group no more than so many jobs start within any span of that length, over all
                workers and types; or a mapping from tiers to limits, with None for all others. A group has a rate of
                its own, so a `RateLimit` here takes no key. Who decides is as for `group_concurrency`.
            fair: Groups take turns, so that one with a million jobs does not keep the others waiting: True, or how
                many jobs a group gets in a turn, by tier, such as `{"gold": 3}`; one where its tier is not named, and
                1000 at most. Whose turn it is is kept in the store, for each job type. Every fourth job of a type is
                the one that has been due for longest, whatever its priority and group, so that none waits without
                end. It holds for this processor's claims only: give it to all of a fleet.
            job_type: Claim only these types, also without a handler (they fail with `no_handler`).
            unhandled: `fail` claims jobs of every type, and fails those without a handler.
            default_timeout: The time limit of jobs that have none.
            lease: How long a job stays with this worker when it dies. Renewed three times as often while it has any.
            upkeep: Whether it deletes finished jobs, events and tokens older than 30 days, about once an hour while it
                works in the background. False leaves that to a supervisor, or to you.
            max_step_bytes: The most bytes of JSON that the steps of one job may take together; 1 MB by default.
            unready_after: If there may be jobs, or the store fails, and no claim succeeds for so long, `health()` says
                that it is not ready; three poll intervals by default, or a lease where that is longer.
            max_jobs_per_process: A process of handlers (`run_in="process"`, `force_kill_on_timeout`) is replaced after
                so many jobs; the next one is ready before it goes.
            max_memory_per_process: It is replaced when it holds more than so many bytes after a job.
            on_error: Called with errors of the processor itself, on a thread of its own; they are logged by default.
            verbose: Logs what the engine does through the logger `dataqueue`.
        """
        from ..processor import Processor

        return Processor(
            self,
            handlers,
            worker_id=worker_id,
            batch_size=batch_size,
            concurrency=concurrency,
            poll_interval=poll_interval,
            group_concurrency=group_concurrency,
            group_rate_limit=group_rate_limit,
            fair=fair,
            job_type=job_type,
            unhandled=unhandled,
            default_timeout=default_timeout,
            lease=lease,
            upkeep=upkeep,
            max_step_bytes=max_step_bytes,
            unready_after=unready_after,
            max_jobs_per_process=max_jobs_per_process,
            max_memory_per_process=max_memory_per_process,
            on_error=on_error,
            verbose=verbose,
        )

    def create_supervisor(
        self,
        *,
        interval: Duration = 60.0,
        stuck_jobs_timeout_minutes: float = 10,
        cleanup_jobs_days_to_keep: float | None = 30,
        cleanup_events_days_to_keep: float | None = 30,
        reclaim_stuck_jobs: bool = True,
        expire_timed_out_tokens: bool = True,
        on_error: Callable[[Exception], object] | None = None,
        verbose: bool = False,
    ) -> Supervisor:
        """A supervisor, which keeps the store in order. It does not start by itself.

        Processors do the same, so that a supervisor is for those who want other times, or have no processor that works
        in the background. Several of them do no harm.

        Args:
            interval: The pause between two rounds.
            stuck_jobs_timeout_minutes: As for `reclaim_stuck_jobs()`.
            cleanup_jobs_days_to_keep: As for `cleanup_old_jobs()`; 0 or None keeps them.
            cleanup_events_days_to_keep: As for `cleanup_old_job_events()`; 0 or None keeps them.
            reclaim_stuck_jobs: Whether jobs are taken back from workers that died.
            expire_timed_out_tokens: As for `expire_timed_out_tokens()`; False leaves that out.
            on_error: Called with errors of the chores, on a thread of its own; they are logged by default.
            verbose: Logs what the engine does through the logger `dataqueue`.
        """
        from ..supervisor import Supervisor

        return Supervisor(
            self,
            interval=interval,
            stuck_jobs_timeout_minutes=stuck_jobs_timeout_minutes,
            cleanup_jobs_days_to_keep=cleanup_jobs_days_to_keep,
            cleanup_events_days_to_keep=cleanup_events_days_to_keep,
            reclaim_stuck_jobs=reclaim_stuck_jobs,
            expire_timed_out_tokens=expire_timed_out_tokens,
            on_error=on_error,
            verbose=verbose,
        )
