"""Draining: everything that is due runs, in order and to its end."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobContext, JobContext, JobFailed, JobHandlers, JobSignal
from dataqueue.testing import Drained

if TYPE_CHECKING:
    from .conftest import Opening

handlers = JobHandlers()


@handlers.job("fine")
def fine(payload: Any) -> Any:
    return payload


@handlers.job("broken", max_attempts=1)
def broken(payload: str) -> None:
    raise KeyError(payload)


@handlers.job("flaky")
async def flaky(payload: str) -> None:
    raise ConnectionError(payload)


@handlers.job("sleepy")
async def sleepy(_: None, *, ctx: AsyncJobContext) -> None:
    await ctx.wait_for(hours=1)


def test_all_that_is_due_runs_and_is_counted(opening: Opening) -> None:
    queue = opening(handlers)
    ids = [queue.add_job(fine, 1), queue.add_job(fine, 2), queue.add_job(broken, "x"), queue.add_job(flaky, "x")]
    ids.append(queue.add_job(sleepy, None))
    drained = queue.drain()
    assert drained == Drained(completed=2, failed=1, retried=1, waiting=1)
    assert drained.runs == 5
    found = {job.id: job.status for job in queue.get_all_jobs()}
    assert [found[job_id] for job_id in ids] == ["completed", "completed", "failed", "failed", "waiting"]
    assert queue.drain() == Drained()


def test_jobs_run_one_by_one_in_their_order_also_those_that_handlers_add(opening: Opening) -> None:
    ran: list[str] = []
    chained = JobHandlers()

    @chained.job("chained")
    def run(names: list[str]) -> None:
        first, *rest = names
        ran.append(first)
        if rest:
            queue.add_job("chained", rest, priority=5)

    queue = opening(chained)
    queue.add_job(run, ["low"])
    queue.add_job(run, ["high", "higher"], priority=1)
    assert queue.drain().completed == 3
    assert ran == ["high", "higher", "low"]


def test_both_kinds_of_handlers_run_where_they_do_in_production(opening: Opening) -> None:
    mixed = JobHandlers()

    @mixed.job("threaded")
    def threaded(_: None, *, ctx: JobContext) -> str:
        ctx.set_progress(50)
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return threading.current_thread().name

    @mixed.job("looped")
    async def looped(_: None) -> bool:
        return asyncio.get_running_loop().is_running()

    queue = opening(mixed, concurrency=2)
    thread, loop = queue.add_job(threaded, None), queue.add_job(looped, None)
    assert queue.drain().completed == 2
    assert queue.wait_for_job(thread, 0).output.startswith("dataqueue-handler")
    assert queue.wait_for_job(thread, 0).progress == 50
    assert queue.wait_for_job(loop, 0).output is True


def test_a_type_without_a_handler_is_left_alone(opening: Opening) -> None:
    queue = opening(handlers)
    queue.add_job("of another service", {})
    assert queue.drain() == Drained()
    assert [job.job_type for job in queue.enqueued()] == ["of another service"]


def test_a_retry_without_delay_is_due_and_runs_too(opening: Opening) -> None:
    queue = opening(handlers)
    queue.add_job(flaky, "x", max_attempts=3, retry_delay=0)
    assert queue.drain() == Drained(failed=1, retried=2)


def test_errors_are_raised_where_that_is_asked_for(opening: Opening) -> None:
    queue = opening(handlers)
    queue.add_job(fine, 1)
    queue.add_job(broken, "the key")
    queue.add_job(fine, 2)
    with pytest.raises(KeyError, match="the key"):
        queue.drain(raise_errors=True)
    assert [job.payload for job in queue.enqueued()] == [2]
    queue.add_job(flaky, "the line")
    with pytest.raises(ConnectionError, match="the line"):
        queue.advance(days=1, raise_errors=True)


def test_an_error_outside_of_the_handler_is_raised_as_a_failed_job(opening: Opening) -> None:
    queue = opening(handlers)
    queue.add_job("broken", {"not": "a str"})
    with pytest.raises(JobFailed, match="payload of 'broken'"):
        queue.drain(raise_errors=True)


@pytest.mark.parametrize("kind", ["threaded", "looped"])
def test_a_handler_that_runs_into_its_timeout_is_counted_and_told_of(opening: Opening, kind: str) -> None:
    slow = JobHandlers()

    @slow.job("threaded")
    def threaded(_: None, *, signal: JobSignal) -> None:
        signal.wait(60)

    @slow.job("looped")
    async def looped(_: None) -> None:
        await asyncio.sleep(60)

    queue = opening(slow)
    queue.add_job(kind, None, timeout=0.05, max_attempts=1)
    assert queue.drain() == Drained(failed=1)
    queue.add_job(kind, None, timeout=0.05, max_attempts=1)
    with pytest.raises(JobFailed, match="timed out"):
        queue.drain(raise_errors=True)


def test_a_recorded_traceback_begins_in_the_handler(opening: Opening) -> None:
    queue = opening(handlers)
    for job_type in ("broken", "flaky"):
        queue.add_job(job_type, "x")
    queue.drain()
    for job in queue.get_all_jobs():
        trace = job.error_history[0].traceback or ""
        assert next(line for line in trace.splitlines() if line.startswith("  File ")).endswith(f"in {job.job_type}")


def test_jobs_that_add_jobs_without_end_are_stopped_with_a_word_about_them(opening: Opening) -> None:
    endless = JobHandlers()

    @endless.job("endless")
    def run(at: int) -> None:
        queue.add_job("endless", at + 1)

    queue = opening(endless)
    queue.add_job(run, 0)
    with pytest.raises(RuntimeError, match=r"^20 runs were not enough(?s:.*)Give limit=(?s:.*)endless 21 is pending"):
        queue.drain(limit=20)


def test_just_enough_runs_are_not_too_many(opening: Opening) -> None:
    queue = opening(handlers)
    for number in range(7):
        queue.add_job(fine, number)
    assert queue.drain(limit=7).completed == 7


def test_a_queue_without_handlers_says_what_it_lacks(opening: Opening) -> None:
    queue = opening()
    queue.add_job("fine", None)
    with pytest.raises(ValueError, match="no handlers to run its jobs: make it with handlers="):
        queue.drain()


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None])
def test_a_bad_limit_is_refused(opening: Opening, limit: Any) -> None:
    queue = opening(handlers)
    queue.add_job(fine, 1)
    for call in (queue.drain, lambda **limits: queue.advance(1, **limits)):
        with pytest.raises((TypeError, ValueError), match="limit"):
            call(limit=limit)
    assert queue.count_jobs(status="pending") == 1
