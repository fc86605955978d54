"""Idempotency keys inside the caller's transaction."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from dataqueue import Job, JobId
from tests.processes import until
from tests.python.transactions.conftest import Onlooker, Queues
from tests.python.transactions.ways import MAIN_WAYS, Way

if TYPE_CHECKING:
    from concurrent.futures import Future

main_ways = pytest.mark.parametrize("way", MAIN_WAYS, ids=str)
PATIENCE = 30


@main_ways
async def test_a_key_that_is_taken_answers_its_holder(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    holder = queues.blocking.add_job("first", {"n": 1}, idempotency_key="k")
    async with way.open(postgres_url) as transaction:
        again = await queues.add_job(way, transaction, "second", {"n": 2}, idempotency_key="k")
        await transaction.commit()
    assert (again, again.created) == (holder, False)
    assert onlooker.counts() == (0, 1, 1, 1)
    job = queues.blocking.get_job(holder)
    assert job is not None
    assert (job.job_type, job.payload) == ("first", {"n": 1})


@main_ways
async def test_a_key_given_twice_in_one_batch_makes_one_job(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    taken = queues.blocking.add_job("t", "taken", idempotency_key="b")
    jobs = [Job("t", number, idempotency_key=key) for number, key in enumerate(["a", None, "b", "a", None, "b"])]
    async with way.open(postgres_url) as transaction:
        ids = await queues.add_jobs(way, transaction, jobs)
        await transaction.commit()
    assert [job_id.created for job_id in ids] == [True, True, False, False, True, False]
    assert (ids[3], ids[2], ids[5]) == (ids[0], taken, taken)
    assert onlooker.count("job_queue") == 4
    first = queues.blocking.get_job(ids[0])
    assert first is not None
    assert first.payload == 0


@main_ways
async def test_a_key_can_be_used_again_after_a_rollback(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    for _ in range(2):
        async with way.open(postgres_url) as transaction:
            assert (await queues.add_job(way, transaction, "t", 1, idempotency_key="k")).created
            assert not (await queues.add_job(way, transaction, "t", 2, idempotency_key="k")).created
            await transaction.roll_back()
    assert onlooker.count("job_queue") == 0


@pytest.mark.parametrize("commits", [True, False], ids=["that commits", "that rolls back"])
@main_ways
def test_a_key_held_by_another_transaction_waits_for_its_end(
    way: Way, commits: bool, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    async def add() -> JobId:
        async with way.open(postgres_url) as transaction:
            job_id = await queues.add_job(way, transaction, "t", "mine", idempotency_key="k")
            await transaction.commit()
            return job_id

    def waits_for_a_lock() -> bool:
        waiting = onlooker.connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like %s",
            (f"%{onlooker.schema}%",),
        ).fetchone()
        return waiting == (1,)

    with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(1) as threads:
        theirs = queues.blocking.add_job("t", "theirs", idempotency_key="k", connection=other)
        adding: Future[JobId] = threads.submit(asyncio.run, add())
        until(waits_for_a_lock, "the add waits for the other transaction")
        other.commit() if commits else other.rollback()
        mine = adding.result(PATIENCE)
    assert mine.created is not commits
    assert (mine == theirs) is commits
    assert onlooker.counts() == (0, 1, 1, 1)


def test_a_key_committed_after_the_snapshot_is_a_serialization_failure_and_not_repeated(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(f"select from {onlooker.schema}.account".encode())
        queues.blocking.add_job("t", "theirs", idempotency_key="k")
        with pytest.raises(psycopg.errors.SerializationFailure):
            queues.blocking.add_job("t", "mine", idempotency_key="k", connection=connection)
        assert connection.info.transaction_status.name == "INERROR"
        connection.rollback()
        again = queues.blocking.add_job("t", "mine", idempotency_key="k", connection=connection)
    assert not again.created
    assert onlooker.count("job_queue") == 1
