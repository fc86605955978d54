"""Limits of types and groups, rate limits, and pauses, from Python."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from dataqueue import Job, JobEventType, JobGroup, JobHandlers, JobQueue, JobType, Paused, RateLimit, RateLimited
from tests.python.conftest import PATIENCE


class Ledger:
    """How many handlers run at a time, of each name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.ran: list[Any] = []

    def begin(self, name: str, payload: Any) -> None:
        with self._lock:
            self._running[name] = self._running.get(name, 0) + 1
            self.most[name] = max(self.most.get(name, 0), self._running[name])
            self.ran.append(payload)

    def end(self, name: str) -> None:
        with self._lock:
            self._running[name] -= 1


def busy(ledger: Ledger, kind: str, **options: Any) -> JobHandlers:
    """A handler of each kind that is busy for a moment, and notes so."""
    handlers = JobHandlers()

    @handlers.job("waits", **options)
    async def waits(payload: Any) -> None:
        ledger.begin(payload["group"], payload)
        await asyncio.sleep(0.02)
        ledger.end(payload["group"])

    @handlers.job("blocks", **options)
    def blocks(payload: Any) -> None:
        ledger.begin(payload["group"], payload)
        time.sleep(0.02)
        ledger.end(payload["group"])

    return handlers


def drain(queue: JobQueue, processors: list[Any], ids: list[Any]) -> None:
    for processor in processors:
        processor.start_in_background()
    try:
        for job_id in ids:
            assert queue.wait_for_job(job_id, timeout=PATIENCE).status == "completed"
    finally:
        for processor in processors:
            processor.stop_and_drain(PATIENCE)


def test_no_more_jobs_of_a_group_run_than_its_tier_may(queue: JobQueue) -> None:
    ledger = Ledger()
    options = {"group_concurrency": {"gold": 3, None: 1}, "concurrency": 8, "poll_interval": 0.5}
    processors = [queue.create_processor(busy(ledger, "both"), **options) for _ in range(2)]  # type: ignore[arg-type]
    jobs = []
    for at in range(16):
        kind = "waits" if at % 2 else "blocks"
        for name, tier in (("rich", "gold"), ("poor", None), ("else", "iron")):
            jobs.append(Job(kind, {"group": name}, group=JobGroup(name, tier)))
    jobs += [Job("waits", {"group": "free"}) for _ in range(20)]
    drain(queue, processors, queue.add_jobs(jobs))
    assert ledger.most["rich"] <= 3
    assert (ledger.most["poor"], ledger.most["else"]) == (1, 1)
    assert len(ledger.ran) == 68


def test_no_more_jobs_of_a_type_run_than_may(queue: JobQueue) -> None:
    ledger = Ledger()
    processors = [
        queue.create_processor(busy(ledger, "both", max_running=2), concurrency=6, poll_interval=0.5) for _ in range(2)
    ]
    kinds = ["waits", "blocks"]
    ids = queue.add_jobs([Job(kinds[at % 2], {"group": kinds[at % 2]}) for at in range(24)])
    drain(queue, processors, ids)
    assert ledger.most["waits"] <= 2
    assert ledger.most["blocks"] <= 2


def test_no_more_jobs_start_within_a_span_than_may(queue: JobQueue) -> None:
    handlers = JobHandlers()
    limit = RateLimit(5, per=0.5, key="shared")

    @handlers.job("one", rate_limit=limit)
    async def one(payload: Any) -> None: ...

    @handlers.job("other", rate_limit=limit)
    def other(payload: Any) -> None: ...

    ids = queue.add_jobs([Job("one" if at % 2 else "other", at) for at in range(17)])
    processor = queue.create_processor(handlers, concurrency=10, poll_interval=0.5)
    drain(queue, [processor], ids)
    starts = sorted(record.started_at for job_id in ids if (record := queue.get_job(job_id)) and record.started_at)
    assert len(starts) == 17
    for at, first in enumerate(starts):
        assert sum((start - first).total_seconds() < 0.5 for start in starts[at:]) <= 5


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_handler_that_met_a_limit_puts_off_its_whole_type(queue: JobQueue, kind: str) -> None:
    handlers, calls = JobHandlers(), []

    def run(payload: Any) -> None:
        calls.append(payload)
        if len(calls) == 1:
            raise RateLimited(0.5)

    if kind == "def":
        handlers.job("api")(run)
    else:

        @handlers.job("api")
        async def api(payload: Any) -> None:
            run(payload)

    ids = queue.add_jobs([Job("api", at) for at in range(4)])
    processor = queue.create_processor(handlers, concurrency=1, batch_size=1, poll_interval=0.5)
    drain(queue, [processor], ids)
    first, rest = queue.get_job(ids[0]), [queue.get_job(job_id) for job_id in ids[1:]]
    assert first is not None
    assert (first.attempts, first.error_history) == (1, [])
    events = {event.event_type: event for event in queue.get_job_events(ids[0])}
    over = events[JobEventType.WAITING].created_at.timestamp() + 0.45
    # What was claimed in advance, before the limit was met, does not start either.
    assert all(record is not None and record.completed_at.timestamp() > over for record in rest)  # type: ignore[union-attr]
    assert sorted(calls) == [0, 0, 1, 2, 3]


