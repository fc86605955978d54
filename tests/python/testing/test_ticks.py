"""Schedules on the clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataqueue import AsyncJobContext, JobHandlers
from dataqueue.testing import Drained

if TYPE_CHECKING:
    from .conftest import Opening

START = datetime(2030, 3, 30, 12, tzinfo=UTC)


def noting(seen: list[datetime]) -> JobHandlers:
    """A handler that keeps when it ran, by the queue's clock."""
    handlers = JobHandlers()

    @handlers.job("report")
    def report(_: Any, *, ctx: Any) -> None:
        seen.append(ctx.job.locked_at)

    return handlers


def test_a_schedule_ticks_as_time_passes_also_over_a_change_of_the_clock(opening: Opening) -> None:
    seen: list[datetime] = []
    queue = opening(noting(seen), start=START)
    schedule = queue.add_cron_job(
        schedule_name="daily", cron_expression="0 9 * * *", job_type="report", payload=None, timezone="Europe/Berlin"
    )
    assert queue.drain() == Drained()
    assert queue.advance(days=3) == Drained(completed=3)
    # Summer time began on the 31st of March.
    assert seen == [datetime(2030, 3, 31, 7, tzinfo=UTC) + timedelta(days=day) for day in range(3)]
    assert queue.pause_cron_job(schedule)
    assert queue.advance(days=3) == Drained()
    assert queue.resume_cron_job(schedule)
    assert queue.advance(days=1) == Drained(completed=1)


def test_declared_schedules_are_stored_and_tick(opening: Opening) -> None:
    seen: list[datetime] = []
    handlers = noting(seen)
    handlers.cron("*/15 * * * *", name="often", payload=None)(handlers.job("often")(lambda _: None))
    queue = opening(handlers, start=START)
    assert queue.advance(hours=1) == Drained(completed=4)
    assert [schedule.schedule_name for schedule in queue.list_cron_jobs()] == ["often"]


def test_a_tick_passes_over_a_job_that_still_waits(opening: Opening) -> None:
    handlers = JobHandlers()

    @handlers.job("slow")
    async def slow(_: None, *, ctx: AsyncJobContext) -> None:
        await ctx.wait_for(hours=5)

    queue = opening(handlers, start=START)
    queue.add_cron_job(schedule_name="hourly", cron_expression="0 * * * *", job_type="slow", payload=None)
    # The first, of one o'clock, waits until six, which tick comes before it goes on; the next is of seven.
    assert queue.advance(hours=8) == Drained(completed=1, waiting=2)
    runs = queue.get_jobs(job_type="slow")
    assert [job.created_at for job in runs] == [START + timedelta(hours=7), START + timedelta(hours=1)]
