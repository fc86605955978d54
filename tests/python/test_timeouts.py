"""Time limits of handlers, and how a handler moves them."""

from __future__ import annotations

import asyncio
import math
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobQueue, JobRecord
from tests.python.conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for a handler to begin on a machine that is busy.
SHORT = 1.0
# For a handler that has begun, and sets its own deadline.
SOON = 0.05


def kinds(queue: JobQueue, job_id: int) -> list[str]:
    return [event.event_type.value for event in queue.get_job_events(job_id)]


def run(queue: JobQueue, handlers: JobHandlers, **options: Any) -> JobRecord:
    """The only job of the only handler, after its attempt."""
    [name] = handlers
    job_id = queue.add_job(name, None, max_attempts=1, **options)
    assert queue.create_processor(handlers).start() == 1
    return queue.wait_for_job(job_id, PATIENCE)


def both(body: Callable[[JobContext | AsyncJobContext], Any]) -> list[JobHandlers]:
    """A handler of each kind that runs `body`, and then waits until it is told to stop."""

    def sync(payload: None, *, ctx: JobContext) -> Any:
        body(ctx)
        return "told" if ctx.signal.wait(PATIENCE) else "not told"

    async def awaited(payload: None, *, ctx: AsyncJobContext) -> Any:
        body(ctx)
        await asyncio.sleep(PATIENCE)

    return [JobHandlers({"slow": sync}), JobHandlers({"slow": awaited})]


def test_on_timeout_is_asked_at_each_deadline_and_may_give_more_time(queue: JobQueue) -> None:
    for answers in ([0.1, timedelta(seconds=0.1), 0.1], [None], [0], [-1], [timedelta(seconds=-1)]):
        asked: list[int] = []

        def body(ctx: JobContext | AsyncJobContext, answers: list[Any] = answers, asked: list[int] = asked) -> None:
            def more() -> Any:
                asked.append(1)
                return answers[len(asked) - 1] if len(asked) <= len(answers) else None

            ctx.on_timeout(more)
            ctx.prolong(SOON)

        for handlers in both(body):
            asked.clear()
            job = run(queue, handlers, timeout=PATIENCE)
            assert (job.status, job.failure_reason) == ("failed", "timeout")
            given = len(answers) if len(answers) > 1 else 0
            assert len(asked) == given + 1
            assert kinds(queue, job.id) == ["added", "processing", *["prolonged"] * (1 + given), "failed"]


def test_an_answer_of_on_timeout_that_cannot_be_used_lets_the_job_time_out(queue: JobQueue) -> None:
    def broken() -> float:
        raise ValueError("no answer")

    answers: list[Callable[[], Any]] = [broken, lambda: math.inf, lambda: math.nan, lambda: 1e300, lambda: "soon"]
    for answer in answers:

        def body(ctx: JobContext | AsyncJobContext, answer: Callable[[], Any] = answer) -> None:
            ctx.on_timeout(answer)
            ctx.prolong(SOON)

        for handlers in both(body):
            job = run(queue, handlers, timeout=PATIENCE)
            assert (job.status, job.failure_reason) == ("failed", "timeout")
            # The lanes are whole: the next job runs.
            good = queue.add_job("good", 1)
            assert queue.create_processor({"good": lambda payload: payload}).start() == 1
            assert queue.wait_for_job(good, PATIENCE).output == 1


def test_on_timeout_is_asked_on_the_loop_or_on_another_thread(queue: JobQueue) -> None:
    asked: dict[str, bool] = {}
    handlers = JobHandlers()

    @handlers.job("sync", timeout=PATIENCE, max_attempts=1)
    def sync(payload: None, *, ctx: JobContext) -> None:
        here = threading.current_thread()
        ctx.on_timeout(lambda: asked.update(sync=threading.current_thread() is not here))
        ctx.prolong(SOON)
        ctx.signal.wait(PATIENCE)

    @handlers.job("awaited", timeout=PATIENCE, max_attempts=1)
    async def awaited(payload: None, *, ctx: AsyncJobContext) -> None:
        loop = asyncio.get_running_loop()
        ctx.on_timeout(lambda: asked.update(awaited=asyncio.get_running_loop() is loop))
        ctx.prolong(SOON)
        await asyncio.sleep(PATIENCE)

    queue.add_job(sync, None)
    queue.add_job(awaited, None)
    assert queue.create_processor(handlers).start() == 2
    assert asked == {"sync": True, "awaited": True}


