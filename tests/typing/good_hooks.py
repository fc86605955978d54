"""Hooks and streams of events: what a listener is given follows from the name."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_type

from dataqueue import (
    AsyncEventStream,
    AsyncJobQueue,
    EventStream,
    FailureReason,
    JobAddedEvent,
    JobCompletedEvent,
    JobEventType,
    JobFailedEvent,
    JobHookEvent,
    JobProgressEvent,
    JobQueue,
    JobWaitingEvent,
    QueueErrorEvent,
    StreamedEvent,
)


def any_of_a_job(event: JobHookEvent) -> None:
    assert_type(event.job_id, int)
    assert_type(event.job_type, str | None)


def listen(queue: JobQueue) -> None:
    queue.on("job:added", any_of_a_job)
    queue.on("job:completed", lambda event: print(event.output))
    queue.once("job:progress", lambda event: print(event.progress + 1))
    queue.on("error", lambda event: print(event.error.__traceback__))
    assert_type(queue.off("job:added", any_of_a_job), bool)
    queue.remove_all_listeners()
    queue.remove_all_listeners("job:output")

    @queue.on("job:failed")
    def failed(event: JobFailedEvent) -> int:
        assert_type(event.reason, FailureReason)
        assert_type(event.will_retry, bool)
        return event.attempt

    assert_type(failed(FAILED), int)


def listen_async(queue: AsyncJobQueue) -> None:
    @queue.on("job:waiting")
    async def waits(event: JobWaitingEvent) -> None:
        assert_type(event.wait_until, datetime | None)

    async def fails(event: QueueErrorEvent) -> None:
        assert_type(event.event, JobHookEvent | None)

    async def progress(event: JobProgressEvent | JobAddedEvent) -> None: ...

    queue.once("error", fails)
    queue.on("job:progress", progress)
    queue.off("job:waiting", waits)


FAILED = JobFailedEvent(
    job_id=1, job_type="a", attempt=1, reason=FailureReason.LOST, message="", error_type=None, will_retry=False
)
OUTPUT: Any = JobCompletedEvent(job_id=1, job_type=None, attempt=1, output=None).output


def stream(queue: JobQueue) -> None:
    assert_type(queue.events(), EventStream)
    with queue.events(["added", JobEventType.FAILED], job_id=5, after="p1") as events:
        for event in events:
            assert_type(event, StreamedEvent)
            assert_type(event.cursor, str)
            queue.events(after=event)
            queue.events(after=event.id)


async def stream_async(queue: AsyncJobQueue) -> None:
    assert_type(queue.events(), AsyncEventStream)
    async with queue.events(types="completed") as events:
        async for event in events:
            assert_type(event, StreamedEvent)
        assert_type(events.cursor, str | None)
        await events.aclose()
