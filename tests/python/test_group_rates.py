"""How many jobs of a group start within a span of time, from Python."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dataqueue import Job, JobGroup, JobHandlers, JobQueue, RateLimit
from tests.python.conftest import PATIENCE


def handlers() -> JobHandlers:
    """Handlers that do nothing, on a thread and on a loop."""
    made = JobHandlers()

    @made.job("one")
    async def one(payload: Any) -> None: ...

    @made.job("other")
    def other(payload: Any) -> None: ...

    return made


def drain(queue: JobQueue, processors: list[Any], ids: list[Any]) -> list[float]:
    """Runs these jobs to their ends, and tells when they started."""
    for processor in processors:
        processor.start_in_background()
    try:
        for job_id in ids:
            assert queue.wait_for_job(job_id, timeout=PATIENCE).status == "completed"
    finally:
        for processor in processors:
            processor.stop_and_drain(PATIENCE)
    records = [queue.get_job(job_id) for job_id in ids]
    return sorted(record.started_at.timestamp() for record in records if record and record.started_at)


def assert_kept(starts: list[float], most: int, per: float) -> None:
    for at, first in enumerate(starts):
        # A microsecond may be lost in the number.
        assert sum(start - first < per - 0.000_005 for start in starts[at:]) <= most, starts


def test_no_more_jobs_of_a_group_start_within_a_span_than_its_tier_may(queue: JobQueue) -> None:
    options: dict[str, Any] = {
        "group_rate_limit": {"gold": RateLimit(6, per=timedelta(seconds=0.5)), None: RateLimit(2, per=0.5)},
        "concurrency": 8,
    }
    processors = [queue.create_processor(handlers(), **options) for _ in range(2)]
    kinds = ["one", "other"]
    groups = {name: JobGroup(name, tier) for name, tier in (("rich", "gold"), ("poor", None), ("else", "iron"))}
    ids = {
        name: queue.add_jobs([Job(kinds[at % 2], at, group=group) for at in range(15 if name == "rich" else 5)])
        for name, group in groups.items()
    }
    ids["none"] = queue.add_jobs([Job("one", at) for at in range(20)])
    drain(queue, processors, [job_id for of_group in ids.values() for job_id in of_group])
    for name, most in (("rich", 6), ("poor", 2), ("else", 2)):
        starts = drain(queue, [], ids[name])
        assert len(starts) == len(ids[name])
        assert_kept(starts, most, 0.5)


def test_one_limit_is_that_of_all_groups_and_goes_with_turns_and_concurrency(queue: JobQueue) -> None:
    limit = RateLimit(3, per=0.4)
    processor = queue.create_processor(
        handlers(), group_rate_limit=limit, group_concurrency=2, fair=True, concurrency=10
    )
    ids = [queue.add_jobs([Job("one", at, group=JobGroup(name)) for at in range(7)]) for name in ("g", "h")]
    drain(queue, [processor], [*ids[0], *ids[1]])
    for of_group in ids:
        assert_kept(drain(queue, [], of_group), 3, 0.4)


def test_a_rate_stays_until_it_is_taken_away(queue: JobQueue) -> None:
    hour = RateLimit(2, per=3600)
    ids = queue.add_jobs([Job("one", at, group=JobGroup("g")) for at in range(6)])
    limited = queue.create_processor(handlers(), group_rate_limit=hour)
    assert limited.start() == 2
    assert limited.start() == 0
    unsaid = queue.create_processor(handlers())
    assert unsaid.start() == 0
    free = queue.create_processor(handlers(), group_rate_limit={})
    assert free.start() == 4
    assert len(drain(queue, [], ids)) == 6


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (5, TypeError, "group_rate_limit must be a RateLimit, not int"),
        ("5", TypeError, "group_rate_limit must be a RateLimit, not str"),
        (RateLimit(5, per=1, key="k"), ValueError, "group_rate_limit has the key 'k': each group has"),
        ({"gold": 5}, TypeError, r"group_rate_limit\['gold'\] must be a RateLimit, not int"),
        ({None: RateLimit(5, per=1, key="k")}, ValueError, r"group_rate_limit\[None\] has the key 'k'"),
        ({"": RateLimit(5, per=1)}, ValueError, "a tier of group_rate_limit is empty"),
    ],
)
def test_what_is_no_rate_of_groups_is_refused(queue: JobQueue, given: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        queue.create_processor(handlers(), group_rate_limit=given)
