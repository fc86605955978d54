"""Both twins on the same jobs and the same clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dataqueue import DataQueueError, JobHandlers
from dataqueue.testing import AsyncVirtualQueue, Drained, VirtualQueue

START = datetime(2030, 1, 31, 12, tzinfo=UTC)

handlers = JobHandlers()


@handlers.job("double")
async def double(number: int) -> int:
    return 2 * number


async def test_twins_share_their_jobs_and_their_clock() -> None:
    with VirtualQueue(start=START) as queue:
        async with AsyncVirtualQueue(handlers, beside=queue) as twin:
            job_id = queue.add_job(double, 4, run_at=START + timedelta(days=1))
            assert await twin.advance(days=1) == Drained(completed=1)
            assert queue.now() == twin.now() == START + timedelta(days=1)
        assert queue.wait_for_job(job_id, 0).output == 8


async def test_a_blocking_queue_may_be_the_second() -> None:
    async with AsyncVirtualQueue(start=START) as queue:
        with VirtualQueue(handlers, beside=queue, inline=True) as twin:
            job_id = twin.add_job(double, 4)
        assert (await queue.wait_for_job(job_id, 0)).output == 8


def test_the_jobs_end_with_the_first() -> None:
    queue = VirtualQueue()
    twin = VirtualQueue(beside=queue)
    queue.close()
    with pytest.raises(DataQueueError, match="closed"):
        twin.count_jobs()


@pytest.mark.parametrize("options", [{"start": START}, {"tick": True}])
def test_the_clock_is_the_firsts_to_set(options: dict[str, object]) -> None:
    with VirtualQueue() as queue, pytest.raises(ValueError, match="give start= and tick= to that one"):
        VirtualQueue(beside=queue, **options)  # type: ignore[arg-type]
