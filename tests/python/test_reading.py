"""Finding jobs: filters, tags, order and pages."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from dataqueue import Job, JobHandlers, JobQueue, JobStatus, JobType, RunAt, TagMode, Tags

DAY = datetime(2040, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ids(jobs: list[Any]) -> list[int]:
    return [job.id for job in jobs]


def test_lists_are_newest_first_whatever_they_ask_for(queue: JobQueue) -> None:
    added = queue.add_jobs([Job("t", at, priority=at % 3, tags=["x"], run_at=DAY - at * HOUR) for at in range(9)])
    newest = added[::-1]
    assert ids(queue.get_jobs()) == newest
    assert ids(queue.get_all_jobs()) == newest
    assert ids(queue.get_jobs_by_status("pending")) == newest
    assert ids(queue.get_jobs_by_tags(["x"])) == newest
    assert ids(queue.get_jobs(priority=1)) == [added[7], added[4], added[1]]


def test_a_page_ends_at_its_limit_and_the_next_begins_after_it(queue: JobQueue) -> None:
    newest = queue.add_jobs([Job("t", at, tags=["x"]) for at in range(7)])[::-1]
    for read in (
        queue.get_jobs,
        queue.get_all_jobs,
        lambda **page: queue.get_jobs_by_status("pending", **page),
        lambda **page: queue.get_jobs_by_tags(["x"], "any", **page),
    ):
        assert ids(read(limit=3)) == newest[:3]
        assert ids(read(limit=3, offset=3)) == newest[3:6]
        assert ids(read(limit=3, offset=6)) == newest[6:]
        assert ids(read(limit=3, offset=7)) == []
    # What the seed of this contract passes by position may be.
    assert ids(queue.get_all_jobs(2, 1)) == newest[1:3]
    assert ids(queue.get_jobs_by_status("pending", 2, 1)) == newest[1:3]
    assert ids(queue.get_jobs_by_tags(["x"], "all", 2, 1)) == newest[1:3]


def test_a_cursor_is_the_id_of_the_last_job_seen(queue: JobQueue) -> None:
    newest = queue.add_jobs([Job("t" if at % 2 else "u", at) for at in range(11)])[::-1]
    seen: list[int] = []
    while page := queue.get_jobs(limit=4, cursor=seen[-1] if seen else None):
        seen += ids(page)
        # A job that comes in meanwhile does not move the pages.
        queue.add_job("t", "late")
    assert seen == newest
    assert ids(queue.get_jobs(job_type="t", cursor=newest[2])) == [
        one for one in newest[3:] if one % 2 == newest[1] % 2
    ]
    assert queue.get_jobs(cursor=newest[-1]) == []


def test_a_limit_of_its_own_is_a_hundred(queue: JobQueue) -> None:
    queue.add_jobs([Job("t", at) for at in range(120)])
    assert len(queue.get_jobs()) == len(queue.get_all_jobs()) == len(queue.get_jobs_by_status("pending")) == 100
    assert len(queue.get_jobs(limit=10_000)) == queue.count_jobs() == 120


def test_conditions_must_all_hold(queue: JobQueue) -> None:
    declared = JobType("b", int)
    handlers = JobHandlers()

    @handlers.job("c")
    def decorated(payload: None) -> None: ...

    first, second, third = queue.add_jobs(
        [
            Job("a", 1, priority=5, tags=["x"], run_at=DAY),
            Job(declared, 2, priority=5, tags=["x", "y"], run_at=DAY + HOUR),
            Job(decorated, None, priority=6),
        ]
    )
    queue.cancel_job(third)
    for conditions, expected in [
        ({"job_type": "a"}, [first]),
        ({"job_type": declared}, [second]),
        ({"job_type": decorated}, [third]),
        ({"job_type": ["a", declared]}, [second, first]),
        ({"job_type": ("a", "nothing")}, [first]),
        ({"status": "pending"}, [second, first]),
        ({"status": JobStatus.CANCELLED}, [third]),
        ({"status": ["pending", JobStatus.CANCELLED]}, [third, second, first]),
        ({"status": {"completed"}}, []),
        ({"priority": 5}, [second, first]),
        ({"priority": 5, "tags": ["y"]}, [second]),
        ({"priority": 5, "job_type": "a", "run_at": DAY, "tags": ["x"], "status": "pending"}, [first]),
        ({"priority": 5, "job_type": "a", "run_at": DAY + HOUR}, []),
    ]:
        given: Any = conditions
        assert ids(queue.get_jobs(**given)) == expected, conditions
        assert queue.count_jobs(**given) == len(expected), conditions


BOUNDS: list[tuple[datetime | RunAt, list[int]]] = [
    (DAY, [0]),
    (DAY + timedelta(microseconds=1), []),
    (RunAt(eq=DAY), [0]),
    (RunAt(gt=DAY), [1, 2]),
    (RunAt(gte=DAY), [0, 1, 2]),
    (RunAt(lt=DAY), [-2, -1]),
    (RunAt(lte=DAY), [-2, -1, 0]),
    (RunAt(gt=DAY - 2 * HOUR, lt=DAY + 2 * HOUR), [-1, 0, 1]),
    (RunAt(gte=DAY, lte=DAY), [0]),
    (RunAt(gte=DAY, eq=DAY + HOUR, lt=DAY), []),
    (RunAt(), [-2, -1, 0, 1, 2]),
]


def test_run_at_has_bounds(queue: JobQueue) -> None:
    queue.add_jobs([Job("t", at, run_at=DAY + at * HOUR) for at in range(-2, 3)])
    for run_at, hours in BOUNDS:
        assert sorted(job.payload for job in queue.get_jobs(run_at=run_at)) == hours, run_at
        assert queue.count_jobs(run_at=run_at) == len(hours), run_at


def test_run_at_is_compared_in_whatever_zone_it_is_given(queue: JobQueue) -> None:
    from zoneinfo import ZoneInfo

    elsewhere = DAY.astimezone(ZoneInfo("Asia/Kathmandu"))
    job_id = queue.add_job("t", None, run_at=elsewhere)
    assert ids(queue.get_jobs(run_at=DAY)) == ids(queue.get_jobs(run_at=elsewhere)) == [job_id]


SETS = [[], ["a"], ["a", "b"], ["b", "a", "c"], ["d"], ["A"], ["a", "a"]]
ASKED = [["a"], ["b", "a"], ["a", "b", "a"], ["d", "c"], ["z"], []]


def matches(has: list[str], asked: list[str], mode: str) -> bool:
    one, other = set(has), set(asked)
    return {"exact": one == other, "all": one >= other, "any": bool(one & other), "none": not one & other}[mode]


def test_tag_modes_work_on_sets(queue: JobQueue) -> None:
    added = queue.add_jobs([Job("t", has, tags=has) for has in SETS])
    for mode, asked in itertools.product(TagMode, ASKED):
        expected = [added[at] for at in reversed(range(len(SETS))) if matches(SETS[at], asked, mode)]
        assert ids(queue.get_jobs_by_tags(asked, mode)) == expected, asked
        assert ids(queue.get_jobs_by_tags(asked, mode.value)) == expected, asked
        assert ids(queue.get_jobs(tags=Tags(asked, mode))) == expected, asked
        assert queue.count_jobs(tags=Tags(asked, mode.value)) == len(expected), asked
        if mode is TagMode.ALL:
            assert ids(queue.get_jobs(tags=asked)) == ids(queue.get_jobs_by_tags(asked)) == expected


def test_every_read_answers_the_same_record(queue: JobQueue) -> None:
    job_id = queue.add_job("t", {"a": 1}, tags=["x", "y"], priority=2)
    record = queue.get_job(job_id)
    assert record is not None
    assert record.tags == ["x", "y"]
    for found in (
        queue.get_jobs(job_type="t"),
        queue.get_jobs(tags=["x"]),
        queue.get_jobs_by_status("pending"),
        queue.get_jobs_by_tags(["y"]),
        queue.get_all_jobs(),
    ):
        assert found == [record]


def test_counts_of_all_statuses_add_up(queue: JobQueue) -> None:
    added = queue.add_jobs([Job(kind, None) for kind in itertools.islice(itertools.cycle(["ok", "bad", "none"]), 30)])
    for job_id in added[:6]:
        queue.cancel_job(job_id)
    handlers = JobHandlers({"ok": lambda payload: None})
    handlers.job("bad", max_attempts=1)(lambda payload: 1 / 0)
    queue.create_processor(handlers, batch_size=100).start()
    counts = {status: queue.count_jobs(status=status) for status in JobStatus}
    assert counts == {"pending": 8, "processing": 0, "completed": 8, "failed": 8, "cancelled": 6, "waiting": 0}
    assert queue.count_jobs(status=list(JobStatus)) == queue.count_jobs() == 30
