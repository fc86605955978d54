"""A job that is added on the caller's connection exists if, and only if, the caller's transaction commits."""

from __future__ import annotations

import psycopg
import pytest

from dataqueue import Job, JobHandlers
from tests.python.transactions.conftest import Onlooker, Queues
from tests.python.transactions.ways import ASYNC_SESSION, ASYNCPG, MAIN_WAYS, PSYCOPG, WAYS, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)
main_ways = pytest.mark.parametrize("way", MAIN_WAYS, ids=str)
PATIENCE = 30

# Whatever any of the libraries reads as a placeholder, an escape or a quotation.
ODD = "%s %(param)s %% :param :x::y {param} {0} $1 ? ?? \\ \\: ' \" '' -- /* ; é 🦀"


@every_way
async def test_the_job_and_the_callers_row_are_committed_together(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    async with way.open(postgres_url) as transaction:
        await transaction.execute(f"insert into {onlooker.schema}.account values ('ada')")
        before = await transaction.scalar("select pg_current_xact_id()::text")
        job_id = await queues.add_job(way, transaction, "greet", {"to": "ada"})
        # Still the same transaction: nothing was begun, committed or rolled back on it.
        assert await transaction.scalar("select pg_current_xact_id()::text") == before
        assert onlooker.counts() == (0, 0, 0, 0)
        await transaction.commit()
    assert job_id.created
    assert onlooker.counts() == (1, 1, 1, 1)
    job = queues.blocking.get_job(job_id)
    assert job is not None
    assert (job.job_type, job.payload, job.status) == ("greet", {"to": "ada"}, "pending")
    assert [event.event_type for event in queues.blocking.get_job_events(job_id)] == ["added"]


@every_way
async def test_a_rollback_takes_the_job_and_the_callers_row(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    async with way.open(postgres_url) as transaction:
        await transaction.execute(f"insert into {onlooker.schema}.account values ('ada')")
        job_id = await queues.add_job(way, transaction, "greet", {"to": "ada"})
        await queues.add_jobs(way, transaction, [Job("greet", number) for number in range(3)])
        await transaction.roll_back()
    assert onlooker.counts() == (0, 0, 0, 0)
    assert queues.blocking.get_job(job_id) is None


@main_ways
async def test_a_transaction_that_is_abandoned_leaves_no_job(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    async with way.open(postgres_url) as transaction:
        await queues.add_job(way, transaction, "greet", None)
    assert onlooker.counts() == (0, 0, 0, 0)


@every_way
async def test_a_batch_keeps_its_order_and_any_text(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    jobs = [
        Job(f"{ODD} {number}", {ODD: [ODD, number]}, tags=[ODD], idempotency_key=ODD[number:]) for number in range(9)
    ]
    async with way.open(postgres_url) as transaction:
        assert await queues.add_jobs(way, transaction, []) == []
        ids = await queues.add_jobs(way, transaction, jobs)
        await transaction.commit()
    assert ids == sorted(ids)
    assert all(job_id.created for job_id in ids)
    for number, job_id in enumerate(ids):
        job = queues.blocking.get_job(job_id)
        assert job is not None
        assert (job.job_type, job.payload) == (f"{ODD} {number}", {ODD: [ODD, number]})
        assert (list(job.tags), job.idempotency_key) == ([ODD], ODD[number:])


@main_ways
async def test_a_savepoint_takes_back_its_own_job_only(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    async with way.open(postgres_url) as transaction:
        kept = await queues.add_job(way, transaction, "t", "outside")
        await transaction.execute("savepoint here")
        lost = await queues.add_job(way, transaction, "t", "inside")
        await transaction.execute("rollback to savepoint here")
        await transaction.commit()
    assert onlooker.counts() == (0, 1, 1, 1)
    assert queues.blocking.get_job(kept) is not None
    assert queues.blocking.get_job(lost) is None


async def test_an_error_of_the_caller_after_adding_leaves_no_job(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    insert = f"insert into {onlooker.schema}.account values ('ada')".encode()
    with psycopg.connect(postgres_url) as connection:
        connection.execute(insert)
        queues.blocking.add_job("greet", None, connection=connection)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert)
    assert onlooker.counts() == (0, 0, 0, 0)


async def test_adding_to_a_failed_transaction_is_the_librarys_own_error(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("select 1/0")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            queues.blocking.add_job("t", None, connection=connection)
        assert connection.info.transaction_status.name == "INERROR"
        connection.rollback()
        queues.blocking.add_job("t", None, connection=connection)
    assert onlooker.count("job_queue") == 1


@pytest.mark.parametrize("way", [PSYCOPG, ASYNCPG, ASYNC_SESSION], ids=str)
async def test_an_idle_processor_is_woken_by_the_commit(way: Way, queues: Queues, postgres_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("ping")
    def ping(payload: int) -> int:
        return payload

    processor = queues.awaiting.create_processor(handlers, poll_interval=600)
    processor.start_in_background()
    # The first job is done, so the processor has looked once and listens.
    first = await queues.awaiting.add_job(ping, 0)
    assert (await queues.awaiting.wait_for_job(first, PATIENCE)).output == 0
    for number in range(1, 4):
        async with way.open(postgres_url) as transaction:
            job_id = await queues.add_job(way, transaction, "ping", number)
            await transaction.commit()
        assert (await queues.awaiting.wait_for_job(job_id, PATIENCE)).output == number
    assert await processor.stop_and_drain(PATIENCE)
