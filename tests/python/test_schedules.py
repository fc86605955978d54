"""Cron schedules: added, changed, fired by hand and by processors, and declared by handlers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from dataqueue import CronSchedule, JobGroup, JobHandlers, JobQueue, JobType, Missed, PayloadError, ScheduleStatus
from tests.processes import until
from tests.schedules import make_due, mover

if TYPE_CHECKING:
    from dataqueue import JobRecord


class Report(BaseModel):
    report_id: str


REPORT = JobType("report", Report, priority=4, tags=["reports"], timeout=20)
MINUTE = timedelta(minutes=1)


def this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def add(queue: JobQueue, name: str = "s", **options: Any) -> int:
    return queue.add_cron_job(
        **{"schedule_name": name, "cron_expression": "* * * * *", "job_type": "tick", "payload": None, **options}
    )


def stored(queue: JobQueue, schedule_id: int) -> CronSchedule:
    found = queue.get_cron_job(schedule_id)
    assert found is not None
    return found


def jobs_of(queue: JobQueue) -> list[JobRecord]:
    return queue.get_all_jobs()[::-1]


def test_a_schedule_is_read_as_it_was_added(queue: JobQueue) -> None:
    before = datetime.now(UTC) - MINUTE
    schedule_id = queue.add_cron_job(
        schedule_name="daily report",
        cron_expression="0 9 * * MON-FRI",
        job_type="report",
        payload={"report_id": "ä", "n": [1, 2.5, None]},
        timezone="America/New_York",
        allow_overlap=True,
        missed="all",
        priority=-3,
        max_attempts=7,
        timeout=1.5,
        force_kill_on_timeout=True,
        tags=["a", "b"],
        retry_delay=timedelta(seconds=90),
        retry_backoff=False,
        retry_delay_max=600,
        group=JobGroup("acme", "gold"),
        dead_letter_job_type="broken",
        expires_in=7.5,
        keep_result_for=timedelta(days=90),
    )
    schedule = stored(queue, schedule_id)
    assert queue.get_cron_job_by_name("daily report") == schedule
    assert queue.list_cron_jobs() == [schedule]
    assert schedule.next_run_at is not None
    assert (schedule.next_run_at.minute, schedule.next_run_at.weekday() < 5) == (0, True)
    assert before < schedule.created_at == schedule.updated_at < schedule.next_run_at
    assert schedule == CronSchedule(
        id=schedule_id,
        schedule_name="daily report",
        cron_expression="0 9 * * MON-FRI",
        timezone="America/New_York",
        status=ScheduleStatus.ACTIVE,
        allow_overlap=True,
        missed=Missed.ALL,
        job_type="report",
        payload={"report_id": "ä", "n": [1, 2.5, None]},
        priority=-3,
        max_attempts=7,
        timeout=timedelta(seconds=1.5),
        force_kill_on_timeout=True,
        tags=["a", "b"],
        retry_delay=timedelta(seconds=90),
        retry_backoff=False,
        retry_delay_max=timedelta(seconds=600),
        group_id="acme",
        group_tier="gold",
        dead_letter_job_type="broken",
        expires_in=timedelta(seconds=7.5),
        keep_result_for=timedelta(days=90),
        next_run_at=schedule.next_run_at,
        last_enqueued_at=None,
        last_job_id=None,
        created_at=schedule.created_at,
        updated_at=schedule.updated_at,
    )
    with pytest.raises(AttributeError):
        schedule.priority = 1  # type: ignore[misc]


def test_a_job_type_brings_its_options_and_checks_the_payload(queue: JobQueue) -> None:
    schedule = stored(queue, add(queue, job_type=REPORT, payload=Report(report_id="r"), max_attempts=9))
    assert (schedule.job_type, schedule.payload) == ("report", {"report_id": "r"})
    assert (schedule.priority, schedule.tags, schedule.max_attempts) == (4, ["reports"], 9)
    assert schedule.timeout == timedelta(seconds=20)
    with pytest.raises(PayloadError, match="report_id"):
        add(queue, "other", job_type=REPORT, payload={"report_id": 5})
    with pytest.raises(PayloadError, match="report_id"):
        queue.edit_cron_job(schedule.id, job_type=REPORT, payload={})
    assert queue.list_cron_jobs() == [schedule]


def test_a_taken_name_is_refused(queue: JobQueue) -> None:
    add(queue, "taken")
    with pytest.raises(ValueError, match='there is a schedule "taken" already'):
        add(queue, "taken", payload=1)
    assert [schedule.payload for schedule in queue.list_cron_jobs()] == [None]


def test_schedules_are_paused_resumed_listed_and_removed(queue: JobQueue) -> None:
    first, second = add(queue, "one"), add(queue, "two")
    assert queue.pause_cron_job(first)
    assert not queue.pause_cron_job(first)
    assert stored(queue, first).status is ScheduleStatus.PAUSED
    assert [schedule.id for schedule in queue.list_cron_jobs("paused")] == [first]
    assert [schedule.id for schedule in queue.list_cron_jobs(ScheduleStatus.ACTIVE)] == [second]
    assert queue.resume_cron_job(first)
    assert not queue.resume_cron_job(first)
    assert queue.remove_cron_job(second)
    assert not queue.remove_cron_job(second)
    assert [schedule.id for schedule in queue.list_cron_jobs()] == [first]
    assert queue.get_cron_job(second) is None
    assert queue.get_cron_job_by_name("two") is None
    for call in (queue.pause_cron_job, queue.resume_cron_job, queue.remove_cron_job, queue.edit_cron_job):
        assert call(second) is False


def test_an_edit_changes_what_it_names(queue: JobQueue) -> None:
    schedule_id = add(queue, timeout=5, tags=["a"], retry_delay=3)
    before = stored(queue, schedule_id)
    assert queue.edit_cron_job(
        schedule_id,
        payload={"n": 1},
        allow_overlap=True,
        missed="skip",
        priority=8,
        max_attempts=2,
        timeout=None,
        tags=None,
        retry_delay=None,
    )
    after = stored(queue, schedule_id)
    assert (after.payload, after.allow_overlap, after.missed) == ({"n": 1}, True, Missed.SKIP)
    assert (after.priority, after.max_attempts, after.timeout, after.tags, after.retry_delay) == (8, 2, None, [], None)
    assert (after.next_run_at, after.cron_expression) == (before.next_run_at, before.cron_expression)
    assert queue.edit_cron_job(schedule_id, cron_expression="@yearly", timezone="Asia/Tokyo")
    moved = stored(queue, schedule_id).next_run_at
    assert moved is not None
    assert (moved.month, moved.day, moved.hour) == (12, 31, 15)
    assert not queue.edit_cron_job(schedule_id)
    assert not queue.edit_cron_job(schedule_id + 1, priority=1)


def test_a_due_schedule_adds_one_job_that_names_it(queue: JobQueue, store_url: str) -> None:
    schedule_id = add(queue, "the name", payload=[1], priority=2)
    assert queue.enqueue_due_cron_jobs() == 0
    tick = this_minute()
    make_due(queue, store_url, schedule_id, tick)
    assert queue.enqueue_due_cron_jobs() == 1
    assert queue.enqueue_due_cron_jobs() == 0
    (job,) = jobs_of(queue)
    assert (job.job_type, job.payload, job.priority, job.run_at) == ("tick", [1], 2, tick)
    (event,) = queue.get_job_events(job.id)
    assert event.metadata == {"schedule": "the name"}
    schedule = stored(queue, schedule_id)
    assert (schedule.last_job_id, schedule.last_enqueued_at is not None) == (job.id, True)
    assert schedule.next_run_at is not None
    assert schedule.next_run_at > tick


def test_a_tick_passes_while_the_job_before_is_alive(queue: JobQueue, store_url: str) -> None:
    schedule_id = add(queue)
    for added in (1, 0):
        make_due(queue, store_url, schedule_id, this_minute())
        assert queue.enqueue_due_cron_jobs() == added
    (job,) = jobs_of(queue)
    assert queue.cancel_job(job.id)
    make_due(queue, store_url, schedule_id, this_minute())
    assert queue.enqueue_due_cron_jobs() == 1


@pytest.mark.parametrize(("missed", "least"), [("coalesce", 1), ("skip", 1), ("all", 31)])
def test_missed_ticks_are_made_good_as_asked(queue: JobQueue, store_url: str, missed: str, least: int) -> None:
    schedule_id = add(queue, missed=missed, allow_overlap=True)
    make_due(queue, store_url, schedule_id, this_minute() - 30 * MINUTE)
    # The clock may go on to the next minute meanwhile.
    assert queue.enqueue_due_cron_jobs() in range(least, least + 1 + (missed == "all"))


def test_a_batch_begins_with_what_is_due(queue: JobQueue, store_url: str) -> None:
    handlers = JobHandlers({"tick": lambda payload: payload})
    make_due(queue, store_url, add(queue, payload="now"), this_minute())
    assert queue.create_processor(handlers).start() == 1
    assert [(job.status, job.output) for job in jobs_of(queue)] == [("completed", "now")]


def test_a_processor_fires_a_schedule_that_is_added_while_it_idles(queue: JobQueue, store_url: str) -> None:
    processor = queue.create_processor(JobHandlers({"tick": lambda payload: payload}), poll_interval=600)
    processor.start_in_background()
    try:
        make_due(queue, store_url, add(queue), this_minute())
        until(lambda: queue.count_jobs(status="completed") == 1, "the job of the tick is done")
    finally:
        assert processor.stop_and_drain()


def declared(expression: str = "0 9 * * *", **options: Any) -> JobHandlers:
    handlers = JobHandlers()

    @handlers.cron(expression, **options)
    @handlers.job("report", priority=3)
    def report(payload: Any) -> None:
        pass

    return handlers


def test_declared_schedules_are_stored_when_a_processor_starts(queue: JobQueue) -> None:
    assert queue.list_cron_jobs() == []
    handlers = declared(payload={"a": 1}, timezone="Europe/Berlin", tags=["t"])

    @handlers.cron("@hourly")
    async def sweep(payload: None) -> None:
        pass

    assert queue.create_processor(handlers).start() == 0
    report, swept = sorted(queue.list_cron_jobs(), key=lambda schedule: schedule.schedule_name)
    assert (report.schedule_name, report.job_type, report.payload) == ("report", "report", {"a": 1})
    assert (report.cron_expression, report.timezone, report.priority, report.tags) == (
        "0 9 * * *",
        "Europe/Berlin",
        3,
        ["t"],
    )
    assert (swept.schedule_name, swept.job_type, swept.payload) == ("sweep", "sweep", None)
    assert queue.create_processor(handlers).start() == 0
    assert sorted(queue.list_cron_jobs(), key=lambda schedule: schedule.schedule_name) == [report, swept]


def test_a_declaration_that_changed_edits_its_schedule_and_a_paused_one_stays_paused(queue: JobQueue) -> None:
    queue.create_processor(declared()).start()
    (first,) = queue.list_cron_jobs()
    assert queue.pause_cron_job(first.id)
    queue.create_processor(declared("30 9 * * *", allow_overlap=True, max_attempts=1)).start()
    (edited,) = queue.list_cron_jobs()
    assert (edited.id, edited.status) == (first.id, ScheduleStatus.PAUSED)
    assert (edited.cron_expression, edited.allow_overlap, edited.max_attempts) == ("30 9 * * *", True, 1)
    assert edited.next_run_at is not None
    assert edited.next_run_at.minute == 30


def test_a_declared_schedule_is_stored_by_a_background_processor_too(queue: JobQueue) -> None:
    processor = queue.create_processor(declared(name="nightly"))
    processor.start_in_background()
    try:
        until(lambda: queue.get_cron_job_by_name("nightly"), "the schedule is stored")
    finally:
        assert processor.stop_and_drain()


def test_many_moves_fire_once_each(queue: JobQueue, store_url: str) -> None:
    schedule_id = add(queue, allow_overlap=True)
    ticks = [this_minute() - MINUTE * number for number in range(1, 6)]
    with mover(store_url) as move:
        for tick in ticks:
            move(schedule_id, tick)
            assert queue.enqueue_due_cron_jobs() == 1
    assert [job.run_at for job in jobs_of(queue)] == ticks


def test_a_schedule_is_run_by_hand_by_id_and_by_name(queue: JobQueue) -> None:
    schedule_id = queue.add_cron_job(
        schedule_name="42", cron_expression="0 9 * * *", job_type=REPORT, payload=Report(report_id="r")
    )
    queue.pause_cron_job(schedule_id)
    before = stored(queue, schedule_id)
    made = [queue.run_cron_job(schedule_id), queue.run_cron_job("42")]
    assert [job.id for job in jobs_of(queue)] == made
    for job in jobs_of(queue):
        assert (job.job_type, job.payload, job.priority, job.tags) == ("report", {"report_id": "r"}, 4, ["reports"])
        assert job.timeout == timedelta(seconds=20)
    assert stored(queue, schedule_id) == before
    assert queue.run_cron_job(schedule_id + 1) is None
    assert queue.run_cron_job("none") is None
    for bad in ("", "x" * 256, 2**64):
        with pytest.raises(ValueError, match="schedule"):
            queue.run_cron_job(bad)
    with pytest.raises(TypeError, match="schedule"):
        queue.run_cron_job(None)  # type: ignore[arg-type]
    assert len(jobs_of(queue)) == 2
