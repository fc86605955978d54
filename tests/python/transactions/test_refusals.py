"""What cannot be used as `connection=`: told with a remedy, and without adding anything."""

from __future__ import annotations

import sqlite3
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ResourceClosedError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from dataqueue import AsyncJobQueue, Job, JobQueue, MigrationRequired, UnsupportedBackend
from tests.conftest import with_parameter
from tests.python.transactions.conftest import Onlooker, Queues
from tests.python.transactions.ways import MAIN_WAYS, WAYS, Way, driver_url

SECRET = "Zq9-secret"


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (f"postgresql://app:{SECRET}@db/app", "give the open connection itself, not its URL"),
        (sa.create_engine("postgresql+psycopg://app@db/app"), r"inside `engine\.begin\(\)`"),
        (create_async_engine("postgresql+asyncpg://app@db/app"), r"inside `engine\.begin\(\)`"),
        (sessionmaker(), "give a session that it makes"),
        (async_sessionmaker(), "give a session that it makes"),
        (0, "not int"),
        (object(), "not object"),
        (type("ConnectionPool", (), {"__module__": "psycopg_pool.pool"})(), "give a connection of the pool's"),
        (type("connection", (), {"__module__": "psycopg2.extensions"})(), "psycopg 2: it must be a psycopg 3"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_is_no_connection_is_refused_with_a_remedy(wrong: Any, remedy: str, queues: Queues) -> None:
    for jobs in ([Job("t", 1)], []):
        with pytest.raises(TypeError, match=remedy) as raised:
            queues.blocking.add_jobs(jobs, connection=wrong)
        assert "Session" in str(raised.value)
        assert SECRET not in str(raised.value)
        with pytest.raises(TypeError, match="AsyncSession"):
            await queues.awaiting.add_jobs(jobs, connection=wrong)
    assert queues.blocking.count_jobs() == 0


async def test_the_other_twins_connection_is_refused_with_the_twin_to_use(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    for way in WAYS:
        async with way.open(postgres_url) as transaction:
            if way.is_async:
                with pytest.raises(TypeError, match=r"async one .*use it with AsyncJobQueue"):
                    queues.blocking.add_job("t", None, connection=transaction.connection)
            else:
                with pytest.raises(TypeError, match=r"blocking one .*use it with JobQueue"):
                    await queues.awaiting.add_job("t", None, connection=transaction.connection)
            await transaction.commit()
    assert onlooker.count("job_queue") == 0


async def test_cursors_and_pools_are_refused(queues: Queues, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection, pytest.raises(TypeError, match="give the cursor's connection"):
        queues.blocking.add_job("t", None, connection=connection.cursor())
    async with asyncpg.create_pool(postgres_url, min_size=1) as pool:
        with pytest.raises(TypeError, match="give a connection of the pool's"):
            await queues.awaiting.add_job("t", None, connection=pool)


async def test_a_connection_without_a_transaction_is_refused(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    remedy = r"inside `connection\.transaction\(\)`"
    with psycopg.connect(postgres_url, autocommit=True) as blocking:
        with pytest.raises(ValueError, match=remedy):
            queues.blocking.add_job("t", None, connection=blocking)
        assert blocking.info.transaction_status.name == "IDLE"
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as awaiting:
        with pytest.raises(ValueError, match=remedy):
            await queues.awaiting.add_job("t", None, connection=awaiting)
    connection = await asyncpg.connect(postgres_url)
    with pytest.raises(ValueError, match=remedy):
        await queues.awaiting.add_job("t", None, connection=connection)
    await connection.close()
    assert onlooker.count("job_queue") == 0


async def test_an_autocommit_engine_of_sqlalchemy_is_refused(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    engine = sa.create_engine(driver_url(postgres_url, "psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(ValueError, match="AUTOCOMMIT"):
        queues.blocking.add_job("t", None, connection=connection)
    with Session(engine) as session, pytest.raises(ValueError, match="AUTOCOMMIT"):
        queues.blocking.add_job("t", None, connection=session)
    engine.dispose()
    for driver in ("asyncpg", "psycopg"):
        async_engine = create_async_engine(driver_url(postgres_url, driver))
        async with async_engine.connect() as one:
            await one.execution_options(isolation_level="AUTOCOMMIT")
            with pytest.raises(ValueError, match="AUTOCOMMIT"):
                await queues.awaiting.add_job("t", None, connection=one)
        await async_engine.dispose()
    assert onlooker.count("job_queue") == 0


async def test_an_autocommit_connection_with_a_transaction_is_taken(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as blocking:
        with blocking.transaction():
            queues.blocking.add_job("t", "kept", connection=blocking)
        with blocking.transaction(force_rollback=True):
            queues.blocking.add_job("t", "lost", connection=blocking)
    awaiting = await psycopg.AsyncConnection.connect(postgres_url, autocommit=True)
    async with awaiting, awaiting.transaction():
        await queues.awaiting.add_job("t", "kept", connection=awaiting)
    assert [job.payload for job in queues.blocking.get_all_jobs()] == ["kept", "kept"]


async def test_a_closed_connection_is_the_librarys_own_error(queues: Queues, postgres_url: str) -> None:
    blocking = psycopg.connect(postgres_url)
    blocking.close()
    with pytest.raises(psycopg.OperationalError, match="closed"):
        queues.blocking.add_job("t", None, connection=blocking)
    awaiting = await psycopg.AsyncConnection.connect(postgres_url)
    await awaiting.close()
    with pytest.raises(psycopg.OperationalError, match="closed"):
        await queues.awaiting.add_job("t", None, connection=awaiting)
    connection = await asyncpg.connect(postgres_url)
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await queues.awaiting.add_job("t", None, connection=connection)
    engine = sa.create_engine(driver_url(postgres_url, "psycopg"))
    with engine.connect() as ended:
        pass
    with pytest.raises(ResourceClosedError, match="closed"):
        queues.blocking.add_job("t", None, connection=ended)
    engine.dispose()
    assert queues.blocking.count_jobs() == 0


@pytest.mark.parametrize("way", MAIN_WAYS, ids=str)
async def test_a_database_without_the_tables_is_told_apart_from_a_fault(
    way: Way, queues: Queues, postgres_url: str, schema: str
) -> None:
    elsewhere = with_parameter(postgres_url, "schema", f"{schema}_not_there")
    for url, missing in ((elsewhere, "does not exist"), (with_parameter(postgres_url, "schema", "public"), "public")):
        with JobQueue(url) as blocking:
            async with AsyncJobQueue(url) as awaiting, way.open(postgres_url) as transaction:
                other = Queues(blocking, awaiting)
                with pytest.raises(MigrationRequired, match="dataqueue migrate up") as raised:
                    await other.add_job(way, transaction, "t", {SECRET: SECRET})
                told = str(raised.value)
                assert missing in told
                assert f"must lead to {blocking!r}".replace("<JobQueue ", "").rstrip(">") in told
                assert SECRET not in told
                # The transaction has failed, as after any error in it, and is still the caller's to end.
                await transaction.roll_back()
    assert queues.blocking.count_jobs() == 0


def test_a_session_on_another_kind_of_database_is_refused(queues: Queues) -> None:
    engine = sa.create_engine("sqlite://")
    with Session(engine) as session, pytest.raises(ValueError, match="leads to sqlite"):
        queues.blocking.add_job("t", None, connection=session)
    engine.dispose()


async def test_a_queue_on_sqlite_takes_no_connection_and_says_why(sqlite_store_url: str, postgres_url: str) -> None:
    why = "PostgreSQL only, .*corrupt.*after your transaction committed"
    connections: list[Any] = [sqlite3.connect(":memory:"), psycopg.connect(postgres_url), AsyncSession()]
    with JobQueue(sqlite_store_url) as blocking:
        async with AsyncJobQueue(sqlite_store_url) as awaiting:
            for connection in connections:
                with pytest.raises(UnsupportedBackend, match=why) as raised:
                    blocking.add_job("t", None, connection=connection)
                assert raised.value.backend == "sqlite"
                with pytest.raises(UnsupportedBackend, match=why):
                    await awaiting.add_jobs([Job("t", None)], connection=connection)
            assert blocking.count_jobs() == 0
    connections[0].close()
    connections[1].close()


def test_a_bad_job_of_a_batch_leaves_the_transaction_untouched(queues: Queues, postgres_url: str) -> None:
    jobs: list[Any] = [*(Job("t", number) for number in range(5_001)), "t"]
    with psycopg.connect(postgres_url) as connection:
        with pytest.raises(TypeError, match=r"jobs\[5001\] must be a Job"):
            queues.blocking.add_jobs(jobs, connection=connection)
        assert connection.info.transaction_status.name == "IDLE"


def test_a_schema_that_reads_like_a_placeholder_is_refused(postgres_url: str) -> None:
    with (
        JobQueue(with_parameter(postgres_url, "schema", "50%25s")) as queue,
        psycopg.connect(postgres_url) as connection,
    ):
        with pytest.raises(UnsupportedBackend, match="rename the schema"):
            queue.add_job("t", None, connection=connection)
        assert connection.info.transaction_status.name == "IDLE"