def test_prolong_moves_the_deadline(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("sync", timeout=SHORT, max_attempts=1)
    def sync(payload: None, *, ctx: JobContext) -> str:
        ctx.prolong(PATIENCE)
        # Far beyond the first deadline.
        return "aborted" if ctx.signal.wait(SHORT * 1.5) else "in time"

    @handlers.job("awaited", timeout=SHORT, max_attempts=1)
    async def awaited(payload: None, *, ctx: AsyncJobContext) -> str:
        ctx.prolong(timedelta(seconds=PATIENCE))
        return "aborted" if await ctx.signal.wait(SHORT * 1.5) else "in time"

    @handlers.job("again", timeout=SHORT, max_attempts=1)
    def again(payload: None, *, ctx: JobContext) -> str:
        # The whole timeout, from now: together more than two of them.
        for _ in range(5):
            if ctx.signal.wait(SHORT / 2):
                return "aborted"
            ctx.prolong()
        return "in time"

    with JobQueue(store_url) as queue:
        ids = [queue.add_job(name, None, timeout=SHORT) for name in handlers]
        assert queue.create_processor(handlers).start() == 3
        for job_id in ids:
            assert queue.wait_for_job(job_id, PATIENCE).output == "in time"
            ways = kinds(queue, job_id)
            assert (ways[:2], ways[-1], set(ways[2:-1])) == (["added", "processing"], "completed", {"prolonged"})


def test_without_a_timeout_prolong_and_on_timeout_do_nothing(queue: JobQueue) -> None:
    handlers = JobHandlers()
    asked: list[int] = []

    @handlers.job("free")
    def free(payload: None, *, ctx: JobContext) -> str:
        ctx.on_timeout(lambda: asked.append(1))
        ctx.prolong(0.01)
        ctx.prolong()
        return "aborted" if ctx.signal.wait(0.1) else "in time"

    job_id = queue.add_job(free, None)
    assert queue.create_processor(handlers).start() == 1
    assert queue.wait_for_job(job_id, PATIENCE).output == "in time"
    assert kinds(queue, job_id) == ["added", "processing", "completed"]
    assert asked == []


@pytest.mark.parametrize("duration", [0, -1, math.nan, math.inf, 1e300, timedelta(0), True, "5"])
def test_prolong_refuses_what_is_no_time(sqlite_store_url: str, duration: Any) -> None:
    handlers = JobHandlers()

    @handlers.job("slow", max_attempts=1, timeout=PATIENCE)
    def slow(payload: None, *, ctx: JobContext) -> None:
        ctx.prolong(duration)

    with JobQueue(sqlite_store_url) as queue:
        job_id = queue.add_job(slow, None)
        assert queue.create_processor(handlers).start() == 1
        message = queue.wait_for_job(job_id, PATIENCE).error_history[0].message
        assert message.startswith("duration")
        assert len(message) < 300


def test_a_default_timeout_serves_jobs_that_have_none(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("slow", max_attempts=1)
    def slow(payload: str, *, ctx: JobContext) -> str:
        return "aborted" if ctx.signal.wait(PATIENCE if payload == "none" else 0.2) else "in time"

    none, own = queue.add_job(slow, "none"), queue.add_job(slow, "own", timeout=PATIENCE)
    processor = queue.create_processor(handlers, default_timeout=timedelta(seconds=0.05))
    assert processor.start() == 2
    assert queue.wait_for_job(none, PATIENCE).failure_reason == "timeout"
    assert queue.wait_for_job(own, PATIENCE).output == "in time"
    job = queue.get_job(none)
    assert job is not None
    assert job.timeout is None


def test_what_a_handler_does_after_its_time_is_not_recorded(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("late", max_attempts=1, timeout=0.05)
    def late(payload: None, *, ctx: JobContext) -> str:
        assert ctx.signal.wait(PATIENCE)
        ctx.set_progress(99)
        ctx.set_output("too late")
        ctx.prolong(PATIENCE)
        return "too late"

    job_id = queue.add_job(late, None)
    assert queue.create_processor(handlers).start() == 1
    job = queue.wait_for_job(job_id, PATIENCE)
    assert (job.status, job.failure_reason, job.output, job.progress) == ("failed", "timeout", None, None)
    assert kinds(queue, job_id) == ["added", "processing", "failed"]


def test_a_handler_that_ends_in_time_is_not_touched_by_its_deadline(queue: JobQueue) -> None:
    handlers = JobHandlers({"quick": lambda payload: payload})
    ids = [queue.add_job("quick", at, timeout=SHORT) for at in range(20)]
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    assert [queue.wait_for_job(job_id, PATIENCE).output for job_id in ids] == list(range(20))
    threading.Event().wait(SHORT * 1.2)
    assert processor.stop_and_drain(PATIENCE)
    assert {job.status.value for job in queue.get_all_jobs()} == {"completed"}
