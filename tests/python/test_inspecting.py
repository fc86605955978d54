"""Looking at a queue, deleting from it, and changing a selection."""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import (
    Count,
    DependsOn,
    Job,
    JobGroup,
    JobHandlers,
    JobId,
    JobQueue,
    JobStatus,
    Paused,
    RateLimit,
    RateState,
    RunAt,
    __version__,
)
from tests.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)


def ids(jobs: list[Any]) -> list[int]:
    return [job.id for job in jobs]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(0), "0"),
        (Count(12_345), "12,345"),
        (Count(10_000, "at_least"), "10,000+"),
        (Count(999, "estimate"), "~999"),
        (Count(1_000, "estimate"), "~1.0 K"),
        (Count(999_949, "estimate"), "~999.9 K"),
        (Count(999_950, "estimate"), "~1.0 M"),
        (Count(1_234_567, "estimate"), "~1.2 M"),
        (Count(12_345_678_901, "estimate"), "~12.3 G"),
    ],
)
def test_a_count_tells_how_well_it_is_known(count: Count, text: str) -> None:
    assert str(count) == text


def test_the_queue_at_a_glance(queue: JobQueue) -> None:
    due = datetime.now(UTC) + HOUR
    queue.add_jobs([Job("a", 1), Job("a", 2), Job("b", 3, run_at=due)])
    queue.cancel_job(queue.add_job("c", 4))
    queue.pause("b")
    overview = queue.get_overview()
    assert overview.counts[JobStatus.PENDING] == Count(3)
    assert overview.counts[JobStatus.CANCELLED] == Count(1)
    assert set(overview.counts) == set(JobStatus)
    assert [(depth.job_type, depth.ready, depth.scheduled) for depth in overview.types] == [
        ("a", Count(2), Count(0)),
        ("b", Count(0), Count(1)),
    ]
    assert [(depth.is_handled, depth.is_paused) for depth in overview.types] == [(False, False), (False, True)]
    assert overview.oldest_due_at is not None
    assert overview.oldest_due_at <= overview.now
    assert (overview.next_due_at, overview.workers, overview.more_types) == (due, 0, False)
    assert overview.paused == [Paused(job_type="b")]


