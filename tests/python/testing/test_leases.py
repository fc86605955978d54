"""Workers that die under a job, and those that live while the clock jumps."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobStatus
from dataqueue.testing import Drained, WorkerDied

if TYPE_CHECKING:
    from .conftest import Opening

MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize("kind", ["threaded", "looped"])
def test_the_job_of_a_worker_that_died_is_run_again_after_the_lease(opening: Opening, kind: str) -> None:
    done: list[str] = []
    handlers = JobHandlers()

    @handlers.job("threaded")
    def threaded(_: None, *, ctx: JobContext) -> str:
        ctx.run("kept", lambda: done.append("kept"))
        done.append("not kept")
        if ctx.job.attempts == 1:
            raise WorkerDied
        return "done"

    @handlers.job("looped")
    async def looped(_: None, *, ctx: AsyncJobContext) -> str:
        await ctx.run("kept", lambda: done.append("kept"))
        done.append("not kept")
        if ctx.job.attempts == 1:
            raise WorkerDied
        return "done"

    queue = opening(handlers)
    job_id = queue.add_job(kind, None)
    assert queue.drain() == Drained(died=1)
    assert queue.advance(timedelta(seconds=30) - MICROSECOND) == Drained()
    assert [job.status for job in queue.enqueued()] == [JobStatus.PROCESSING]
    assert queue.advance(MICROSECOND) == Drained(completed=1)
    job = queue.wait_for_job(job_id, 0)
    assert (job.attempts, job.output, job.error_history) == (2, "done", [])
    assert done == ["kept", "not kept", "not kept"]
    kinds = [event.event_type.value for event in queue.get_job_events(job_id)]
    assert kinds == ["added", "processing", "reclaimed", "processing", "completed"]


def test_a_step_whose_worker_dies_before_the_record_is_done_again(opening: Opening) -> None:
    done: list[int] = []
    handlers = JobHandlers()

    @handlers.job("pay")
    def pay(_: None, *, ctx: JobContext) -> None:
        def charge() -> None:
            done.append(ctx.job.attempts)
            if ctx.job.attempts == 1:
                raise WorkerDied

        ctx.run("charge", charge)

    queue = opening(handlers, lease=10)
    queue.add_job(pay, None)
    assert queue.advance(seconds=10) == Drained(completed=1, died=1)
    assert done == [1, 2]


def test_a_job_that_kills_its_workers_is_lost_in_the_end(opening: Opening) -> None:
    handlers = JobHandlers()

    @handlers.job("deadly", max_attempts=10)
    def deadly(_: None) -> None:
        raise WorkerDied

    queue = opening(handlers)
    job_id = queue.add_job(deadly, None)
    assert queue.advance(days=1) == Drained(died=3)
    job = queue.wait_for_job(job_id, 0)
    assert (job.status, job.failure_reason) == ("failed", "lost")


def test_what_else_is_due_runs_on_another_worker(opening: Opening) -> None:
    handlers = JobHandlers()

    @handlers.job("either")
    def either(dies: bool) -> None:
        if dies:
            raise WorkerDied

    queue = opening(handlers)
    for dies in (True, False, False):
        queue.add_job(either, dies)
    assert queue.drain() == Drained(completed=2, died=1)


def test_a_handler_that_runs_while_the_clock_jumps_keeps_its_job(opening: Opening) -> None:
    begun, go_on = threading.Event(), threading.Event()
    handlers = JobHandlers()

    @handlers.job("long")
    def long(_: None, *, ctx: JobContext) -> int:
        begun.set()
        assert go_on.wait(60)
        ctx.run("kept", lambda: None)
        return ctx.job.attempts

    # The workers that drain sweep as every worker does.
    queue = opening({"other": lambda _: None})
    job_id = queue.add_job(long, None)
    processor = queue.create_processor(handlers, lease=1)
    processor.start_in_background()
    assert begun.wait(60)
    queue.add_job("other", None)
    assert queue.advance(days=365).completed == 1
    assert [job.status for job in queue.enqueued()] == [JobStatus.PROCESSING]
    go_on.set()
    assert queue.wait_for_job(job_id, 60).output == 1
    assert processor.stop_and_drain()
