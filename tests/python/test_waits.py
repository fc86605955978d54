"""Handlers that wait for a time and go on where they were."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobQueue, WaitSignal
from tests.python.conftest import PATIENCE
from tests.python.test_steps import Body, both, message_of, run_all

DAY = timedelta(days=1)


def kinds(queue: JobQueue, job_id: int) -> list[str]:
    return [event.event_type.value for event in queue.get_job_events(job_id)]


def waiting(queue: JobQueue, handlers: JobHandlers, **options: Any) -> int:
    """A job of the only handler, run until it waits."""
    job_id = queue.add_job("work", None, **options)
    assert queue.create_processor(handlers).start() == 1
    job = queue.get_job(job_id)
    assert job is not None
    assert job.status == "waiting", job
    return job_id


def body_of(*waits: Any) -> Body:
    """A handler that waits so, one after the other, and then returns."""

    async def body(ctx: Any) -> str:
        for wait in waits:
            await wait(ctx)
        return "end"

    return body


def test_a_handler_waits_without_a_worker_and_goes_on_where_it_was(queue: JobQueue) -> None:
    done: list[str] = []

    async def body(ctx: Any) -> str:
        await ctx.run("welcome", lambda: done.append("welcome"))
        await ctx.wait_for(seconds=0.3)
        await ctx.run("survey", lambda: done.append("survey"))
        await ctx.wait_until(datetime.now(UTC))
        return "end"

    for handlers in both(body):
        done.clear()
        job = run_all(queue, handlers)
        assert (job.status, job.output, job.attempts, job.wait_until) == ("completed", "end", 1, None)
        assert done == ["welcome", "survey"]
        resumed = ["waiting", "processing"]
        assert kinds(queue, job.id) == ["added", "processing", *resumed, *resumed, "completed"]


def test_a_job_that_waits_tells_until_when_and_gives_its_slot_back(queue: JobQueue) -> None:
    for handlers in both(body_of(lambda ctx: ctx.wait_for(days=7, hours=1, name="trial"))):
        before = datetime.now(UTC)
        job_id = waiting(queue, handlers)
        job = queue.get_job(job_id)
        assert job is not None
        assert job.wait_until is not None
        assert timedelta(days=7, hours=1) <= job.wait_until - before < timedelta(days=7, hours=1, minutes=1)
        assert (job.attempts, job.locked_by) == (1, None)
        entry = job.step_data["__wait_0"]
        assert (entry["type"], entry["name"], entry["completed"]) == ("duration", "trial", False)
        assert datetime.fromisoformat(entry["resumeAt"]) == job.wait_until
        [event] = [event for event in queue.get_job_events(job_id) if event.event_type == "waiting"]
        assert event.metadata is not None
        assert datetime.fromisoformat(event.metadata["wait_until"]) == job.wait_until
        # Nothing is left for anyone to do.
        assert queue.create_processor(handlers).start() == 0
        assert queue.cancel_job(job_id)
        assert queue.wait_for_job(job_id, PATIENCE).status == "cancelled"


def test_a_cancelled_wait_that_is_retried_is_waited_for_to_its_end(queue: JobQueue) -> None:
    for handlers in both(body_of(lambda ctx: ctx.wait_for(DAY))):
        job_id = waiting(queue, handlers)
        first = queue.get_job(job_id)
        assert queue.cancel_job(job_id)
        assert queue.retry_job(job_id)
        assert queue.create_processor(handlers).start() == 1
        again = queue.get_job(job_id)
        assert first is not None
        assert again is not None
        assert (again.status, again.wait_until) == ("waiting", first.wait_until)
        queue.cancel_job(job_id)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (lambda ctx: ctx.wait_until(datetime.now(UTC) + DAY), "a date now"),
        (lambda ctx: ctx.wait_for(DAY, name="b"), "a duration named 'b' now"),
    ],
)
def test_a_handler_that_was_changed_under_a_waiting_job_fails_it_and_says_how(
    sqlite_store_url: str, now: Any, told: str
) -> None:
    with JobQueue(sqlite_store_url) as queue:
        before = both(body_of(lambda ctx: ctx.wait_for(seconds=0)))
        after = both(body_of(now))
        for old, new in zip(before, after, strict=True):
            job_id = waiting(queue, old)
            assert queue.create_processor(new).start() == 1
            job = queue.wait_for_job(job_id, PATIENCE)
            message = message_of(job)
            was = "wait 1 of this handler was a wait for a duration when the job waited"
            assert f"{was}, and is a wait for {told}" in message
            assert (job.error_history[0].type, job.attempts) == ("dataqueue.errors.HandlerChanged", 1)


@pytest.mark.parametrize(
    ("wait", "told"),
    [
        (lambda ctx: ctx.wait_for(-1), "duration is -1.0 seconds: it must not be negative"),
        (lambda ctx: ctx.wait_for(hours=-1), "hours is -1.0 seconds: it must not be negative"),
        (lambda ctx: ctx.wait_for(years=101), "at most a hundred years can be waited for"),
        (lambda ctx: ctx.wait_for(), "wait_for takes a duration, or fields such as days=7, hours=12"),
        (lambda ctx: ctx.wait_for(1, days=1), "wait_for takes a duration, or fields such as days=7, hours=12"),
        (lambda ctx: ctx.wait_for(fortnights=1), "wait_for has no field 'fortnights'"),
        (lambda ctx: ctx.wait_for("1d"), "duration must be seconds (int or float) or a timedelta"),
        (lambda ctx: ctx.wait_for(1, name=""), "name is empty"),
        (lambda ctx: ctx.wait_until(datetime(2030, 1, 1)), "when is a naive datetime"),  # noqa: DTZ001
        (lambda ctx: ctx.wait_until("tomorrow"), "when must be a datetime"),
    ],
)
def test_what_cannot_be_waited_for_fails_the_job_with_a_message_that_says_why(
    sqlite_store_url: str, wait: Any, told: str
) -> None:
    with JobQueue(sqlite_store_url) as queue:
        for handlers in both(body_of(wait)):
            assert told in message_of(run_all(queue, handlers, max_attempts=1))


def test_a_wait_inside_of_a_step_is_refused(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("work")
    async def awaited(payload: None, *, ctx: AsyncJobContext) -> None:
        await ctx.run("outer", lambda: ctx.wait_for(1))

    def blocking(payload: None, *, ctx: JobContext) -> None:
        ctx.run("outer", lambda: ctx.wait_for(1))

    for one in (handlers, JobHandlers({"work": blocking})):
        message = message_of(run_all(queue, one, max_attempts=1))
        assert message == "a wait begins inside of step 'outer': put it between steps"


def test_the_signal_passes_except_exception_and_a_handler_that_catches_it_fails(queue: JobQueue) -> None:
    async def polite(ctx: Any) -> None:
        try:
            await ctx.wait_for(DAY)
        except Exception:
            raise AssertionError("a wait is no exception") from None

    async def greedy(ctx: Any) -> str:
        with contextlib.suppress(WaitSignal):
            await ctx.wait_for(DAY)
        return "too early"

    for handlers in both(polite):
        queue.cancel_job(waiting(queue, handlers))
    for handlers in both(greedy):
        job = run_all(queue, handlers)
        assert "caught the WaitSignal of its wait and went on" in message_of(job)
        assert job.output is None


def test_many_jobs_that_wait_cost_no_slot_and_all_go_on(queue: JobQueue) -> None:
    seen: list[int] = []
    lock = threading.Lock()
    handlers = JobHandlers()

    @handlers.job("work")
    async def work(payload: int, *, ctx: AsyncJobContext) -> None:
        await ctx.wait_for(0.2)
        with lock:
            seen.append(payload)

    ids = [queue.add_job("work", at) for at in range(200)]
    processor = queue.create_processor(handlers, concurrency=2, batch_size=20)
    processor.start_in_background()
    for job_id in ids:
        assert queue.wait_for_job(job_id, PATIENCE).status == "completed"
    assert processor.stop_and_drain(PATIENCE)
    assert sorted(seen) == list(range(200))
