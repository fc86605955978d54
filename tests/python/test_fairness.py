"""Groups that take turns, from Python."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from dataqueue import Job, JobGroup, JobHandlers, JobQueue
from dataqueue.cli.child import turns


def noting(ran: list[Any], *names: str) -> JobHandlers:
    """Handlers that note what they ran."""

    def note(payload: Any) -> None:
        ran.append(payload)

    return JobHandlers(dict.fromkeys(names, note))


def jobs(group: str, count: int, tier: str | None = None) -> list[Job[Any]]:
    return [Job("work", group, group=JobGroup(group, tier)) for _ in range(count)]


def test_groups_take_turns_whichever_processor_runs_a_batch(queue: JobQueue) -> None:
    ran: list[Any] = []
    queue.add_jobs(jobs("big", 60))
    queue.add_jobs(jobs("small", 6))
    for _ in range(8):
        processor = queue.create_processor(noting(ran, "work"), batch_size=1, concurrency=1, fair=True)
        assert processor.start() == 1
    # Each fourth is the one that has been due for longest.
    assert ran == ["big", "small", "big", "big", "small", "big", "small", "big"]


def test_a_tier_weighs(queue: JobQueue) -> None:
    ran: list[Any] = []
    queue.add_jobs([Job("work", "none") for _ in range(8)])
    queue.add_jobs(jobs("rich", 20, "gold") + jobs("poor", 20, "free"))
    processor = queue.create_processor(noting(ran, "work"), batch_size=16, concurrency=1, fair={"gold": 3, "free": 1})
    assert processor.start() == 16
    assert {name: ran.count(name) for name in ran} == {"none": 4, "rich": 9, "poor": 3}


def test_a_low_priority_is_served_while_higher_ones_keep_coming(queue: JobQueue) -> None:
    ran: list[Any] = []
    queue.add_job("work", "low", priority=-10)
    processor = queue.create_processor(noting(ran, "work"), batch_size=1, concurrency=1, fair=True)
    for _ in range(4):
        queue.add_jobs([Job("work", "high", priority=10) for _ in range(2)])
        processor.start()
    assert ran == ["high", "high", "high", "low"]


@pytest.mark.parametrize("fair", [False, True, {}, {"gold": 1000}])
def test_every_form_runs_all_jobs(queue: JobQueue, fair: Any) -> None:
    ran: list[Any] = []
    queue.add_jobs([*jobs("a", 3), *jobs("b", 2, "gold"), Job("work", "none"), Job("other", "other")])
    processor = queue.create_processor(noting(ran, "work", "other"), fair=fair)
    while processor.start():
        pass
    assert sorted(ran) == ["a", "a", "a", "b", "b", "none", "other"]


def test_what_redis_keeps_of_turns_is_checked_before_use(redis_store_url: str) -> None:
    ran: list[Any] = []
    tag = parse_qs(urlsplit(redis_store_url).query)["key_prefix"][0].removesuffix(":")
    with JobQueue(redis_store_url) as queue:
        processor = queue.create_processor(noting(ran, "work"), batch_size=8, fair=True)
        queue.add_jobs(jobs("a", 3) + jobs("b", 1))
        assert processor.start() == 4
        client = queue.get_redis_client()
        assert client.execute("ZCARD", f"{{{tag}}}:in_turn") == 0
        # Of a job that is gone, and ahead of all others of its group.
        stale = "work\0a\0" + "1" * 10 + "0" * 18 + "9".zfill(16)
        assert client.execute("ZADD", f"{{{tag}}}:in_turn", 0, stale) == 1
        queue.add_jobs(jobs("b", 2) + jobs("a", 1))
        assert processor.start() == 3
        assert sorted(ran) == ["a", "a", "a", "a", "b", "b", "b"]
        assert client.execute("ZCARD", f"{{{tag}}}:in_turn") == 0


def test_the_worker_reads_weights() -> None:
    assert turns(False, []) is False
    assert turns(True, []) is True
    assert turns(False, ["gold=3", "a=b=1"]) == {"gold": 3, "a=b": 1}
    for text in ("gold", "=3", "gold=", "gold=x", "gold=-1"):
        with pytest.raises(click.ClickException, match="it must be TIER=NUMBER"):
            turns(True, [text])
