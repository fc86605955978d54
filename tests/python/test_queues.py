"""Queues themselves: how they are opened, shared, logged and closed."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

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
    create_pool,
)
from tests.conftest import with_parameter
from tests.python.conftest import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = ("DATAQUEUE_URL", "PG_DATAQUEUE_DATABASE")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_the_url_comes_from_the_argument_then_the_variables_then_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "dataqueue.db" in repr(JobQueue())
    monkeypatch.setenv("PG_DATAQUEUE_DATABASE", "postgresql://u:secret@second/db")
    assert repr(JobQueue()) == "<JobQueue postgresql://u@second:5432/db>"
    monkeypatch.setenv("DATAQUEUE_URL", "sqlite:///first.db")
    for queue in (JobQueue(), AsyncJobQueue()):
        assert "first.db" in repr(queue)
    assert "third.db" in repr(JobQueue("sqlite:///third.db"))
    # An empty variable is none.
    monkeypatch.setenv("DATAQUEUE_URL", "")
    assert "second" in repr(JobQueue())


def test_the_default_store_is_made_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with JobQueue() as queue:
        assert list(tmp_path.iterdir()) == []
        queue.add_job("t", 1)
    assert (tmp_path / "dataqueue.db").is_file()
    with JobQueue(SqliteConfig()) as queue:
        assert queue.count_jobs() == 1


def test_a_store_in_memory_lives_as_long_as_its_queue() -> None:
    for url in ("sqlite:///:memory:", "sqlite://:memory:", SqliteConfig(":memory:")):
        with JobQueue(url) as queue:
            queue.add_job("t", 1)
            assert queue.count_jobs() == 1
            assert queue.create_processor({"t": lambda payload: payload}).start() == 1
        with JobQueue(url) as queue:
            assert queue.count_jobs() == 0


async def test_leaving_the_block_closes_and_closing_twice_is_allowed(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        assert queue.count_jobs() == 0
    queue.close()
    queue.close()
    async with AsyncJobQueue(store_url) as twin:
        assert await twin.count_jobs() == 0
    await twin.close()
    await twin.close()
    # Also one that was never used.
    await AsyncJobQueue(store_url).close()
    JobQueue(store_url).close()


async def test_a_closed_queue_says_so_whatever_is_asked_of_it(store_url: str) -> None:
    queue, twin = JobQueue(store_url), AsyncJobQueue(store_url)
    job_id = queue.add_job("t", 1)
    await twin.count_jobs()
    queue.close()
    await twin.close()
    for call in (
        lambda: queue.add_job("t", 1),
        lambda: queue.add_jobs([Job("t", 1)]),
        lambda: queue.get_job(job_id),
        queue.get_jobs,
        queue.count_jobs,
        lambda: queue.wait_for_job(job_id),
        lambda: queue.cancel_job(job_id),
        lambda: queue.cleanup_old_jobs(1),
        lambda: queue.create_processor({"t": lambda payload: payload}),
    ):
        with pytest.raises(DataQueueError, match="closed"):
            call()
    with pytest.raises(DataQueueError, match="closed"):
        await twin.add_job("t", 1)
    # What needs no store is refused or answered as ever.
    assert queue.add_jobs([]) == []
    with pytest.raises(ValueError, match="job_type is empty"):
        queue.add_job("", 1)


async def test_an_error_in_the_block_comes_through_and_the_queue_is_closed(store_url: str) -> None:
    with pytest.raises(KeyError, match="mine"), JobQueue(store_url) as queue:
        raise KeyError("mine")
    with pytest.raises(DataQueueError, match="closed"):
        queue.count_jobs()
    with pytest.raises(KeyError, match="mine"):
        async with AsyncJobQueue(store_url) as twin:
            raise KeyError("mine")
    with pytest.raises(DataQueueError, match="closed"):
        await twin.count_jobs()


def test_a_shared_pool_serves_several_queues_and_outlives_them(postgres_store_url: str) -> None:
    with create_pool(PostgresConfig(postgres_store_url, pool_max=2)) as pool:
        with JobQueue(pool) as first, JobQueue(pool) as second:
            job_id = first.add_job("t", 1)
            assert second.get_job(job_id) == first.get_job(job_id)
        with JobQueue(pool) as third:
            assert third.count_jobs() == 1

        async def use() -> int:
            async with AsyncJobQueue(pool) as twin:
                return await twin.count_jobs()

        assert asyncio.run(use()) == 1
        assert third.count_jobs() == 1
    with pytest.raises(DataQueueError, match="closed"):
        third.count_jobs()


def test_a_pool_of_one_serves_many_threads_and_a_processor(postgres_store_url: str) -> None:
    with JobQueue(PostgresConfig(postgres_store_url, pool_max=1)) as queue:
        processor = queue.create_processor({"t": lambda payload: payload}, concurrency=5)
        processor.start_in_background()
        added: list[int] = []
        threads = [threading.Thread(target=lambda: added.append(queue.add_job("t", 1))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert {queue.wait_for_job(job_id, PATIENCE).status.value for job_id in added} == {"completed"}
        assert len(added) == 20
        assert processor.stop_and_drain(PATIENCE)


def test_the_pool_of_a_queue_runs_statements_of_the_users(postgres_store_url: str, schema: str) -> None:
    with JobQueue(postgres_store_url) as queue:
        job_id = queue.add_job("t", {"a": 1}, tags=["x"])
        pool = queue.get_pool()
        rows = pool.fetch(f"select id, payload, tags from {schema}.job_queue where job_type = $1", "t")
        assert rows == [{"id": job_id, "payload": {"a": 1}, "tags": ["x"]}]
        assert pool.execute(f"update {schema}.job_queue set priority = $1::int where id = $2::bigint", 5, job_id) == 1
        with pytest.raises(DataQueueError, match="nonsense"):
            pool.fetch("select nonsense")

        async def twin() -> list[dict[str, Any]]:
            async with AsyncJobQueue(postgres_store_url) as awaited:
                return await awaited.get_pool().fetch("select $1::int as n, $2 as s", 7, None)

        assert asyncio.run(twin()) == [{"n": 7, "s": None}]


def test_one_async_queue_serves_several_loops(store_url: str) -> None:
    queue = AsyncJobQueue(store_url)

    async def use() -> int:
        await asyncio.gather(*(queue.add_job("t", at) for at in range(10)))
        return await queue.count_jobs()

    assert [asyncio.run(use()) for _ in range(3)] == [10, 20, 30]
    asyncio.run(queue.close())


def test_a_queue_may_be_used_by_many_threads(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        threads = [threading.Thread(target=queue.add_jobs, args=([Job("t", part)] * 10,)) for part in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert queue.count_jobs() == 80


def test_a_wait_for_a_job_does_not_keep_the_loop_from_its_work(store_url: str) -> None:
    async def use() -> tuple[str, int]:
        async with AsyncJobQueue(store_url) as queue:
            job_id = await queue.add_job("t", 1)
            waiting = asyncio.create_task(queue.wait_for_job(job_id, PATIENCE))
            turns = 0
            while await queue.count_jobs() and turns < 10:
                turns += 1
            assert not waiting.done()
            await queue.cancel_job(job_id)
            return (await waiting).status.value, turns

    assert asyncio.run(use()) == ("cancelled", 10)


VERBOSE = """
import logging, sys
logging.basicConfig(level=int(sys.argv[2]), format="%(name)s %(levelname)s %(message)s", stream=sys.stdout)
from dataqueue import JobQueue
with JobQueue(sys.argv[1], verbose=sys.argv[3] == "verbose") as queue:
    queue.migrate()
    queue.add_job("t", "private")
    queue.create_processor({"t": lambda payload: payload}).start()
