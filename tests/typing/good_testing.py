"""Tests that are right: no type checker may complain of any line of this."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

from dataqueue import AsyncJobQueue, JobHandlers, JobId, JobQueue, JobRecord, JobType, RunAt, Tags
from dataqueue.testing import AsyncVirtualQueue, Drained, VirtualQueue, WorkerDied

REPORT = JobType("report", dict[str, int])


def code_under_test(queue: JobQueue) -> JobId:
    return queue.add_job(REPORT, {"month": 5})


async def async_code_under_test(queue: AsyncJobQueue) -> JobId:
    return await queue.add_job(REPORT, {"month": 5})


def drain(handlers: JobHandlers) -> None:
    with VirtualQueue(handlers, start=datetime(2030, 1, 1, tzinfo=UTC), lease=timedelta(minutes=1)) as queue:
        code_under_test(queue)
        drained = queue.drain(raise_errors=True, limit=10)
        assert_type(drained, Drained)
        assert_type(drained.completed, int)
        assert_type(queue.advance(30), Drained)
        assert_type(queue.advance(timedelta(days=1)), Drained)
        assert_type(queue.advance(days=7, hours=1.5), Drained)
        assert_type(queue.advance_to(queue.now()), Drained)
        assert_type(queue.now(), datetime)
        assert_type(queue.enqueued(REPORT, payload={"month": 5}), list[JobRecord])
        assert_type(queue.assert_enqueued(["a", REPORT], tags=["x"], count=2), list[JobRecord])
        queue.refute_enqueued(priority=3, run_at=RunAt(gt=queue.now()), tags=Tags(["a"], "none"))


async def use_async() -> None:
    async with AsyncVirtualQueue({"report": print}, inline=True, raise_errors=False, tick=True, concurrency=3) as queue:
        await async_code_under_test(queue)
        assert_type(await queue.drain(), Drained)
        assert_type(await queue.advance(weeks=1), Drained)
        assert_type(await queue.enqueued(), list[JobRecord])
        assert_type(queue.now(), datetime)


def die() -> None:
    raise WorkerDied
