"""Fail-overs of Redis under load: the queue and its processor follow, and what had reached a replica is there.

Replication is asynchronous, so a promoted replica may lack what a call has answered. What must hold: jobs that were
seen to have reached all replicas are there, so are those that were added once the old master took no more, and every
job that the new master has ends as the contract says.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, JobContext, JobHandlers, JobQueue
from tests.chaos.legality import all_jobs, check_events
from tests.processes import PATIENCE, until
from tests.redis_sentinel import ask, role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue import Processor
    from tests.redis_process import RedisProcess
    from tests.redis_sentinel import RedisSentinels

REPLICAS = 2
# As long as nothing but the listener for wake-ups makes a processor look.
NEVER = 3600


class Load:
    """Jobs that one thread adds in turn, each under its key until it is answered, and the runs of a processor."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.next = 0
        self.accepted: set[int] = set()
        self.ran: set[int] = set()
        self.faults: list[BaseException] = []
        self._over = threading.Event()
        self._adder = threading.Thread(target=self._add)

    def start(self) -> None:
        """Starts to add."""
        self._adder.start()

    def _add(self) -> None:
        try:
            with JobQueue(self.url) as queue:
                while not self._over.is_set():
                    try:
                        queue.add_job("count", self.next, idempotency_key=f"job {self.next}")
                    except BackendUnavailable:
                        continue
                    self.accepted.add(self.next)
                    self.next += 1
        except BaseException as fault:
            self.faults.append(fault)

    def goes_on(self, first: int, count: int = 20) -> None:
        """Waits until so many jobs from this number on have run."""
        until(
            lambda: self.faults or len([number for number in self.ran.copy() if number >= first]) >= count,
            f"{count} more jobs are added and run from {first} on",
        )
        assert not self.faults, self.faults

    def copied(self, master: RedisProcess) -> set[int]:
        """The jobs accepted so far, once all replicas are seen to have what the master had when they were."""
        import redis

        accepted = self.accepted.copy()
        # What a connection waits for is its own last write, which comes after all that the master took before it.
        with redis.Redis(unix_socket_path=str(master.socket), single_connection_client=True) as client:
            client.set("a mark of the test", len(accepted))
            assert client.wait(REPLICAS, int(PATIENCE * 1000)) == REPLICAS
        return accepted

    def stop(self) -> None:
        """Adds no more."""
        self._over.set()
        if self._adder.ident is not None:
            self._adder.join(PATIENCE)
        assert not self._adder.is_alive()


@contextmanager
def load(url: str, queue: JobQueue) -> Iterator[tuple[Load, Processor]]:
    """Adds and processes until the context ends."""
    work = Load(url)
    handlers = JobHandlers()

    @handlers.job("count", max_attempts=50)
    def count(payload: int, *, ctx: JobContext) -> int:
        work.ran.add(payload)
        return payload

    queue.count_jobs()
    processor = queue.create_processor(handlers, concurrency=4, lease=4, poll_interval=NEVER)
    processor.start_in_background()
    work.start()
    try:
        yield work, processor
    finally:
        work.stop()


def check(queue: JobQueue, work: Load, processor: Processor, present: set[int]) -> None:
    """Every job of the store was completed by the path that its events tell, and these are among them."""
    until(lambda: _unfinished(queue) == 0, "every job of the new master was completed")
    assert processor.stop_and_drain(PATIENCE)
    jobs = all_jobs(queue)
    numbers = [job.payload for job in jobs]
    assert len(numbers) == len(set(numbers)), "one job for each key"
    assert present <= set(numbers) <= work.ran
    for job in jobs:
        assert job.status == "completed"
        check_events(job, queue.get_job_events(job.id))


@pytest.mark.timeout(300)
def test_when_a_master_is_killed_work_goes_on_at_the_replica_that_is_promoted(
    fresh_redis_sentinels: RedisSentinels,
) -> None:
    sentinels = fresh_redis_sentinels
    with JobQueue(sentinels.url) as queue, load(sentinels.url, queue) as (work, processor):
        work.goes_on(0)
        old = sentinels.await_master()
        copied = work.copied(old)
        assert copied
        old.kill()
        sentinels.await_master(other_than=old)
        since = work.next
        work.goes_on(since)
        work.stop()
        # The adding of a number may have begun before; what was accepted after it can be on the new master alone.
        check(queue, work, processor, copied | {number for number in work.accepted if number > since})


@pytest.mark.timeout(300)
def test_when_a_master_that_is_well_is_replaced_work_moves_at_once_and_outlives_its_demotion(
    fresh_redis_sentinels: RedisSentinels,
) -> None:
    sentinels = fresh_redis_sentinels
    with JobQueue(sentinels.url) as queue, load(sentinels.url, queue) as (work, processor):
        work.goes_on(0)
        old = sentinels.await_master()
        copied = work.copied(old)
        assert copied
        # It stays a master that takes all it is given, for as long as nobody may tell it otherwise.
        ask(old, "ACL", "SETUSER", "default", "-slaveof", "-replicaof")
        sentinels.fail_over()
        new = sentinels.await_master(other_than=old)
        since = work.next
        until(lambda: work.faults or _has(new, since), "jobs are added at the new master")
        assert role(old) == "master", "the word of the sentinels alone made the queue move"
        ask(old, "ACL", "SETUSER", "default", "+@all")
        until(lambda: role(old) == "slave", "the old master is demoted")
        since = work.next
        work.goes_on(since)
        work.stop()
        check(queue, work, processor, copied | {number for number in work.accepted if number > since})


def _unfinished(queue: JobQueue) -> int:
    try:
        return queue.count_jobs() - queue.count_jobs(status="completed")
    except BackendUnavailable:
        return -1


def _has(master: RedisProcess, number: int) -> bool:
    """Whether a job of this number or a later one is on that server."""
    with JobQueue(master.url) as direct:
        newest = direct.get_jobs(limit=1)
    return bool(newest) and newest[0].payload >= number