def test_a_worker_shows_what_it_is(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("a")
    def handle(_payload: int) -> None: ...

    with JobQueue(store_url) as queue:
        job_id = queue.add_job("a", 1)
        processor = queue.create_processor(handlers, concurrency=7, worker_id="me")
        assert queue.get_workers() == []
        processor.start_in_background()
        queue.wait_for_job(job_id, 60)
        (worker,) = queue.get_workers()
        assert (worker.name, worker.host, worker.pid) == ("me", socket.gethostname(), os.getpid())
        assert (worker.version, worker.concurrency, worker.job_types) == (__version__, 7, ["a"])
        assert worker.started_at is not None
        assert worker.started_at <= worker.renewed_at < worker.lease_expires_at
        assert worker.is_alive
        assert not worker.is_draining
        assert queue.get_workers(cursor=worker.id) == []
        assert queue.get_overview().workers == 1
        assert processor.stop_and_drain()
        assert queue.get_workers() == []


def test_a_processor_that_is_asked_to_drain_ends_by_itself(store_url: str) -> None:
    handlers = JobHandlers()
    let_go = threading.Event()

    @handlers.job("slow")
    def slow(_payload: int) -> str:
        return "done" if let_go.wait(60) else "late"

    with JobQueue(store_url) as queue:
        assert not queue.drain_worker(1)
        running = queue.add_job("slow", 1)
        processor = queue.create_processor(handlers, concurrency=1, batch_size=1)
        processor.start_in_background()
        until(lambda: queue.get_overview().counts[JobStatus.PROCESSING] == Count(1), "the job runs")
        (worker,) = queue.get_workers()
        assert worker.job_ids == [running]
        later = queue.add_job("slow", 2)
        assert queue.drain_worker(worker.id)
        until(lambda: not processor.is_running(), "it claims no more")
        let_go.set()
        assert queue.wait_for_job(running, 60).output == "done"
        until(lambda: not queue.get_workers(), "it signed off")
        left = queue.get_job(later)
        assert left is not None
        assert (left.status, left.attempts) == (JobStatus.PENDING, 0)
        assert processor.stop_and_drain(1)
        # It can be started again, as another worker.
        processor.start_in_background()
        assert queue.wait_for_job(later, 60).status == JobStatus.COMPLETED


def test_groups_and_limits_are_told(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("a", max_running=5, rate_limit=RateLimit(9, per=60))
    def handle(_payload: int) -> None: ...

    queue.add_jobs([Job("a", at, group=JobGroup("g")) for at in range(3)])
    limits = RateLimit(2, per=3600)
    queue.create_processor(handlers, group_concurrency=4, group_rate_limit=limits, batch_size=10).start()
    queue.pause("b")
    (group,) = queue.get_groups()
    assert (group.id, group.running, group.most, group.in_line) == ("g", 0, 4, Count(1))
    assert group.rate == RateState(2, HOUR, 2)
    assert group.opens_at is not None
    assert queue.get_groups(cursor="g") == []
    first, second = queue.get_limits()
    assert (first.job_type, first.running, first.max_running, first.is_paused) == ("a", 0, 5, False)
    assert first.rate == RateState(9, timedelta(minutes=1), 2)
    assert (second.job_type, second.max_running, second.rate, second.is_paused) == ("b", None, None, True)
    assert first.held_until is None


def test_tokens_are_listed_newest_first(queue: JobQueue) -> None:
    made = [queue.create_token(tags=[str(at)]) for at in range(3)][::-1]
    assert queue.get_tokens() == made
    assert queue.get_tokens(limit=2) == made[:2]
    assert queue.get_tokens(cursor=made[1]) == made[2:]
    assert queue.get_tokens(cursor=made[1].id) == made[2:]
    queue.complete_token(made[0])
    assert queue.get_tokens("completed") == [queue.get_token(made[0])]
    assert queue.get_tokens(status="waiting") == made[1:]
    with pytest.raises(ValueError, match="begin again without a cursor"):
        queue.get_tokens(cursor="wp_gone")
    with pytest.raises(ValueError, match="status is 'done'"):
        queue.get_tokens("done")


def test_jobs_are_searched_for_what_is_in_them(queue: JobQueue) -> None:
    added = queue.add_jobs([Job("a", {"to": f"User{at}@example.com"}, group=JobGroup("g")) for at in range(12)])
    other = queue.add_job("b", {"to": "user3@example.com"})
    page = queue.search_jobs(text="USER3@")
    assert (ids(page.jobs), page.cursor, page.looked_at) == ([other, added[3]], None, 13)
    (oldest,) = queue.search_jobs(ids=added[:1]).jobs
    assert page.oldest_looked_at == oldest.created_at
    first = queue.search_jobs(text="user1", limit=2)
    assert ids(first.jobs) == [added[11], added[10]]
    assert first.cursor == added[10]
    second = queue.search_jobs(text="user1", limit=2, cursor=first.cursor)
    assert (ids(second.jobs), second.cursor) == ([added[1]], None)
    assert ids(queue.search_jobs(text="user3", job_type="b").jobs) == [other]
    assert ids(queue.search_jobs(text="user3", group="g").jobs) == [added[3]]
    assert queue.search_jobs(error="x").jobs == []
    assert queue.search_jobs(dead_lettered=True).jobs == []
    moment = queue.search_jobs(ids=[other]).jobs[0].created_at
    assert ids(queue.search_jobs(created_at=RunAt(gte=moment), job_type="b").jobs) == [other]
    assert queue.search_jobs(created_at=RunAt(gt=moment)).jobs == []


def test_an_error_is_searched_for(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("bad", max_attempts=1)
    def bad(payload: str) -> None:
        raise RuntimeError(f"no {payload} today")

    failed = [queue.add_job(bad, what) for what in ("Coffee", "tea")]
    queue.create_processor(handlers).start()
    assert ids(queue.search_jobs(error="NO coffee", status="failed").jobs) == failed[:1]


def test_a_job_is_deleted_with_its_history(queue: JobQueue) -> None:
    first, second = queue.add_jobs([Job("a", 1), Job("a", 2)])
    waiter = queue.add_job("a", 3, depends_on=DependsOn(job_ids=[first]))
    dependents = queue.get_dependents(first)
    assert dependents == [waiter]
    assert isinstance(dependents[0], JobId)
    assert queue.delete_job(first)
    assert not queue.delete_job(first)
    assert queue.get_job(first) is None
    assert queue.get_job_events(first) == []
    left = queue.get_job(waiter)
    assert left is not None
    assert left.status == JobStatus.CANCELLED
    assert left.cancel_reason == f"job {first}, which it waited for, was cancelled"
    assert queue.delete_jobs(status="cancelled") == 1
    assert ids(queue.get_all_jobs()) == [second]
    assert queue.delete_jobs() == 1


def test_a_selection_is_changed_in_one_call(queue: JobQueue) -> None:
    added = queue.add_jobs([Job("a", at) for at in range(6)])
    assert queue.edit_all_pending_jobs({"priority": 5}, ids=added[:2]) == 2
    assert ids(queue.get_jobs(priority=5)) == [added[1], added[0]]
    assert queue.cancel_all_upcoming_jobs(ids=[added[0], added[3], 10**9]) == 2
    assert queue.cancel_all_upcoming_jobs(ids=added, priority=5) == 1
    assert queue.retry_all_failed_jobs(ids=added) == 0
    assert queue.retry_all_failed_jobs(ids=added, dry_run=True) == 0
    assert queue.count_jobs(ids=added[:4], status="cancelled") == 3
    assert queue.count_jobs(most=4) == 4
    assert queue.count_jobs(status="pending", most=100) == 3
    assert queue.delete_jobs(ids=added[:4], status=["cancelled"]) == 3
    assert sorted(ids(queue.get_all_jobs())) == [added[2], *added[4:]]


@pytest.fixture
def memory() -> Iterator[JobQueue]:
    with JobQueue("sqlite://:memory:") as queue:
        yield queue


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda queue: queue.delete_jobs(ids=[]), ValueError, "ids is an empty list"),
        (lambda queue: queue.delete_jobs(ids="12"), TypeError, "ids must be a list of job ids"),
        (lambda queue: queue.delete_jobs(ids=[1, "2"]), TypeError, r"ids\[1\] must be an int"),
        (lambda queue: queue.delete_jobs(ids=range(1_001)), ValueError, "give at most 1,000"),
        (lambda queue: queue.delete_job("1"), TypeError, "job_id must be an int"),
        (lambda queue: queue.count_jobs(most=0), ValueError, "most"),
        (lambda queue: queue.search_jobs(text=""), ValueError, "text"),
        (lambda queue: queue.search_jobs(text=7), TypeError, "text must be a str"),
        (lambda queue: queue.search_jobs(created_at="today"), TypeError, "created_at must be a datetime or RunAt"),
        (lambda queue: queue.search_jobs(created_at=datetime(2040, 1, 1)), ValueError, "created_at"),  # noqa: DTZ001
        (lambda queue: queue.search_jobs(dead_lettered="no"), TypeError, "dead_lettered must be True or False"),
        (lambda queue: queue.search_jobs(limit=0), ValueError, "limit"),
        (lambda queue: queue.get_workers(limit=10_001), ValueError, "limit"),
        (lambda queue: queue.get_workers(cursor="1"), TypeError, "cursor must be an int"),
        (lambda queue: queue.get_groups(cursor=1), TypeError, "cursor must be a str"),
        (lambda queue: queue.get_dependents(1, limit=0), ValueError, "limit"),
        (lambda queue: queue.drain_worker("me"), TypeError, "worker_id must be an int"),
    ],
)
def test_bad_input_is_named(memory: JobQueue, call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(memory)