def test_what_is_paused_does_not_start_and_is_told(queue: JobQueue) -> None:
    handlers, ran = JobHandlers(), []

    @handlers.job("a")
    async def a(payload: Any) -> None:
        ran.append(payload)

    b: JobType[Any] = JobType("b")
    handlers.job(b)(lambda payload: ran.append(payload))
    assert queue.paused() == []
    assert queue.pause("a") is True
    assert queue.pause("a") is False
    assert queue.pause(group="slow") is True
    assert queue.paused() == [Paused(job_type="a"), Paused(group="slow")]
    queue.add_jobs([Job("a", 1), Job(b, 2), Job(b, 3, group=JobGroup("slow")), Job(b, 4, group=JobGroup("quick"))])
    processor = queue.create_processor(handlers, poll_interval=0.2)
    assert processor.start() == 2
    assert sorted(ran) == [2, 4]
    assert queue.resume("a") is True
    assert queue.resume("a") is False
    assert processor.start() == 1
    assert queue.resume(group="slow") is True
    assert queue.pause() is True
    assert queue.paused() == [Paused()]
    assert processor.start() == 0
    assert queue.resume() is True
    assert processor.start() == 1
    assert sorted(ran) == [1, 2, 3, 4]
    assert queue.paused() == []


def test_a_running_processor_sees_a_pause_and_its_end_at_once(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("a")
    async def a(payload: Any) -> None: ...

    processor = queue.create_processor(handlers, poll_interval=30)
    processor.start_in_background()
    try:
        assert queue.wait_for_job(queue.add_job("a", 1), timeout=PATIENCE).status == "completed"
        queue.pause("a")
        job_id = queue.add_job("a", 2)
        with pytest.raises(TimeoutError):
            queue.wait_for_job(job_id, timeout=0.3)
        queue.resume("a")
        assert queue.wait_for_job(job_id, timeout=10).status == "completed"
    finally:
        processor.stop_and_drain(PATIENCE)


def test_the_processor_that_was_started_last_decides(queue: JobQueue) -> None:
    def handlers(**options: Any) -> JobHandlers:
        made = JobHandlers()

        @made.job("a", **options)
        async def a(payload: Any) -> None: ...

        return made

    ids = queue.add_jobs([Job("a", at, group=JobGroup("g")) for at in range(9)])
    limited = queue.create_processor(handlers(max_running=2), group_concurrency=3)
    assert limited.start() == 2
    other = queue.create_processor(handlers(), batch_size=5)
    assert other.start() == 3
    free = queue.create_processor(handlers(), batch_size=5, group_concurrency={})
    assert free.start() == 4
    assert all(record is not None and record.status == "completed" for record in map(queue.get_job, ids))


def test_limits_that_cannot_be_are_refused_where_they_are_declared(queue: JobQueue) -> None:
    handlers = JobHandlers()

    async def a(payload: Any) -> None: ...

    with pytest.raises(ValueError, match="max_running is 0: it must be from 1"):
        handlers.job("a", max_running=0)
    with pytest.raises(TypeError, match="rate_limit must be a RateLimit"):
        handlers.job("a", rate_limit=5)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="the limit of a RateLimit is 0"):
        RateLimit(0, per=1)
    with pytest.raises(ValueError, match="per is 0: it must be positive"):
        RateLimit(1, per=0)
    with pytest.raises(ValueError, match="the key of a RateLimit is empty"):
        RateLimit(1, per=1, key="")
    with pytest.raises(ValueError, match="the id of a group is empty"):
        JobGroup("")
    with pytest.raises(TypeError, match="group must be a JobGroup, not str"):
        queue.add_job("a", None, group="g")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="group_concurrency is -1"):
        queue.create_processor({"a": a}, group_concurrency=-1)
    with pytest.raises(ValueError, match=r"group_concurrency\['gold'\] is 0"):
        queue.create_processor({"a": a}, group_concurrency={"gold": 0})
    with pytest.raises(ValueError, match="retry_after is -1"):
        RateLimited(-1)
    with pytest.raises(ValueError, match="both job_type and group"):
        queue.pause("a", group="g")
