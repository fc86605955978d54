"""Settings that callers make on their connections do not change how jobs are added on them."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import args_row, dict_row, kwargs_row, namedtuple_row, scalar_row
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from dataqueue import Job, JobQueue, PostgresConfig, create_pool
from tests.conftest import with_parameter
from tests.python.transactions.conftest import Onlooker, Queues
from tests.python.transactions.ways import MAIN_WAYS, Way, driver_url


@pytest.mark.parametrize(
    "row_factory",
    [dict_row, namedtuple_row, scalar_row, args_row(lambda *values: sum(values)), kwargs_row(dict)],
    ids=["dict", "namedtuple", "scalar", "args", "kwargs"],
)
async def test_psycopgs_row_factories_do_not_matter(row_factory: Any, queues: Queues, postgres_url: str) -> None:
    jobs = [Job("t", number, idempotency_key="k") for number in range(2)]
    with psycopg.connect(postgres_url, row_factory=row_factory) as blocking:
        ids = queues.blocking.add_jobs(jobs, connection=blocking)
    async with await psycopg.AsyncConnection.connect(postgres_url, row_factory=row_factory) as awaiting:
        again = await queues.awaiting.add_jobs(jobs, connection=awaiting)
    assert [job_id.created for job_id in (*ids, *again)] == [True, False, False, False]
    assert {*ids, *again} == {ids[0]}


@pytest.mark.parametrize(
    ("blocking_cursor", "async_cursor"),
    [(psycopg.ClientCursor, psycopg.AsyncClientCursor), (psycopg.RawCursor, psycopg.AsyncRawCursor)],
)
async def test_psycopgs_cursor_factories_do_not_matter(
    blocking_cursor: Any, async_cursor: Any, queues: Queues, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, cursor_factory=blocking_cursor) as blocking:
        queues.blocking.add_job("t", "100 % $1 %s", connection=blocking)
    async with await psycopg.AsyncConnection.connect(postgres_url, cursor_factory=async_cursor) as awaiting:
        await queues.awaiting.add_job("t", "100 % $1 %s", connection=awaiting)
    assert [job.payload for job in queues.blocking.get_all_jobs()] == ["100 % $1 %s"] * 2


def test_psycopgs_pipeline_and_open_server_side_cursor_do_not_matter(queues: Queues, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        with connection.cursor("mine") as mine:
            mine.execute("select * from generate_series(1, 500)")
            assert mine.fetchone() == (1,)
            queues.blocking.add_job("t", "beside a cursor", connection=connection)
            assert mine.fetchone() == (2,)
        with connection.pipeline():
            connection.execute("select 1")
            queues.blocking.add_job("t", "in a pipeline", connection=connection)
    assert [job.payload for job in queues.blocking.get_all_jobs()] == ["in a pipeline", "beside a cursor"]


def test_a_statement_that_psycopg_comes_to_prepare_still_adds(queues: Queues, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, prepare_threshold=2) as connection:
        ids = [queues.blocking.add_job("t", number, connection=connection) for number in range(6)]
    assert [job.id for job in queues.blocking.get_all_jobs()] == ids[::-1]


async def test_asyncpgs_codecs_and_records_do_not_matter(queues: Queues, postgres_url: str) -> None:
    class Record(asyncpg.Record):  # type: ignore[misc]
        pass

    connection = await asyncpg.connect(postgres_url, record_class=Record, statement_cache_size=0)
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    await connection.set_type_codec("int8", encoder=str, decoder=str, schema="pg_catalog")
    async with connection.transaction():
        job_id = await queues.awaiting.add_job("t", {"a": ["b"]}, connection=connection, idempotency_key="k")
        again = await queues.awaiting.add_job("t", {"a": ["b"]}, connection=connection, idempotency_key="k")
    await connection.close()
    assert (again, again.created) == (job_id, False)
    job = queues.blocking.get_job(job_id)
    assert job is not None
    assert job.payload == {"a": ["b"]}


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    email: Mapped[str] = mapped_column(primary_key=True)


@pytest.mark.parametrize("autoflush", [True, False])
async def test_a_sessions_pending_objects_are_committed_with_the_job(
    autoflush: bool, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    where = {"schema_translate_map": {None: onlooker.schema}}
    engine = sa.create_engine(driver_url(postgres_url, "psycopg"), execution_options=where)
    with Session(engine, autoflush=autoflush, expire_on_commit=False) as session, session.begin():
        session.add(Account(email="ada"))
        queues.blocking.add_job("greet", "ada", connection=session)
        with session.begin_nested() as nested:
            session.add(Account(email="bob"))
            queues.blocking.add_job("greet", "bob", connection=session)
            nested.rollback()
    engine.dispose()
    async_engine = create_async_engine(driver_url(postgres_url, "asyncpg"), execution_options=where)
    async with AsyncSession(async_engine, autoflush=autoflush) as awaiting, awaiting.begin():
        awaiting.add(Account(email="eve"))
        await queues.awaiting.add_job("greet", "eve", connection=awaiting)
        # Code for blocking sessions that async code runs.
        await awaiting.run_sync(lambda one: queues.blocking.add_job("greet", "eve again", connection=one))
    await async_engine.dispose()
    emails = onlooker.connection.execute(f"select email from {onlooker.schema}.account order by 1".encode())
    assert emails.fetchall() == [("ada",), ("eve",)]
    assert [job.payload for job in queues.blocking.get_all_jobs()] == ["eve again", "eve", "ada"]


@pytest.mark.parametrize("way", MAIN_WAYS, ids=str)
async def test_every_option_is_stored_as_by_an_ordinary_add(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    later = datetime.now(UTC) + timedelta(days=3)
    jobs: list[Job[Any]] = [
        Job("plain", None),
        Job(
            "full",
            {"big": 2**70, "text": "é\u2028", "nested": [[], {}, None, 1.5]},
            priority=-7,
            run_at=later,
            max_attempts=9,
            timeout=timedelta(seconds=1.5),
            tags=["x", 'y "quoted", {braced}', "NULL"],
            idempotency_key="k",
            retry_delay=0.25,
            retry_backoff=False,
            retry_delay_max=7,
        ),
    ]
    stored = [queues.blocking.get_job(job_id) for job_id in queues.blocking.add_jobs(jobs)]
    onlooker.connection.execute(f"delete from {onlooker.schema}.job_queue".encode())
    async with way.open(postgres_url) as transaction:
        ids = await queues.add_jobs(way, transaction, jobs)
        await transaction.commit()
    for job_id, expected in zip(ids, stored, strict=True):
        job = queues.blocking.get_job(job_id)
        assert job is not None
        assert expected is not None
        own = {"id", "created_at", "updated_at"} | ({"run_at"} if job.job_type == "plain" else set())
        for name in {field.name for field in fields(job)} - own:
            assert getattr(job, name) == getattr(expected, name), name


def test_a_long_batch_is_all_or_nothing_and_in_order(queues: Queues, onlooker: Onlooker, postgres_url: str) -> None:
    jobs = [Job("t", number, idempotency_key=str(number % 11_000)) for number in range(11_003)]
    with psycopg.connect(postgres_url) as connection:
        queues.blocking.add_jobs(jobs, connection=connection)
        connection.rollback()
        assert onlooker.counts() == (0, 0, 0, 0)
        ids = queues.blocking.add_jobs(jobs, connection=connection)
    assert ids[11_000:] == ids[:3]
    assert [job_id.created for job_id in ids[10_999:]] == [True, False, False, False]
    assert ids[:11_000] == sorted(ids[:11_000])
    assert onlooker.counts() == (0, 11_000, 11_000, 11_000)


def test_queues_of_one_pool_and_of_a_search_path_add_into_their_schema(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    with (
        create_pool(PostgresConfig(postgres_url, schema=onlooker.schema)) as pool,
        JobQueue(pool) as shared,
        JobQueue(with_parameter(postgres_url, "search_path", f"{onlooker.schema},public")) as by_path,
        psycopg.connect(postgres_url) as connection,
    ):
        for queue in (shared, by_path):
            queue.add_job("t", None, connection=connection)
    assert onlooker.count("job_queue") == 2


def test_the_callers_search_path_does_not_matter(queues: Queues, onlooker: Onlooker, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, options="-c search_path=pg_catalog") as connection:
        queues.blocking.add_job("t", None, connection=connection)
    assert onlooker.count("job_queue") == 1
