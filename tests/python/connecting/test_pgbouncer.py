"""The main road through PgBouncer in transaction mode, where a connection is ours for one transaction only."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dataqueue import AsyncJobContext, AsyncJobQueue, ConfigError, Job, JobContext, JobHandlers, JobQueue
from tests.conftest import NOT_HERE, with_parameter
from tests.pooler import Pooler, pgbouncer
from tests.processes import until
from tests.servers import POSTGRES_VARIABLE

PATIENCE = 60
ROOT = Path(__file__).parents[3]

# Takes a job and never ends it.
HOLDER = """
import sys, time
from dataqueue import JobHandlers, JobQueue
handlers = JobHandlers()
@handlers.job("held")
def held(payload: str) -> None:
    print("HOLDING", flush=True)
    time.sleep(600)
JobQueue(sys.argv[1]).create_processor(handlers, lease=1, poll_interval=0.1).start()
"""


@pytest.fixture
def url(pooler: Pooler, schema: str) -> Iterator[str]:
    """A migrated store, through the pooler. Afterwards nothing of ours is left on the server's connections."""
    url = f"{pooler.url}?pgbouncer=true&schema={schema}"
    with JobQueue(url) as queue:
        queue.migrate()
    yield url
    with psycopg.connect(pooler.direct_url, autocommit=True) as direct:
        left = (
            "select count(*) from pg_locks join pg_stat_activity using (pid) "
            "where locktype = 'advisory' and granted and state = 'idle'"
        )
        # Another test may be migrating: what it holds for a moment is not what was left behind.
        until(lambda: direct.execute(left).fetchone() == (0,), "no advisory lock is left")
    with psycopg.connect(pooler.url, prepare_threshold=None) as through:
        assert through.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)
        changed = through.execute("select name from pg_settings where source in ('session', 'client')").fetchall()
        ours = {"jit", "enable_seqscan", "enable_hashjoin", "enable_mergejoin", "statement_timeout"}
        assert not ours & {name for (name,) in changed}


def test_blocking_code_adds_processes_retries_and_drains(url: str) -> None:
    handlers = JobHandlers()
    failed_once: set[int] = set()

    @handlers.job("sync")
    def sync(payload: int, *, ctx: JobContext) -> int:
        ctx.set_progress(50)
        return payload * 2

    @handlers.job("async")
    async def awaiting(payload: int, *, ctx: AsyncJobContext) -> int:
        await ctx.set_progress(50)
        return payload * 3

    @handlers.job("flaky", retry_delay=0.01)
    def flaky(payload: int) -> str:
        if payload not in failed_once:
            failed_once.add(payload)
            raise ValueError("not yet")
        return "at last"

    with JobQueue(url) as queue:
        ids = queue.add_jobs([Job(sync, n) for n in range(100)] + [Job(awaiting, n) for n in range(100)])
        retried = queue.add_job(flaky, 1, idempotency_key="k")
        assert queue.add_job(flaky, 1, idempotency_key="k") == retried
        processor = queue.create_processor(handlers, concurrency=8, batch_size=20, poll_interval=0.1)
        processor.start_in_background()
        outputs = [queue.wait_for_job(job_id, PATIENCE).output for job_id in ids]
        assert outputs == [n * 2 for n in range(100)] + [n * 3 for n in range(100)]
        again = queue.wait_for_job(retried, PATIENCE)
        assert (again.output, again.attempts) == ("at last", 2)
        assert [event.event_type for event in queue.get_job_events(retried)] == [
            "added", "processing", "failed", "processing", "completed",
        ]  # fmt: skip
        assert processor.stop_and_drain(PATIENCE)
        assert queue.count_jobs(status="completed") == 201


async def test_async_code_adds_processes_and_drains(url: str) -> None:
    handlers = JobHandlers()
    started = asyncio.Event()

    @handlers.job("quick")
    async def quick(payload: int) -> int:
        return payload

    @handlers.job("long")
    async def long(payload: None) -> None:
        started.set()
        await asyncio.sleep(PATIENCE)

    async with AsyncJobQueue(url) as queue:
        ids = await queue.add_jobs([Job(quick, n) for n in range(50)])
        processor = queue.create_processor(handlers, concurrency=8, poll_interval=0.1)
        processor.start_in_background()
        done = await asyncio.gather(*(queue.wait_for_job(job_id, PATIENCE) for job_id in ids))
        assert [job.output for job in done] == list(range(50))
        held = await queue.add_job(long, None)
        await asyncio.wait_for(started.wait(), PATIENCE)
        assert not await processor.stop_and_drain(0.05)
        job = await queue.get_job(held)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)


def test_a_bulk_add_is_one_transaction(url: str) -> None:
    jobs = [Job("t", number, idempotency_key=str(number % 11_000)) for number in range(11_001)]
    with JobQueue(url) as queue:
        ids = queue.add_jobs(jobs)
        assert ids[:11_000] == sorted(ids[:11_000])
        assert ids[11_000] == ids[0]
        assert queue.count_jobs() == 11_000
        assert queue.cancel_all_upcoming_jobs() == 11_000
        assert queue.cleanup_old_jobs(0) == 11_000


