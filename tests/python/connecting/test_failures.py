"""No server, no entry, no tables: what callers are told."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from dataqueue import (
    AsyncJobQueue,
    BackendUnavailable,
    ConfigError,
    Job,
    JobHandlers,
    JobQueue,
    MigrationRequired,
    chain,
)
from tests.conftest import with_parameter
from tests.processes import until
from tests.python.connecting.conftest import SECRET, GuardedServer, connects

# Every call of a queue that needs its tables.
CALLS: dict[str, Callable[[Any], Any]] = {
    "add_cron_job": lambda queue: queue.add_cron_job(
        schedule_name="s", cron_expression="@daily", job_type="t", payload=None
    ),
    "add_job": lambda queue: queue.add_job("t", None),
    "add_jobs": lambda queue: queue.add_jobs([Job("t", None)]),
    "add_workflow": lambda queue: queue.add_workflow(chain(Job("t", None), Job("t", None))),
    "cancel_all_upcoming_jobs": lambda queue: queue.cancel_all_upcoming_jobs(),
    "cancel_job": lambda queue: queue.cancel_job(1),
    "cleanup_old_job_events": lambda queue: queue.cleanup_old_job_events(),
    "cleanup_old_payloads": lambda queue: queue.cleanup_old_payloads(),
    "cleanup_old_jobs": lambda queue: queue.cleanup_old_jobs(),
    "cleanup_old_tokens": lambda queue: queue.cleanup_old_tokens(),
    "complete_token": lambda queue: queue.complete_token("wp_1"),
    "count_jobs": lambda queue: queue.count_jobs(),
    "delete_job": lambda queue: queue.delete_job(1),
    "delete_jobs": lambda queue: queue.delete_jobs(),
    "drain_worker": lambda queue: queue.drain_worker(1),
    "edit_cron_job": lambda queue: queue.edit_cron_job(1, priority=1),
    "enqueue_due_cron_jobs": lambda queue: queue.enqueue_due_cron_jobs(),
    "get_cron_job": lambda queue: queue.get_cron_job(1),
    "get_cron_job_by_name": lambda queue: queue.get_cron_job_by_name("s"),
    "list_cron_jobs": lambda queue: queue.list_cron_jobs(),
    "pause_cron_job": lambda queue: queue.pause_cron_job(1),
    "remove_cron_job": lambda queue: queue.remove_cron_job(1),
    "resume_cron_job": lambda queue: queue.resume_cron_job(1),
    "create_token": lambda queue: queue.create_token(),
    "expire_timed_out_tokens": lambda queue: queue.expire_timed_out_tokens(),
    "get_token": lambda queue: queue.get_token("wp_1"),
    "edit_all_pending_jobs": lambda queue: queue.edit_all_pending_jobs({"priority": 1}),
    "edit_job": lambda queue: queue.edit_job(1, priority=1),
    "get_all_jobs": lambda queue: queue.get_all_jobs(),
    "get_dependents": lambda queue: queue.get_dependents(1),
    "get_groups": lambda queue: queue.get_groups(),
    "get_limits": lambda queue: queue.get_limits(),
    "get_overview": lambda queue: queue.get_overview(),
    "get_tokens": lambda queue: queue.get_tokens(),
    "get_traffic": lambda queue: queue.get_traffic(),
    "get_workers": lambda queue: queue.get_workers(),
    "get_job": lambda queue: queue.get_job(1),
    "get_job_events": lambda queue: queue.get_job_events(1),
    "get_jobs": lambda queue: queue.get_jobs(),
    "get_jobs_by_status": lambda queue: queue.get_jobs_by_status("pending"),
    "get_jobs_by_tags": lambda queue: queue.get_jobs_by_tags(["a"]),
    "pause": lambda queue: queue.pause(),
    "paused": lambda queue: queue.paused(),
    "resume": lambda queue: queue.resume(),
    "reclaim_stuck_jobs": lambda queue: queue.reclaim_stuck_jobs(),
    "retry_all_failed_jobs": lambda queue: queue.retry_all_failed_jobs(),
    "retry_job": lambda queue: queue.retry_job(1),
    "run_cron_job": lambda queue: queue.run_cron_job(1),
    "search_jobs": lambda queue: queue.search_jobs(),
    "wait_for_job": lambda queue: queue.wait_for_job(1),
}
NEED_NO_TABLES = {
    "close",
    "create_processor",
    "create_supervisor",
    "durability",
    "events",
    "get_pool",
    "get_redis_client",
    "migrate",
    "off",
    "on",
    "once",
    "remove_all_listeners",
}


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody else takes meanwhile."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


async def told_by_all(url: str, error: type[Exception]) -> set[str]:
    """What each call of both twins says."""
    told = set()
    with JobQueue(url) as blocking:
        async with AsyncJobQueue(url) as awaiting:
            for name, call in CALLS.items():
                with pytest.raises(error) as raised:
                    call(blocking)
                told.add(str(raised.value))
                with pytest.raises(error) as raised:
                    await call(awaiting)
                told.add(str(raised.value))
                assert told, name
    return told


def test_the_calls_tried_here_are_all_there_are() -> None:
    public = {name for name in dir(JobQueue) if not name.startswith("_")}
    assert public == set(CALLS) | NEED_NO_TABLES


async def test_every_call_without_a_server_names_its_host_and_port(dead_port: int) -> None:
    url = f"postgresql://app:{SECRET}@127.0.0.1:{dead_port}/app?connect_timeout=600"
    for told in await told_by_all(url, BackendUnavailable):
        assert f"no connection to 127.0.0.1:{dead_port}: Connection refused" in told
        assert SECRET not in told


@pytest.mark.parametrize(
    ("hosts", "named"),
    [
        ("127.0.0.1:{port},127.0.0.1:1", "127.0.0.1:{port} or 127.0.0.1:1"),
        ("[::1]:{port}", "[::1]:{port}"),
        ("nowhere.invalid:{port}", "nowhere.invalid:{port}"),
        ("%2Fno%2Fsuch%2Ffolder:{port}", "/no/such/folder:{port}"),
    ],
)
def test_whatever_host_cannot_be_reached_is_named(hosts: str, named: str, dead_port: int) -> None:
    with pytest.raises(BackendUnavailable) as raised:
        connects(f"postgresql://app:{SECRET}@{hosts.format(port=dead_port)}/app")
    assert f"no connection to {named.format(port=dead_port)}: " in str(raised.value)
    assert SECRET not in str(raised.value)
    assert raised.value.retryable
    assert raised.value.backend == "postgresql"


def test_a_server_that_does_not_answer_is_given_up_after_connect_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(BackendUnavailable, match=rf"127\.0\.0\.1:{port} within connect_timeout \(0\.2 s\)"):
            connects(f"postgresql://app:{SECRET}@127.0.0.1:{port}/app?connect_timeout=0.2")


def test_a_pool_that_is_too_small_is_told_apart_from_a_server_that_is_away(postgres_url: str, schema: str) -> None:
    name = f"narrow {schema}"
    with (
        JobQueue(f"{postgres_url}?pool_max=1&connect_timeout=0.2&application_name={name}") as queue,
        psycopg.connect(postgres_url, autocommit=True) as admin,
        ThreadPoolExecutor(1) as threads,
    ):
        holding = threads.submit(queue.get_pool().fetch, "select pg_sleep(600)")
        found = "select pid from pg_stat_activity where application_name = %s and query like '%%pg_sleep%%'"
        until(lambda: admin.execute(found, (name,)).fetchone(), "the connection is taken")
        with pytest.raises(BackendUnavailable, match="pool_max is too low"):
            queue.get_pool().fetch("select 1 as one")
        admin.execute(f"select pg_terminate_backend(pid) from ({found}) as holder".encode(), (name,))
        with pytest.raises(BackendUnavailable, match="terminating connection"):
            holding.result(30)
        assert queue.get_pool().fetch("select 1 as one") == [{"one": 1}]


def test_who_may_not_enter_is_told_why(guarded_server: GuardedServer) -> None:
    place = f"127.0.0.1:{guarded_server.port}"
    with psycopg.connect(guarded_server.admin_url, autocommit=True) as admin:
        admin.execute("drop role if exists locked_out, crowded")
        admin.execute("create role locked_out nologin")
        admin.execute(f"create role crowded login password '{SECRET}' connection limit 0".encode())
    for url, error, told in (
        (guarded_server.url_at(place, password=f"{SECRET}-wrong"), ConfigError, "password authentication failed"),
        (f"postgresql://app@{place}/app", ConfigError, "password missing"),
        (f"postgresql://nobody:{SECRET}@{place}/app", ConfigError, "password authentication failed"),
        (f"postgresql://locked_out:{SECRET}@{place}/app", ConfigError, "password authentication failed"),
        (guarded_server.url_at(place, "/no_such_db"), ConfigError, 'database "no_such_db" does not exist'),
        (f"postgresql://crowded:{SECRET}@{place}/app", BackendUnavailable, "too many connections"),
    ):
        with pytest.raises(error, match=told) as raised:
            connects(url)
        assert place in str(raised.value)
        assert SECRET not in str(raised.value)


async def test_every_call_on_a_schema_that_was_never_migrated_names_the_command(postgres_url: str, schema: str) -> None:
    for told in await told_by_all(with_parameter(postgres_url, "schema", schema), MigrationRequired):
        assert f'the schema "{schema}" lacks migration 1' in told
        assert f"run `dataqueue migrate up --schema '{schema}'`" in told


async def test_every_call_on_a_schema_that_is_not_for_this_library_says_to_upgrade(
    postgres_store_url: str, postgres_url: str, schema: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        ledger = f"insert into {schema}.dataqueue_migrations (version, name) values (98, 'breaking_all'), (99, 'later')"
        connection.execute(ledger.encode())
    for told in await told_by_all(postgres_store_url, MigrationRequired):
        assert re.search(r"at migration 98, newer than this library's \d+ and not for it: upgrade the dataqueue", told)
    with JobQueue(postgres_store_url) as queue, pytest.raises(MigrationRequired, match="upgrade"):
        queue.migrate()


async def test_a_processor_on_a_schema_that_was_never_migrated_says_so(postgres_url: str, schema: str) -> None:
    handlers = JobHandlers()

    @handlers.job("t")
    def handler(payload: None) -> None: ...

    url = with_parameter(postgres_url, "schema", schema)
    with JobQueue(url) as queue, pytest.raises(MigrationRequired, match="dataqueue migrate up"):
        queue.create_processor(handlers).start()
    async with AsyncJobQueue(url) as awaiting:
        with pytest.raises(MigrationRequired, match="dataqueue migrate up"):
            await awaiting.create_processor(handlers).start()


def test_tables_that_are_taken_away_under_an_open_queue_are_missed(postgres_store_url: str) -> None:
    with JobQueue(postgres_store_url) as queue, JobQueue(postgres_store_url) as other:
        queue.add_job("t", None)
        other.migrate(0)
        with pytest.raises(MigrationRequired, match="dataqueue migrate up"):
            queue.add_job("t", None)
        other.migrate()
        queue.add_job("t", None)
        assert queue.count_jobs() == 1


def test_a_users_own_query_that_names_no_table_is_no_missing_migration(postgres_store_url: str) -> None:
    with JobQueue(postgres_store_url) as queue:
        with pytest.raises(Exception, match='relation "nothing" does not exist') as raised:
            queue.get_pool().fetch("select * from nothing")
        assert not isinstance(raised.value, MigrationRequired)
