"""What a handler is given: the context and the signal, of both kinds of handlers."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from dataqueue import (
    AsyncJobContext,
    AsyncJobSignal,
    Job,
    JobAborted,
    JobContext,
    JobHandlers,
    JobQueue,
    JobRecord,
    JobSignal,
    PayloadError,
)
from tests.python.conftest import PATIENCE


def run(queue: JobQueue, handlers: JobHandlers, **options: Any) -> JobRecord:
    """The only job there is, after one attempt."""
    assert queue.create_processor(handlers, **options).start() == 1
    [job] = queue.get_all_jobs()
    return job


def failed(job: JobRecord) -> str:
    assert job.status == "failed"
    return job.error_history[-1].message


def test_the_context_has_the_job_as_it_was_claimed(queue: JobQueue) -> None:
    seen: list[JobRecord] = []
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: Any, *, ctx: JobContext) -> None:
        assert ctx.job is ctx.job
        seen.append(ctx.job)

    @handlers.job("awaited")
    async def awaited(payload: Any, *, ctx: AsyncJobContext) -> None:
        assert ctx.job is ctx.job
        seen.append(ctx.job)

    for kind in ("sync", "awaited"):
        job_id = queue.add_job(kind, {"a": 1}, tags=["x"], priority=4, idempotency_key=kind)
        queue.create_processor(handlers, worker_id="worker seven").start()
        job = seen[-1]
        assert (job.id, job.job_type, job.payload, job.tags, job.priority) == (job_id, kind, {"a": 1}, ["x"], 4)
        assert (job.status, job.attempts, job.locked_by) == ("processing", 1, "worker seven")
        assert job.locked_at is not None
        assert job.started_at == job.locked_at
        assert job.idempotency_key == kind


def test_each_kind_of_handler_gets_its_kind_of_context_and_signal(queue: JobQueue) -> None:
    seen: dict[str, tuple[type, ...]] = {}
    handlers = JobHandlers()

    @handlers.job("by_position")
    def by_position(payload: int, signal: JobSignal, ctx: JobContext) -> None:
        assert ctx.signal is signal
        seen["by_position"] = (type(payload), type(signal), type(ctx))

    @handlers.job("by_position_async")
    async def by_position_async(payload: int, signal: AsyncJobSignal, ctx: AsyncJobContext) -> None:
        assert ctx.signal is signal
        seen["by_position_async"] = (type(payload), type(signal), type(ctx))

    @handlers.job("signal_only")
    def signal_only(payload: int, signal: JobSignal) -> None:
        seen["signal_only"] = (type(payload), type(signal))

    @handlers.job("by_name")
    def by_name(payload: int, *, signal: JobSignal, ctx: JobContext) -> None:
        seen["by_name"] = (type(payload), type(signal), type(ctx))

    @handlers.job("mixed")
    async def mixed(payload: int, signal: AsyncJobSignal, *, ctx: AsyncJobContext) -> None:
        seen["mixed"] = (type(payload), type(signal), type(ctx))

    for name in handlers:
        queue.add_job(name, 1)
    assert queue.create_processor(handlers).start() == 5
    assert queue.count_jobs(status="completed") == 5
    blocking, awaited = (int, JobSignal, JobContext), (int, AsyncJobSignal, AsyncJobContext)
    assert seen == {
        "by_position": blocking,
        "by_position_async": awaited,
        "signal_only": (int, JobSignal),
        "by_name": blocking,
        "mixed": awaited,
    }


def test_progress_is_rounded_and_kept(queue: JobQueue) -> None:
    cases = [(0, 0), (0.4, 0), (0.5, 1), (33.7, 34), (99.5, 100), (100, 100), (100.0, 100), (2.5, 3)]
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: float, *, ctx: JobContext) -> None:
        ctx.set_progress(payload)

    @handlers.job("awaited")
    async def awaited(payload: float, *, ctx: AsyncJobContext) -> None:
        await ctx.set_progress(payload)

    for kind in handlers:
        ids = queue.add_jobs([Job(kind, reported) for reported, _ in cases])
        assert queue.create_processor(handlers).start() == len(cases)
        assert [queue.wait_for_job(job_id, PATIENCE).progress for job_id in ids] == [stored for _, stored in cases]


def test_progress_and_output_can_be_read_while_the_handler_runs(queue: JobQueue) -> None:
    go_on = threading.Event()
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: None, *, ctx: JobContext) -> str:
        for percent in (1, 2, 40):
            ctx.set_progress(percent)
        ctx.set_output({"so": "far"})
        assert go_on.wait(PATIENCE)
        return "not this"

    job_id = queue.add_job(sync, None)
    assert queue.get_all_jobs()[0].progress is None
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    deadline = time.monotonic() + PATIENCE
    while True:
        job = queue.get_job(job_id)
        assert job is not None
        if job.progress == 40 and job.output is not None:
            break
        assert time.monotonic() < deadline
    assert (job.status, job.output) == ("processing", {"so": "far"})
    go_on.set()
    job = queue.wait_for_job(job_id, PATIENCE)
    # What was set wins over what is returned, and the last progress stays.
    assert (job.status, job.output, job.progress) == ("completed", {"so": "far"}, 40)
    assert processor.stop_and_drain(PATIENCE)


def test_progress_out_of_bounds_and_output_that_is_not_json_raise_in_the_handler(queue: JobQueue) -> None:
    raised: list[type[BaseException]] = []
    bad_progress: list[Any] = [-1, 100.1, math.nan, math.inf, True, "50", None]
    bad_output: list[Any] = [math.nan, {1}, "a\0", object()]
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: None, *, ctx: JobContext) -> str:
        for call, values in ((ctx.set_progress, bad_progress), (ctx.set_output, bad_output)):
            for value in values:
                with pytest.raises((ValueError, TypeError)) as caught:
                    call(value)
                raised.append(caught.type)
        return "fine"

    @handlers.job("awaited")
    async def awaited(payload: None, *, ctx: AsyncJobContext) -> str:
        for call, values in ((ctx.set_progress, bad_progress), (ctx.set_output, bad_output)):
            for value in values:
                with pytest.raises((ValueError, TypeError)) as caught:
                    await call(value)
                raised.append(caught.type)
        return "fine"

    ids = [queue.add_job("sync", None), queue.add_job("awaited", None)]
    assert queue.create_processor(handlers, concurrency=1).start() == 2
    for job_id in ids:
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.output, job.progress) == ("completed", "fine", None)
    expected = [ValueError] * 4 + [TypeError] * 3 + [PayloadError] * 4
    assert raised == expected * 2


def test_what_is_set_wins_over_what_is_returned_even_when_it_is_none(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("none")
    def none(payload: None, *, ctx: JobContext) -> str:
        ctx.set_output("first")
        ctx.set_output(None)
        return "returned"

    @handlers.job("not_json")
    async def not_json(payload: None, *, ctx: AsyncJobContext) -> object:
        await ctx.set_output("set")
        return object()

    @handlers.job("fails", max_attempts=1)
    def fails(payload: None, *, ctx: JobContext) -> None:
        ctx.set_output("before it failed")
        raise ValueError("no")

    outputs = [queue.add_job(name, None, max_attempts=1) for name in handlers]
    assert queue.create_processor(handlers).start() == 3
    jobs = [queue.wait_for_job(job_id, PATIENCE) for job_id in outputs]
    assert [job.output for job in jobs] == [None, "set", "before it failed"]
    assert [job.status for job in jobs] == ["completed", "completed", "failed"]


def test_log_goes_to_the_jobs_logger_with_what_job_it_was(queue: JobQueue, caplog: pytest.LogCaptureFixture) -> None:
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: None, *, ctx: JobContext) -> None:
        ctx.log("half %s done")

    @handlers.job("awaited")
    async def awaited(payload: None, *, ctx: AsyncJobContext) -> None:
        ctx.log("half %s done")

    ids = [queue.add_job(name, None) for name in handlers]
    with caplog.at_level(logging.INFO, "dataqueue.job"):
        queue.create_processor(handlers, concurrency=1).start()
    records = [record for record in caplog.records if record.name == "dataqueue.job"]
    assert [record.__dict__["job_id"] for record in records] == ids
    assert [(record.__dict__["job_type"], record.__dict__["attempt"]) for record in records] == [
        ("sync", 1),
        ("awaited", 1),
    ]
    assert [record.getMessage() for record in records] == [
        f"[{name} {job_id}] half %s done" for name, job_id in zip(handlers, ids, strict=True)
    ]


def test_a_signal_tells_when_and_why_to_stop(queue: JobQueue) -> None:
    seen: list[Any] = []
    handlers = JobHandlers()

    @handlers.job("sync", timeout=0.2, max_attempts=1)
    def sync(payload: None, signal: JobSignal) -> None:
        seen.append((signal.aborted, signal.reason, signal.wait(0), signal.wait(timedelta(0))))
        signal.raise_if_aborted()
        seen.append(signal.wait())
        seen.append((signal.aborted, signal.reason, signal.wait(0)))
        signal.raise_if_aborted()

    @handlers.job("awaited", timeout=0.2, max_attempts=1)
    async def awaited(payload: None, signal: AsyncJobSignal) -> None:
        seen.append((signal.aborted, signal.reason, await signal.wait(0), await signal.wait(timedelta(0))))
        signal.raise_if_aborted()
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            # The signal is set before the task is cancelled.
            seen.append(await signal.wait())
            seen.append((signal.aborted, signal.reason, await signal.wait(0)))
            with pytest.raises(JobAborted, match="the handler should stop: timeout") as raised:
                signal.raise_if_aborted()
            assert raised.value.reason == "timeout"
            raise

    for name in handlers:
        job_id = queue.add_job(name, None, timeout=0.2, max_attempts=1)
        seen.clear()
        assert queue.create_processor(handlers).start() == 1
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.failure_reason) == ("failed", "timeout")
        assert seen == [(False, None, False, False), True, (True, "timeout", True)]


@pytest.mark.parametrize("timeout", [-1, math.nan, "5"])
def test_a_signal_refuses_a_bad_wait(sqlite_store_url: str, timeout: Any) -> None:
    handlers = JobHandlers()

    @handlers.job("sync", max_attempts=1)
    def sync(payload: None, signal: JobSignal) -> None:
        signal.wait(timeout)

    with JobQueue(sqlite_store_url) as queue:
        queue.add_job(sync, None)
        assert "timeout" in failed(run(queue, handlers))