def test_a_killed_workers_job_is_taken_over(url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("held")
    def held(payload: str) -> str:
        return f"{payload} after all"

    with JobQueue(url) as queue:
        job_id = queue.add_job(held, "done")
        worker = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
        with worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "HOLDING\n"
            worker.send_signal(signal.SIGKILL)
        processor = queue.create_processor(handlers, lease=1, poll_interval=0.1)
        processor.start_in_background()
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.output, job.attempts) == ("done after all", 2)
        assert "reclaimed" in [event.event_type for event in queue.get_job_events(job_id)]
        assert processor.stop_and_drain(PATIENCE)


def test_more_clients_than_server_connections_take_turns(pooler: Pooler, url: str) -> None:
    with pgbouncer(pooler.direct_url, pool_size=2) as narrow:
        through = url.replace(pooler.url, narrow.url)
        with JobQueue(with_parameter(through, "pool_max", "20")) as queue:
            threads = [threading.Thread(target=queue.add_job, args=("t", number)) for number in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            assert queue.count_jobs() == 40


def test_the_callers_own_connection_may_go_through_it_too(pooler: Pooler, url: str) -> None:
    with JobQueue(url) as queue, psycopg.connect(pooler.url, prepare_threshold=None) as connection:
        lost = queue.add_job("t", "lost", connection=connection)
        connection.rollback()
        kept = queue.add_job("t", "kept", connection=connection)
        connection.commit()
        assert (queue.get_job(lost) is None, queue.get_job(kept) is None) == (True, False)
        assert queue.get_pool().fetch("select $1::int + 1 as two", 1) == [{"two": 2}]


def test_migrations_from_two_places_at_once_run_once(pooler: Pooler, schema: str) -> None:
    url = f"{pooler.url}?pgbouncer=true&schema={schema}"
    with JobQueue(url) as one, JobQueue(url) as other:
        steps: list[int] = []
        threads = [threading.Thread(target=lambda q=q: steps.append(len(q.migrate()))) for q in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert min(steps) == 0
        assert max(steps) > 0
        assert one.count_jobs() == 0


def test_a_pooler_that_was_not_declared_says_to_declare_it(pooler: Pooler) -> None:
    with JobQueue(pooler.url) as queue, pytest.raises(ConfigError, match="set pgbouncer=true") as raised:
        queue.count_jobs()
    assert pooler.url.split("@")[1].split("/")[0] in str(raised.value)


def test_a_pooler_that_was_not_declared_and_hides_is_found_by_what_it_loses(
    pooler: Pooler, url: str, schema: str
) -> None:
    with (
        pgbouncer(pooler.direct_url, settings={"ignore_startup_parameters": "options"}) as hiding,
        JobQueue(f"{hiding.url}?pool_max=1&schema={schema}") as queue,
        psycopg.connect(hiding.url, prepare_threshold=None) as other,
    ):
        assert queue.get_job(1) is None
        # The server's connection that knows our statements is now somebody else's.
        other.execute("select 1")
        with pytest.raises(ConfigError, match="set pgbouncer=true"):
            queue.get_job(1)


def test_settings_that_it_cannot_pass_on_are_refused(pooler: Pooler) -> None:
    with pytest.raises(ConfigError, match="PgBouncer"):
        JobQueue(f"{pooler.url}?pgbouncer=true&options=-c%20work_mem%3D7MB")


@pytest.mark.timeout(1500)
def test_the_conformance_suite_passes_through_it(pooler: Pooler) -> None:
    cargo = shutil.which("cargo", path=f"{os.environ['PATH']}{os.pathsep}{Path.home() / '.cargo/bin'}")
    if cargo is None:
        pytest.skip(f"{NOT_HERE}cargo is not on this machine, so the suite of the engine cannot be built")
    built = subprocess.run(
        [cargo, "test", "--locked", "--no-run", "--test", "core", "--message-format=json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    [binary] = [message["executable"] for message in messages if message.get("target", {}).get("name") == "core"]
    # Notifications cannot pass, which is what most of these are about.
    skipped = [
        "--skip",
        "postgres::cancelling::asking_is_hinted_at_in_every_process",
        "--skip",
        "postgres::cancelling::who_waits_for_its_end_is_told",
        "--skip",
        "postgres::wake::",
        "--skip",
        "postgres::watch::",
        "--skip",
        "postgres::workers::whoever_listens_is_hinted_that_a_worker_is_asked",
        "--skip",
        "postgres::firing::adding_and_firing_wake_processors",
        "--skip",
        "processor::",
        "--skip",
        "plans::",
        # These end connections of the server, which other tests share here.
        "--skip",
        "cut_connections",
        "--skip",
        "connections_were_cut",
    ]
    ran = subprocess.run(
        [binary, "postgres::", *skipped],
        cwd=ROOT,
        env={**os.environ, POSTGRES_VARIABLE: pooler.url, "DATAQUEUE_TEST_PGBOUNCER": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 passed" not in ran.stdout