"""


def logged(url: str, level: int, mode: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", VERBOSE, url, str(level), mode], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_verbose_queue_logs_through_logging_and_never_a_password(postgres_url: str, schema: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        role = f"r_{schema}"
        connection.execute(f"create role {role} login superuser password 'Zq9-secret'".encode())
        try:
            info = psycopg.conninfo.conninfo_to_dict(postgres_url)
            own = f"postgresql://{role}:Zq9-secret@{info.get('host')}:{info.get('port')}/{info.get('dbname')}"
            own = with_parameter(own, "schema", schema)
            for level in (logging.DEBUG, logging.WARNING):
                lines = logged(own, level, "verbose")
                assert all(line.startswith("dataqueue ") for line in lines)
                text = "\n".join(lines)
                assert "INFO add_job(t): " in text
                assert "is registered" in text
                assert "has ended" in text
                assert ("DEBUG recorded how 1 runs ended" in text) is (level == logging.DEBUG)
                assert "Zq9-secret" not in text
                assert "private" not in text
                assert logged(own, level, "quiet") == []
        finally:
            connection.execute(f'drop schema if exists "{schema}" cascade'.encode())
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    connection.execute(f"drop role {role}".encode())
                    break
                except psycopg.Error:
                    assert time.monotonic() < deadline


def test_the_handlers_of_a_process_may_be_told_apart_from_its_queue(store_url: str) -> None:
    handlers = JobHandlers()
    handlers.job("t")(lambda payload: payload)
    assert repr(handlers) == "<JobHandlers t>"
    assert repr(Job("t", 1)) == "<Job 't'>"
    with JobQueue(store_url) as queue:
        assert queue.create_processor(handlers).start() == 0
