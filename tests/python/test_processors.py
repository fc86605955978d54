"""Processors: what they claim, in which order, and how they start, stop and end."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dataqueue import AsyncJobQueue, DataQueueError, Job, JobContext, JobHandlers, JobQueue, JobType
from tests.python.conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], object]) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_batch_is_at_most_its_size_and_answers_how_many_ran(queue: JobQueue) -> None:
    ran: list[int] = []
    queue.add_jobs([Job("keep", at) for at in range(12)])
    processor = queue.create_processor({"keep": ran.append}, batch_size=5, concurrency=1)
    assert [processor.start() for _ in range(4)] == [5, 5, 2, 0]
    assert ran == list(range(12))
    assert not processor.is_running()


def test_failures_count_as_processed(queue: JobQueue) -> None:
    handlers: dict[str, Any] = {"bad": lambda payload: 1 / 0, "good": lambda payload: None}
    queue.add_jobs([Job("bad", None), Job("good", None), Job("bad", None)])
    processor = queue.create_processor(handlers)
    assert processor.start() == 3
    counts = processor.counts()
    assert (counts["claimed"], counts["completed"], counts["failed"], counts["lost"]) == (3, 1, 2, 0)


def test_jobs_run_by_priority_then_due_time_then_id(queue: JobQueue) -> None:
    now = datetime.now(UTC)
    wanted = [
        (9, -1),
        (5, -30),
        (5, -20),
        (5, -20),
        (0, -40),
        (0, -1),
        (-3, -50),
    ]
    jobs = [
        Job("keep", place, priority=priority, run_at=now + timedelta(minutes=minutes))
        for place, (priority, minutes) in enumerate(wanted)
    ]
    ran: list[int] = []
    # Equal ones go by id, so their order of adding is that of the list.
    queue.add_jobs([jobs[at] for at in (4, 6, 2, 0, 5, 1, 3)])
    assert queue.create_processor({"keep": ran.append}, concurrency=1, batch_size=3).start() == 3
    assert queue.create_processor({"keep": ran.append}, concurrency=1).start() == 4
    assert ran == list(range(7))


def test_the_order_holds_across_both_kinds_of_handlers(queue: JobQueue) -> None:
    ran: list[int] = []
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: int) -> None:
        ran.append(payload)

    @handlers.job("awaited")
    async def awaited(payload: int) -> None:
        await asyncio.sleep(0)
        ran.append(payload)

    queue.add_jobs([Job("sync" if at % 3 else "awaited", at, priority=-at) for at in range(20)])
    assert queue.create_processor(handlers, concurrency=1, batch_size=20).start() == 20
    assert ran == list(range(20))


def test_concurrency_is_how_many_run_at_once(queue: JobQueue) -> None:
    running: set[int] = set()
    most: list[int] = []
    lock = threading.Lock()
    full = threading.Barrier(4)

    def work(payload: int) -> None:
        with lock:
            running.add(payload)
            most.append(len(running))
        full.wait(PATIENCE)
        with lock:
            running.discard(payload)

    queue.add_jobs([Job("work", at) for at in range(12)])
    assert queue.create_processor({"work": work}, concurrency=4, batch_size=12).start() == 12
    assert max(most) == 4


def test_a_job_type_narrows_what_is_claimed(queue: JobQueue) -> None:
    handlers = JobHandlers()
    declared = JobType("b", int)

    @handlers.job("a")
    def first(payload: int) -> None: ...

    @handlers.job(declared)
    def second(payload: int) -> None: ...

    @handlers.job("c")
    async def third(payload: int) -> None: ...

    queue.add_jobs([Job(name, 1) for name in "abcabc"])
    narrowed: list[tuple[Any, int]] = [("a", 2), (declared, 2), (["a", third], 2), (["a", "b", "c"], 0)]
    for job_type, count in narrowed:
        assert queue.create_processor(handlers, job_type=job_type).start() == count


def test_a_named_type_without_a_handler_fails(queue: JobQueue) -> None:
    ids = queue.add_jobs([Job("mine", 1), Job("named", 2, max_attempts=1), Job("other", 3)])
    handlers = {"mine": lambda payload: payload}
    assert queue.create_processor(handlers, job_type=["named", "mine"]).start() == 2
    named = queue.wait_for_job(ids[1], PATIENCE)
    assert (named.status, named.failure_reason) == ("failed", "no_handler")
    assert "'named'" in named.error_history[0].message.replace('"', "'")
    other = queue.get_job(ids[2])
    assert other is not None
    assert (other.status, other.attempts) == ("pending", 0)
    assert queue.create_processor({}, unhandled="fail").start() == 1
    failed = queue.get_job(ids[2])
    assert failed is not None
    # It may have a handler by the time of its retry.
    assert (failed.status, failed.failure_reason) == ("failed", "no_handler")
    assert failed.next_attempt_at is not None


def test_starting_and_stopping(queue: JobQueue) -> None:
    processor = queue.create_processor({"keep": lambda payload: payload}, worker_id="w", poll_interval=600)
    assert (processor.worker_id, processor.is_running()) == ("w", False)
    # Before anything was started there is nothing to stop.
    processor.stop()
    assert processor.stop_and_drain(0)
    for _ in range(3):
        processor.start_in_background()
        assert processor.is_running()
        with pytest.raises(RuntimeError, match="this processor is running: stop it first, or create another"):
            processor.start_in_background()
        with pytest.raises(RuntimeError, match="this processor is running"):
            processor.start()
        job_id = queue.add_job("keep", 1)
        assert queue.wait_for_job(job_id, PATIENCE).output == 1
        assert processor.stop_and_drain()
        assert not processor.is_running()
        assert processor.stop_and_drain()
    late = queue.add_job("keep", 2)
    assert processor.start() == 1
    assert queue.wait_for_job(late, PATIENCE).output == 2


def test_stop_claims_no_more_and_lets_what_runs_end(queue: JobQueue) -> None:
    started, go_on = threading.Event(), threading.Event()

    def work(payload: int) -> int:
        started.set()
        go_on.wait(PATIENCE)
        return payload

    first = queue.add_job("work", 1)
    processor = queue.create_processor({"work": work}, concurrency=1, batch_size=1)
    processor.start_in_background()
    assert started.wait(PATIENCE)
    second = queue.add_job("work", 2)
    processor.stop()
    assert not processor.is_running()
    go_on.set()
    assert queue.wait_for_job(first, PATIENCE).output == 1
    assert processor.stop_and_drain(PATIENCE)
    waiting = queue.get_job(second)
    assert waiting is not None
    assert (waiting.status, waiting.attempts) == ("pending", 0)


def test_a_drain_waits_for_what_runs_and_gives_back_what_does_not(queue: JobQueue) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def work(payload: int) -> int:
        started.release()
        go_on.wait(PATIENCE)
        return payload

    ids = queue.add_jobs([Job("work", at) for at in range(6)])
    processor = queue.create_processor({"work": work}, concurrency=2, batch_size=6)
    processor.start_in_background()
    for _ in range(2):
        assert started.acquire(timeout=PATIENCE)
    threading.Timer(0.1, go_on.set).start()
    assert processor.stop_and_drain(timedelta(seconds=PATIENCE)) is True
    jobs = [queue.get_job(job_id) for job_id in ids]
    assert [(job.status.value, job.attempts) for job in jobs if job] == [
        *[("completed", 1)] * 2,
        *[("pending", 0)] * 4,
    ]


def test_a_drained_handler_is_told_to_shut_down(queue: JobQueue) -> None:
    started = threading.Semaphore(0)
    reasons: list[str | None] = []
    handlers = JobHandlers()

    @handlers.job("polite")
    def polite(payload: None, *, ctx: JobContext) -> str:
        started.release()
        assert ctx.signal.wait(PATIENCE)
        reasons.append(ctx.signal.reason)
        return "saved"

    @handlers.job("aborting")
    def aborting(payload: None, *, ctx: JobContext) -> None:
        started.release()
        ctx.signal.wait(PATIENCE)
        ctx.signal.raise_if_aborted()

    @handlers.job("awaited")
    async def awaited(payload: None) -> None:
        started.release()
        await asyncio.sleep(PATIENCE)

    ids = [queue.add_job(name, None, max_attempts=1) for name in handlers]
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    for _ in ids:
        assert started.acquire(timeout=PATIENCE)
    processor.stop_and_drain(0.05)
    jobs = [queue.get_job(job_id) for job_id in ids]
    # One that ended by itself has ended; the others go back, without the attempt.
    assert [(job.status.value, job.attempts, job.output) for job in jobs if job] == [
        ("completed", 1, "saved"),
        ("pending", 0, None),
        ("pending", 0, None),
    ]
    assert reasons == ["shutdown"]
    events = [event for event in queue.get_job_events(ids[1]) if event.event_type == "reclaimed"]
    assert [event.metadata for event in events] == [{"released": True}]


def test_a_running_processor_sleeps_to_the_time_a_job_is_due(queue: JobQueue) -> None:
    processor = queue.create_processor({"keep": lambda payload: payload}, poll_interval=600)
    processor.start_in_background()
    due = datetime.now(UTC) + timedelta(seconds=0.3)
    later = queue.add_job("keep", 2, run_at=datetime.now(UTC) + timedelta(days=1))
    job = queue.wait_for_job(queue.add_job("keep", 1, run_at=due), PATIENCE)
    assert job.started_at is not None
    assert job.started_at >= due
    assert queue.edit_job(later, run_at=None)
    assert queue.wait_for_job(later, PATIENCE).output == 2
    assert processor.stop_and_drain(PATIENCE)


def test_several_processors_share_the_work_and_run_each_job_once(queue: JobQueue) -> None:
    ran: list[int] = []
    ids = queue.add_jobs([Job("keep", at) for at in range(200)])
    processors = [queue.create_processor({"keep": ran.append}, concurrency=2) for _ in range(3)]
    for processor in processors:
        processor.start_in_background()
    for job_id in ids:
        queue.wait_for_job(job_id, PATIENCE)
    assert all(processor.stop_and_drain(PATIENCE) for processor in processors)
    assert sorted(ran) == list(range(200))
    assert {event.event_type.value for event in queue.get_job_events(ids[0])} == {"added", "processing", "completed"}
    assert sum(processor.counts()["completed"] for processor in processors) == 200


def test_threads_live_on_between_jobs(queue: JobQueue) -> None:
    local = threading.local()
    born: list[str] = []

    def work(payload: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = object()
            born.append(threading.current_thread().name)

    queue.add_jobs([Job("work", at) for at in range(40)])
    queue.create_processor({"work": work}, concurrency=2, batch_size=40).start()
    assert 1 <= len(born) <= 2


def test_errors_of_the_processor_itself_go_to_on_error_or_to_the_log(
    postgres_store_url: str, postgres_url: str, schema: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Exception] = []

    def keep(error: Exception) -> None:
        told.append(error)
        raise ValueError("a listener that throws is told of in the log")

    with JobQueue(postgres_store_url) as queue, psycopg.connect(postgres_url, autocommit=True) as connection:
        listened = queue.create_processor({"t": lambda payload: payload}, poll_interval=0.05, on_error=keep)
        logged = queue.create_processor({"t": lambda payload: payload}, poll_interval=0.05)
        with caplog.at_level(logging.ERROR, "dataqueue"):
            for processor in (listened, logged):
                processor.start_in_background()
            until(lambda: connection.execute(f"select from {schema}.job_workers".encode()).rowcount == 2)
            connection.execute(f"alter table {schema}.job_ready rename to gone".encode())
            looking = re.compile("(claiming jobs|looking for what is to be done): ")
            until(lambda: any(looking.match(str(error)) for error in told))
            until(lambda: any(looking.match(record.getMessage()) for record in caplog.records))
            connection.execute(f"alter table {schema}.gone rename to job_ready".encode())
        assert all(isinstance(error, DataQueueError) for error in told)
        until(lambda: any("on_error callback failed" in record.getMessage() for record in caplog.records))
        # Both live on.
        ids = queue.add_jobs([Job("t", at) for at in range(4)])
        assert [queue.wait_for_job(job_id, PATIENCE).status.value for job_id in ids] == ["completed"] * 4
        for processor in (listened, logged):
            assert processor.stop_and_drain(PATIENCE)


def test_a_processor_started_without_a_name_is_known_by_host_and_process(queue: JobQueue) -> None:
    seen: list[str | None] = []

    def keep(payload: None, signal: object, ctx: JobContext) -> None:
        seen.append(ctx.job.locked_by)

    queue.add_job("keep", None)
    processor = queue.create_processor({"keep": keep})
    processor.start()
    assert seen == [processor.worker_id]
    assert f":{os.getpid()}:" in processor.worker_id


async def test_async_handlers_share_the_callers_loop_with_its_other_work(store_url: str) -> None:
    ticks = 0
    go_on = asyncio.Event()
    handlers = JobHandlers()

    @handlers.job("waits")
    async def waits(payload: int) -> int:
        await go_on.wait()
        return payload

    async with AsyncJobQueue(store_url) as queue:
        ids = await queue.add_jobs([Job(waits, at) for at in range(5)])
        processor = queue.create_processor(handlers, concurrency=5)
        processor.start_in_background()
        while await queue.count_jobs(status="processing") < 5 or not ticks:
            ticks += 1
        go_on.set()
        assert [(await queue.wait_for_job(job_id, PATIENCE)).output for job_id in ids] == list(range(5))
        assert await processor.stop_and_drain(PATIENCE)


async def test_cancelling_a_batch_gives_its_jobs_back(store_url: str) -> None:
    started = asyncio.Event()
    handlers = JobHandlers()

    @handlers.job("long")
    async def long(payload: None) -> None:
        started.set()
        await asyncio.sleep(PATIENCE)

    async with AsyncJobQueue(store_url) as queue:
        job_id = await queue.add_job(long, None)
        processor = queue.create_processor(handlers)
        task = asyncio.create_task(processor.start())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not processor.is_running()
        job = await queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)
