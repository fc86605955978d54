"""Cancelling jobs that run."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobContext, JobAborted, JobContext, JobHandlers, JobQueue
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue import JobRecord, Processor

handlers = JobHandlers()
began: dict[int, threading.Event] = {}
told: dict[int, Any] = {}


def _begin(ctx: JobContext | AsyncJobContext) -> None:
    began.setdefault(ctx.job.id, threading.Event()).set()


@handlers.job("heeds", retry_delay=0.01, retry_backoff=False)
def heeds(payload: str, *, ctx: JobContext) -> str:
    """Stops when it is told to, in one way or another."""
    _begin(ctx)
    assert ctx.signal.wait(PATIENCE)
    told[ctx.job.id] = ctx.signal.reason
    match payload:
        case "aborts":
            ctx.signal.raise_if_aborted()
        case "fails":
            raise ValueError("in the middle of it")
        case "waits":
            ctx.wait_for(600)
    return "done all the same"


@handlers.job("heeds_async", retry_delay=0.01, retry_backoff=False)
async def heeds_async(payload: str, *, ctx: AsyncJobContext) -> str:
    """Stops when it is cancelled."""
    _begin(ctx)
    try:
        await asyncio.sleep(PATIENCE)
    except asyncio.CancelledError:
        told[ctx.job.id] = ctx.signal.reason
        if payload != "returns":
            raise
    return "done all the same"


@pytest.fixture(autouse=True)
def nothing_before() -> None:
    """Ids begin anew with each store."""
    began.clear()
    told.clear()


@pytest.fixture
def processor(queue: JobQueue) -> Iterator[Processor]:
    """A processor at work, with a long lease: what reaches it comes by a hint."""
    processor = queue.create_processor(handlers, poll_interval=600, lease=600)
    processor.start_in_background()
    yield processor
    assert processor.stop_and_drain(PATIENCE)


def running(queue: JobQueue, kind: str, payload: str) -> int:
    job_id = queue.add_job(kind, payload)
    assert began.setdefault(job_id, threading.Event()).wait(PATIENCE)
    began.clear()
    return int(job_id)


def cancelled(queue: JobQueue, job_id: int) -> JobRecord:
    assert queue.cancel_job(job_id, running=True)
    assert not queue.cancel_job(job_id, running=True), "it was asked for already"
    return queue.wait_for_job(job_id, PATIENCE)


@pytest.mark.parametrize(("kind", "payload"), [("heeds", "aborts"), ("heeds", "fails"), ("heeds_async", "stops")])
def test_a_running_job_is_cancelled_when_its_handler_has_stopped(
    queue: JobQueue, processor: Processor, kind: str, payload: str
) -> None:
    job_id = running(queue, kind, payload)
    assert not queue.cancel_job(job_id), "only where it is asked for"
    job = cancelled(queue, job_id)
    assert (job.status, job.attempts, job.locked_by) == ("cancelled", 1, None)
    assert job.cancel_requested_at is not None
    assert job.last_cancelled_at is not None
    assert job.cancel_requested_at <= job.last_cancelled_at
    assert told.pop(job_id) == "cancelled"
    events = queue.get_job_events(job_id)
    assert [event.event_type.value for event in events] == ["added", "processing", "cancelled"]
    assert events[-1].metadata == {"running": True}
    until(lambda: processor.counts()["cancelled"] == 1, "it is counted")


@pytest.mark.parametrize(("kind", "payload"), [("heeds", "returns"), ("heeds_async", "returns")])
def test_a_handler_that_returns_all_the_same_has_completed_its_job(
    queue: JobQueue, processor: Processor, kind: str, payload: str
) -> None:
    job = cancelled(queue, running(queue, kind, payload))
    assert (job.status, job.output) == ("completed", "done all the same")
    assert job.cancel_requested_at is not None


def test_a_handler_that_waits_when_it_should_stop_does_not_go_on(queue: JobQueue, processor: Processor) -> None:
    job_id = running(queue, "heeds", "waits")
    job = cancelled(queue, job_id)
    assert (job.status, job.wait_until) == ("cancelled", None)


def test_a_cancelled_job_runs_again_once_it_is_retried(queue: JobQueue, processor: Processor) -> None:
    job_id = running(queue, "heeds", "aborts")
    cancelled(queue, job_id)
    assert queue.retry_job(job_id)
    assert began.setdefault(job_id, threading.Event()).wait(PATIENCE)
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.status, job.attempts, job.cancel_requested_at) == ("processing", 2, None)
    assert cancelled(queue, job_id).status == "cancelled"


def test_what_does_not_run_is_cancelled_at_once(queue: JobQueue) -> None:
    job_id = queue.add_job("heeds", "aborts")
    assert queue.cancel_job(job_id, running=True)
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.status, job.cancel_requested_at) == ("cancelled", None)
    with pytest.raises(TypeError, match="running must be"):
        queue.cancel_job(job_id, running="yes")  # type: ignore[arg-type]


def test_the_reason_is_one_of_the_signals_own() -> None:
    assert str(JobAborted("cancelled")) == "the handler should stop: cancelled"
