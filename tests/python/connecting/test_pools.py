"""The queue's own connections: lent to the caller, shared by queues, counted, and never carried over a fork."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from dataqueue import (
    AsyncJobQueue,
    DataQueueError,
    Job,
    JobHandlers,
    JobQueue,
    PostgresConfig,
    SqliteConfig,
    UnsupportedBackend,
    create_pool,
)
from tests.conftest import with_parameter
from tests.processes import until

PATIENCE = 30
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def connections(postgres_url: str) -> Callable[[str], int]:
    """How many connections the server has from an application of this name."""

    def count(name: str) -> int:
        with psycopg.connect(postgres_url) as connection:
            row = connection.execute(
                "select count(*) from pg_stat_activity where application_name = %s", (name,)
            ).fetchone()
            assert row is not None
            return int(row[0])

    return count


@pytest.mark.parametrize(
    ("cast", "value", "answer"),
    [
        ("int", 7, 7),
        ("bigint", 2**62, 2**62),
        ("numeric", Decimal("1.50"), 1.5),
        ("float8", 0.25, 0.25),
        ("bool", True, True),
        ("text", 'it\'s "é" \\ $1 %s', 'it\'s "é" \\ $1 %s'),
        ("text", "", ""),
        ("text", None, None),
        ("bytea", b"\x00\xff", "\\x00ff"),
        ("timestamptz", MOMENT, "2026-03-01T12:30:15.123456+00:00"),
        ("date", date(2026, 3, 1), "2026-03-01"),
        ("time", time(1, 2, 3), "01:02:03"),
        ("interval", timedelta(days=2, seconds=3), "2 days 00:00:03"),
        ("uuid", uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ("jsonb", {"a": [1, None, "x"]}, {"a": [1, None, "x"]}),
        ("int[]", [1, None, 3], [1, None, 3]),
        ("text[]", ['a "b"', "NULL", "", "{c,d}", "\\", None], ['a "b"', "NULL", "", "{c,d}", "\\", None]),
        ("int[]", [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ],
)
async def test_a_parameter_goes_to_the_server_and_back(cast: str, value: Any, answer: Any, postgres_url: str) -> None:
    sql = f"select $1::{cast} as value"
    with JobQueue(postgres_url) as queue:
        assert queue.get_pool().fetch(sql, value) == [{"value": answer}]
    async with AsyncJobQueue(postgres_url) as awaiting:
        assert await awaiting.get_pool().fetch(sql, value) == [{"value": answer}]


async def test_the_callers_own_statements_run_and_fail_one_by_one(postgres_store_url: str, schema: str) -> None:
    with JobQueue(postgres_store_url) as queue:
        pool = queue.get_pool()
        assert pool.execute(f'create table "{schema}".own (id int primary key, name text)') == 0
        assert pool.execute(f'insert into "{schema}".own select n, $1 from generate_series(1, 3) n', "x") == 3
        with pytest.raises(DataQueueError, match=r"duplicate key.*SQLSTATE 23505"):
            pool.execute(f'insert into "{schema}".own values (1, $1)', "y")
        with pytest.raises(DataQueueError, match="syntax error"):
            pool.fetch("select from where")
        with pytest.raises(TypeError, match=r"\$1 is of type object"):
            pool.fetch("select $1", object())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"\$2 is a naive datetime"):
            pool.fetch("select $1, $2", 1, datetime(2026, 1, 1))  # noqa: DTZ001
        for end in ("", ";", " ; \n", " -- a comment"):
            ordered = f'select id from "{schema}".own where name = $1 order by id desc{end}'
            assert pool.fetch(ordered, "x") == [{"id": 3}, {"id": 2}, {"id": 1}]
        assert pool.fetch(f'select * from "{schema}".own where false') == []
        assert pool.fetch('select 1 as a, 2 as "B c"') == [{"a": 1, "B c": 2}]
        # The planner that callers get is their server's, and ours is back afterwards.
        assert pool.fetch("select current_setting('enable_seqscan') as value") == [{"value": "on"}]
        assert queue.count_jobs() == 0


async def test_other_stores_have_no_such_handle(sqlite_store_url: str, postgres_url: str) -> None:
    for url in (sqlite_store_url, "sqlite://:memory:"):
        with JobQueue(url) as queue, pytest.raises(UnsupportedBackend, match=r"get_pool\(\) is for PostgreSQL"):
            queue.get_pool()
        async with AsyncJobQueue(url) as awaiting:
            with pytest.raises(UnsupportedBackend, match=r"get_pool\(\) is for PostgreSQL"):
                awaiting.get_pool()
    with JobQueue(postgres_url) as queue, pytest.raises(UnsupportedBackend, match=r"get_redis_client\(\) is for Redis"):
        queue.get_redis_client()


async def test_queues_share_a_pool_and_do_not_close_it(
    postgres_url: str, postgres_store_url: str, schema: str, connections: Callable[[str], int]
) -> None:
    name = f"shared {schema}"
    config = PostgresConfig(postgres_store_url, pool_max=2, application_name=name)
    with create_pool(config) as pool:
        assert connections(name) == 0
        with JobQueue(pool) as first:
            first.add_job("t", 1)
        async with AsyncJobQueue(pool) as second:
            await second.add_jobs([Job("t", number) for number in range(5)])
        third = JobQueue(pool)
        assert third.count_jobs() == 6
        third.close()
        third.close()
        assert JobQueue(pool).count_jobs() == 6
        assert 1 <= connections(name) <= 2
        with pytest.raises(DataQueueError, match="closed"):
            _closed(pool, third)
    until(lambda: connections(name) == 0, "the pool's connections are closed")


def _closed(pool: Any, queue: JobQueue) -> None:
    pool.close()
    queue.count_jobs()


def test_a_pool_is_made_of_a_postgres_config_only() -> None:
    for wrong in ("postgresql://db/app", SqliteConfig("jobs.db"), None):
        with pytest.raises(TypeError, match=r"create_pool.* takes a PostgresConfig"):
            create_pool(wrong)  # type: ignore[arg-type]


def test_one_connection_serves_everything_at_once(postgres_store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("outer")
    def outer(payload: int) -> int:
        # A handler that adds and waits while the processor claims, renews and records on the same connection.
        return int(queue.wait_for_job(queue.add_job("inner", payload), PATIENCE).output or 0) + 1

    @handlers.job("inner")
    async def inner(payload: int) -> int:
        return payload * 10

    with JobQueue(with_parameter(postgres_store_url, "pool_max", "1")) as queue:
        processor = queue.create_processor(handlers, concurrency=8, lease=2)
        processor.start_in_background()
        ids: list[int] = []
        threads = [threading.Thread(target=lambda n=n: ids.append(queue.add_job(outer, n))) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        outputs = sorted(int(queue.wait_for_job(job_id, PATIENCE).output) for job_id in ids)
        assert outputs == [1, 11, 21, 31]
        assert processor.stop_and_drain(PATIENCE)


def test_the_pool_keeps_to_its_bounds(postgres_store_url: str, schema: str, connections: Callable[[str], int]) -> None:
    name = f"bounded {schema}"
    config = PostgresConfig(postgres_store_url, pool_min=2, pool_max=3, application_name=name)
    with JobQueue(config) as queue:
        queue.count_jobs()
        until(lambda: connections(name) == 2, "pool_min connections are open")
        sleeping = [threading.Thread(target=queue.get_pool().fetch, args=("select pg_sleep(0.3)",)) for _ in range(8)]
        for thread in sleeping:
            thread.start()
        until(lambda: connections(name) == 3, "pool_max connections are open")
        while any(thread.is_alive() for thread in sleeping):
            assert connections(name) <= 3
        for thread in sleeping:
            thread.join()
    until(lambda: connections(name) == 0, "closing the queue closes them")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_makes_connections_of_its_own(postgres_store_url: str) -> None:
    with create_pool(PostgresConfig(postgres_store_url, pool_max=1)) as pool, JobQueue(pool) as queue:
        queue.add_job("t", "before")
        [ours] = queue.get_pool().fetch("select pg_backend_pid() as pid")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                queue.add_job("t", "in the child")
                [theirs] = queue.get_pool().fetch("select pg_backend_pid() as pid")
                os.write(writer, str(theirs["pid"]).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            theirs_pid = told.read()
        os.waitpid(child, 0)
        assert theirs_pid.isdigit()
        assert int(theirs_pid) != ours["pid"]
        assert queue.get_pool().fetch("select pg_backend_pid() as pid") == [ours]
        assert [job.payload for job in queue.get_all_jobs()] == ["in the child", "before"]
