"""The clock: it stands still, moves when it is told to, and everything that has a time follows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobRecord, UnsupportedBackend
from dataqueue.testing import Drained

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Opening

START = datetime(2030, 1, 31, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

handlers = JobHandlers()


@handlers.job("note")
def note(_: Any, *, ctx: JobContext) -> str:
    return at(ctx.job).isoformat()


@handlers.job("flaky", max_attempts=4)
def flaky(_: None, *, ctx: JobContext) -> int:
    if ctx.job.attempts < 4:
        raise ConnectionError("not yet")
    return ctx.job.attempts


@handlers.job("endless")
async def endless(_: None, *, ctx: AsyncJobContext) -> None:
    while True:
        await ctx.wait_for(1)


def at(job: JobRecord) -> datetime:
    """When this run began, by the queue's clock."""
    assert job.locked_at is not None
    return job.locked_at


def test_the_clock_begins_where_it_is_told_to_and_stands_still(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    job_id = queue.add_job(note, None)
    queue.drain()
    job = queue.wait_for_job(job_id, 0)
    assert (queue.now(), job.created_at, job.completed_at, job.output) == (START, START, START, START.isoformat())
    assert {event.created_at for event in queue.get_job_events(job_id)} == {START}


def test_the_clock_begins_now_by_default(opening: Opening) -> None:
    before = datetime.now(UTC)
    queue = opening()
    assert before <= queue.now() <= datetime.now(UTC)


def test_a_clock_that_ticks_goes_on_by_itself(opening: Opening) -> None:
    queue = opening(start=START, tick=True)
    queue.advance(days=1)
    first = queue.now()
    assert START + timedelta(days=1) <= first
    while queue.now() == first:
        pass
    assert first < queue.now() < START + timedelta(days=2)


def test_a_job_starts_at_its_time_and_not_a_microsecond_earlier(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    due = START + timedelta(days=2)
    job_id = queue.add_job(note, None, run_at=due)
    assert queue.drain() == queue.advance(timedelta(days=2) - MICROSECOND) == Drained()
    assert queue.advance(MICROSECOND) == Drained(completed=1)
    assert queue.wait_for_job(job_id, 0).output == due.isoformat()


def test_each_job_runs_at_its_own_time_when_the_clock_jumps_over_many(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    due = [START + timedelta(days=day) for day in (6, 2, 4)]
    ids = [queue.add_job(note, None, run_at=time) for time in due]
    assert queue.advance(weeks=1).completed == 3
    assert [queue.wait_for_job(job_id, 0).output for job_id in ids] == [time.isoformat() for time in due]
    assert queue.now() == START + timedelta(weeks=1)


def test_retries_come_when_their_delay_is_over(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    job_id = queue.add_job(flaky, None)
    assert queue.drain() == Drained(retried=1)
    assert queue.advance(minutes=2) == Drained(retried=1)
    assert queue.advance(minutes=4) == Drained(retried=1)
    assert queue.advance(minutes=8) == Drained(completed=1)
    job = queue.wait_for_job(job_id, 0)
    assert [entry.timestamp for entry in job.error_history] == [START + timedelta(minutes=past) for past in (0, 2, 6)]
    assert job.completed_at == START + timedelta(minutes=14)


@pytest.mark.parametrize("kind", ["threaded", "looped"])
def test_waits_are_over_exactly_when_they_should_be(opening: Opening, kind: str) -> None:
    seen: list[datetime] = []
    until = START + timedelta(days=5)
    waiting = JobHandlers()

    @waiting.job("threaded")
    def threaded(_: None, *, ctx: JobContext) -> None:
        seen.append(at(ctx.job))
        ctx.wait_for(days=3)
        ctx.wait_until(until)

    @waiting.job("looped")
    async def looped(_: None, *, ctx: AsyncJobContext) -> None:
        seen.append(at(ctx.job))
        await ctx.wait_for(days=3)
        await ctx.wait_until(until)

    queue = opening(waiting, start=START)
    job_id = queue.add_job(kind, None)
    assert queue.drain() == Drained(waiting=1)
    assert queue.advance(days=3) == Drained(waiting=1)
    assert queue.advance(days=1, hours=23) == Drained()
    assert queue.advance(hours=1) == Drained(completed=1)
    assert seen == [START, START + timedelta(days=3), until]
    assert queue.wait_for_job(job_id, 0).attempts == 1


def test_a_handler_that_never_ends_its_waits_is_stopped(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    queue.add_job(endless, None)
    with pytest.raises(RuntimeError, match=r"30 runs were not enough, .*T12:00:30(?s:.*)endless null"):
        queue.advance(days=7, limit=30)


def test_stops_at_which_nothing_runs_have_a_bound_too(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    for minute in range(5):
        queue.add_job("of another service", minute, run_at=START + timedelta(minutes=minute + 1))
    with pytest.raises(RuntimeError, match="3 runs were not enough"):
        queue.advance(hours=1, limit=3)
    assert queue.advance(hours=1, limit=3) == Drained()


def test_without_handlers_only_the_clock_moves(opening: Opening) -> None:
    queue = opening(start=START)
    queue.add_job("note", None, run_at=START + timedelta(hours=1))
    assert queue.advance(timedelta(hours=2)) == Drained()
    assert queue.now() == START + timedelta(hours=2)


def test_time_can_be_advanced_to_a_point_but_not_back(opening: Opening) -> None:
    queue = opening(handlers, start=START)
    queue.add_job(note, None, run_at=START + timedelta(days=1))
    assert queue.advance_to(START + timedelta(days=1)).completed == 1
    assert queue.advance_to(queue.now()) == Drained()
    with pytest.raises(ValueError, match=r"when is 2030-01-31T12:00:00.*, and it is 2030-02-01.* forward only"):
        queue.advance_to(START)
    with pytest.raises(ValueError, match="when is a naive datetime"):
        queue.advance_to(START.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("arguments", "fields", "says"),
    [
        ([], {}, "advance takes a duration, or fields"),
        ([1], {"days": 1}, "advance takes a duration, or fields"),
        ([-1], {}, "must not be negative"),
        (["1 day"], {}, "must be seconds"),
        ([], {"fortnights": 1}, "advance has no field 'fortnights'"),
        ([], {"years": 101}, "at most a hundred years"),
    ],
)
def test_a_bad_duration_is_refused(opening: Opening, arguments: list[Any], fields: dict[str, Any], says: str) -> None:
    queue = opening(handlers, start=START)
    with pytest.raises((TypeError, ValueError), match=says):
        queue.advance(*arguments, **fields)
    assert queue.now() == START


def test_a_bad_start_is_refused(opening: Opening) -> None:
    with pytest.raises(ValueError, match="start is a naive datetime"):
        opening(start=START.replace(tzinfo=None))
    with pytest.raises(TypeError, match="start must be a datetime"):
        opening(start="2030-01-31")


def test_time_ends_with_the_last_year_that_can_be_written(opening: Opening) -> None:
    queue = opening(start=datetime(9990, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="beyond 9999"):
        queue.advance(years=50)
    assert queue.now() == datetime(9990, 1, 1, tzinfo=UTC)


def test_old_jobs_are_cleaned_up_by_the_clock(opening: Opening) -> None:
    queue = opening(handlers)
    queue.add_job(note, None)
    queue.drain()
    queue.advance(days=29)
    assert queue.cleanup_old_jobs() == 0
    queue.advance(days=2)
    assert queue.cleanup_old_jobs() == 1


def test_a_processor_in_the_background_wakes_when_the_clock_moves(opening: Opening) -> None:
    queue = opening()
    processor = queue.create_processor(handlers, poll_interval=3600)
    job_id = queue.add_job(note, None, run_at=queue.now() + timedelta(days=1))
    processor.start_in_background()
    queue.advance(days=1)
    assert queue.wait_for_job(job_id, 30).status == "completed"
    assert processor.stop_and_drain()


def test_only_a_virtual_store_has_a_clock_that_can_be_moved() -> None:
    from dataqueue._core import Store

    store = Store("sqlite://:memory:", {})
    calls: list[Callable[[], object]] = [store.now, lambda: store.advance(1)]
    for call in calls:
        with pytest.raises(UnsupportedBackend, match="clock is not one that can be moved"):
            call()
    store.close().wait()
