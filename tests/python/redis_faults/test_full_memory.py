"""A server at its `maxmemory`, which refuses whatever may grow: only new jobs may be refused for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import BackendUnavailable, Job, JobContext, JobHandlers, JobQueue
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dataqueue import Processor
    from tests.redis_process import RedisProcess

REMEDY = r"maxmemory.*raise maxmemory, or clean up old jobs"


@pytest.fixture
def queue(server: RedisProcess) -> Iterator[JobQueue]:
    with JobQueue(server.url) as queue:
        yield queue


def fill(client: Any, room: int = 0) -> None:
    """Leaves so many bytes of memory."""
    # What the server takes for itself comes and goes: a little room is none at all.
    client.config_set("maxmemory", client.info("memory")["used_memory"] + room if room else 1)


def empty(client: Any) -> None:
    client.config_set("maxmemory", 0)


def contents(client: Any) -> dict[bytes, Any]:
    """Every key of the queue but `meta`, whose last ids may be passed over."""
    reads: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": client.hgetall,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"set": client.smembers,
    }
    return {key: reads[client.type(key)](key) for key in client.keys("{dq}:*") if key != b"{dq}:meta"}


def test_new_jobs_are_refused_whole_with_the_remedy(queue: JobQueue, client: Any) -> None:
    kept = queue.add_job("task", 1, idempotency_key="kept", tags=["a"])
    before = contents(client)
    fill(client)
    jobs = [Job("task", n, idempotency_key=f"new {n}", tags=["a", "b"]) for n in range(1500)]
    for add in (lambda: queue.add_job("task", 2, tags=["b"]), lambda: queue.add_jobs(jobs[:10])):
        with pytest.raises(BackendUnavailable, match=REMEDY):
            add()
    with pytest.raises(BackendUnavailable, match=REMEDY):
        # So large that it is added in steps.
        queue.add_jobs(jobs)
    assert contents(client) == before
    empty(client)
    assert queue.add_job("task", 1, idempotency_key="kept") == kept
    assert len(queue.add_jobs(jobs)) == len(jobs)
    assert queue.count_jobs() == len(jobs) + 1


def test_a_large_batch_that_finds_the_memory_full_in_its_middle_is_taken_back(queue: JobQueue, client: Any) -> None:
    queue.add_job("task", 1)
    before = contents(client)
    fill(client, room=4 << 20)
    with pytest.raises(BackendUnavailable, match=REMEDY):
        queue.add_jobs([Job("task", "x" * 1000, idempotency_key=f"new {n}", tags=["b"]) for n in range(20_000)])
    # Not refused at once: some steps of it were stored.
    assert int(client.hget("{dq}:meta", "event")) > 1000
    assert contents(client) == before
    assert queue.count_jobs() == 1


def test_what_runs_is_recorded_renewed_and_cleaned_up(queue: JobQueue, server: RedisProcess, client: Any) -> None:
    go_on = threading.Event()
    handlers = JobHandlers()

    @handlers.job("held")
    def held(payload: str, *, ctx: JobContext) -> str:
        go_on.wait(PATIENCE)
        ctx.set_progress(50)
        if payload == "fails":
            raise ValueError("as it must")
        return "x" * 1000

    ids = queue.add_jobs([Job("held", how, max_attempts=2) for how in ("fails", "completes")])
    upcoming = queue.add_jobs([Job("other", n) for n in range(3)])
    processor = queue.create_processor(handlers, lease=3, concurrency=2, poll_interval=0.2)
    processor.start_in_background()
    until(lambda: queue.count_jobs(status="processing") == 2, "both run")
    fill(client)
    expiry = renewals(client)
    until(lambda: renewals(client) > expiry, "the lease is renewed")
    go_on.set()
    assert queue.wait_for_job(ids[1], PATIENCE).output == "x" * 1000
    until(lambda: status(queue, ids[0]) == ("failed", True), "the other is to be retried")
    assert queue.edit_job(upcoming[0], priority=3)
    assert queue.cancel_job(upcoming[1])
    assert queue.retry_job(upcoming[1])
    assert queue.cancel_job(ids[0])
    check_that_a_late_process_works(server, upcoming[2])
    assert queue.cleanup_old_job_events(0) > 0
    assert queue.cleanup_old_jobs(0) == 1
    assert drained(processor)
    empty(client)
    assert queue.add_job("task", 1) > upcoming[2]


def check_that_a_late_process_works(server: RedisProcess, waiting: int) -> None:
    """One that opens the store only now runs what is there, and can clean up."""
    with JobQueue(server.url) as late:
        done = late.create_processor({"other": lambda payload: payload}, job_type="other", batch_size=10)
        assert done.start() == 3
        assert status(late, waiting) == ("completed", False)
        assert late.cleanup_old_jobs(0, ["completed"]) == 4


def status(queue: JobQueue, job_id: int) -> tuple[str, bool]:
    job = queue.get_job(job_id)
    assert job is not None
    return job.status.value, job.next_attempt_at is not None


def renewals(client: Any) -> float:
    """Until when the one worker is good."""
    ((_, until_when),) = client.zrange("{dq}:expiry", 0, -1, withscores=True)
    return float(until_when)


def drained(processor: Processor) -> bool:
    return processor.stop_and_drain(PATIENCE)
