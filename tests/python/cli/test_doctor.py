"""`dataqueue doctor` on each store: it tells what is wrong, and what to do."""

from __future__ import annotations

import json
import os
import re
import signal
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dataqueue import JobQueue
from dataqueue.cli.doctor.finding import Finding, Level, run_checks, warning
from dataqueue.cli.doctor.postgres import _oldest_transaction
from dataqueue.cli.doctor.postgres_tables import expected_indexes
from dataqueue.cli.doctor.store import clock, durability
from tests.conftest import NOT_HERE, migrated, with_parameter
from tests.processes import Worker, until
from tests.python.cli.conftest import Cli
from tests.redis_servers import private_valkey
from tests.schedules import mover
from tests.servers import NotHereError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.redis_servers import RedisServer
    from tests.servers import Pooler


FLEET = {"workers", "schedules", "paused", "waiting jobs", "running jobs"}


def findings(cli: Cli) -> dict[str, list[dict[str, Any]]]:
    """What it finds, by what was looked at."""
    ran = cli("doctor", "--json")
    told = json.loads(ran.stdout)
    levels = [one["level"] for one in told["findings"]]
    assert told["level"] == max(levels, key=list(Level).index)
    assert ran.exit_code == (1 if "problem" in levels else 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in told["findings"]:
        assert one["found"]
        assert one["remedy"] or one["level"] in ("ok", "notice")
        assert "could not be looked at" not in one["found"], one
        found.setdefault(one["check"], []).append(one)
    return found


def levels(found: dict[str, list[dict[str, Any]]], check: str) -> set[str]:
    return {one["level"] for one in found[check]}


def test_each_store_is_looked_at(cli: Cli, jobs: JobQueue, request: pytest.FixtureRequest) -> None:
    jobs.add_job("t", None)
    found = findings(cli)
    expected = {
        "sqlite": {"journal", "file", "disk", "integrity"},
        "postgresql": {
            "server",
            "indexes",
            "dead rows",
            "oldest transaction",
            "horizon",
            "connections",
            "pooler",
            "clock",
        },
        "redis": {"server", "role", "memory", "persistence", "keys", "clock"},
    }[jobs._requests.store.backend]
    if "+cluster:" in cli.url:
        expected = expected | {"cluster"}
    assert set(found) == expected | {"round trip", "schema", "durability", *FLEET}
    for check in expected - {"memory", "persistence", "oldest transaction", "horizon", "connections", "dead rows"}:
        assert levels(found, check) == {"ok"}, found[check]
    assert levels(found, "schema") == {"ok"}
    text = cli("doctor").stdout
    assert text.startswith(jobs._requests.store.location)
    assert "round trip" in text
    assert jobs.count_jobs() == 1


def test_jobs_that_nobody_takes_are_told_of(cli: Cli, jobs: JobQueue) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=3)
    for job_type in ("orphan", "orphan", "fresh"):
        jobs.add_job(job_type, None, run_at=None if job_type == "fresh" else long_ago)
    jobs.pause("mail")
    found = findings(cli)
    (lying,) = found["waiting jobs"]
    assert (lying["level"], "'orphan'" in lying["found"], "3h" in lying["found"]) == ("warning", True, True)
    (paused,) = found["paused"]
    assert paused["remedy"] == "let it go on with `dataqueue resume --type mail`"


def test_a_dead_worker_and_its_jobs_are_told_of(cli: Cli, jobs: JobQueue, tmp_path: Path) -> None:
    assert levels(findings(cli), "workers") == {"notice"}
    started = tmp_path / "started"
    jobs.add_job("gate", {"started": str(started), "open": str(tmp_path / "open")})
    with Worker("tests.python.worker_handlers:handlers", cli.url, tmp_path, "--lease", "1") as worker:
        (child,) = worker.children()
        until(started.exists, "the job runs")
        assert levels(findings(cli), "workers") == {"ok"}
        worker.send(signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        until(lambda: levels(findings(cli), "workers") == {"warning"}, "the lease has run out")
        worker.ends()


def test_schedules_that_nobody_fires_are_told_of(cli: Cli, jobs: JobQueue) -> None:
    schedule_id = jobs.add_cron_job(schedule_name="s", cron_expression="0 0 1 1 *", job_type="t", payload=None)
    assert levels(findings(cli), "schedules") == {"ok"}
    with mover(cli.url) as move:
        move(schedule_id, datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=5))
    (late,) = findings(cli)["schedules"]
    assert (late["level"], "'s' for 5h" in late["found"]) == ("warning", True)


def test_a_store_that_is_away_is_a_problem(tmp_path: Path) -> None:
    ran = Cli("redis://127.0.0.1:1/0?connect_timeout=1", tmp_path).run("doctor", "--json")
    assert ran.returncode == 1
    (finding,) = json.loads(ran.stdout)["findings"]
    assert (finding["check"], finding["level"]) == ("reach", "problem")


def test_a_schema_that_is_not_there_is_the_only_problem(postgres_url: str, schema: str, tmp_path: Path) -> None:
    cli = Cli(with_parameter(postgres_url, "schema", schema), tmp_path)
    found = findings(cli)
    assert levels(found, "schema") == {"problem"}
    assert "dataqueue migrate up" in found["schema"][0]["remedy"]
    assert levels(found, "indexes") == {"ok"}
    with JobQueue(cli.url) as queue:
        queue.migrate(3)
    found = findings(cli)
    assert "0004 cancelling" in found["schema"][0]["found"]
    assert levels(found, "indexes") == {"ok"}


def test_the_expected_indexes_are_those_that_migrations_leave(postgres_store_url: str, postgres_url: str) -> None:
    schema = postgres_store_url.rpartition("=")[2]
    with JobQueue(postgres_store_url) as queue, psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "select indexname from pg_indexes where schemaname = %s and indexname like 'idx%%'", [schema]
        ).fetchall()
        expected = expected_indexes(queue._requests.store.migration_sql(None, []))
    assert set(expected) == {name for (name,) in rows}


def test_indexes_and_vacuum_that_are_wrong_are_told_of(
    postgres_store_url: str, postgres_url: str, tmp_path: Path
) -> None:
    cli, schema = Cli(postgres_store_url, tmp_path), postgres_store_url.rpartition("=")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'drop index "{schema}".idx_job_queue_tags')
        connection.execute(f'alter table "{schema}".job_queue set (autovacuum_enabled = false)')
        connection.execute(
            "update pg_index set indisvalid = false where indexrelid = %s::regclass",
            [f'"{schema}".idx_cron_schedules_name'],
        )
        found = findings(cli)
        missing, invalid = sorted(found["indexes"], key=lambda one: "not valid" in one["found"])
        assert missing["level"] == invalid["level"] == "problem"
        making = missing["remedy"].removeprefix("make it anew: ")
        assert "idx_job_queue_tags is missing" in missing["found"]
        assert "idx_cron_schedules_name is not valid" in invalid["found"]
        assert any("autovacuum is off for job_queue" in one["found"] for one in found["dead rows"])
        connection.execute(making)
        connection.execute(invalid["remedy"].removeprefix("run "))
        connection.execute(f'alter table "{schema}".job_queue reset (autovacuum_enabled)')
    assert levels(findings(cli), "indexes") == {"ok"}


def test_a_transaction_that_stays_open_is_named_with_its_owner(
    postgres_store_url: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataqueue.cli.doctor.postgres._OLD", 0.0)
    cli = Cli(postgres_store_url, tmp_path)
    with psycopg.connect(postgres_url, application_name="forgetful") as connection:
        connection.execute("select txid_current(), 'sleeping'")
        pid = connection.info.backend_pid
        seen: list[dict[str, Any]] = []

        def is_named() -> bool:
            # Tests that run beside this one may have older ones, which end.
            seen[:] = findings(cli)["oldest transaction"]
            return f"pid {pid}," in seen[0]["found"]

        until(is_named, "the transaction is the oldest")
        assert "forgetful" in seen[0]["found"]
        assert "sleeping" in seen[0]["found"]
        assert f"pg_terminate_backend({pid})" in seen[0]["remedy"]
        assert seen[0]["level"] == "warning"


def test_what_a_role_may_not_see_is_told(postgres_url: str) -> None:
    role = f"t_{uuid.uuid4().hex[:20]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create role {role} login password 'secret'")
        try:
            with JobQueue(re.sub("//([^@/]*@)?", f"//{role}:secret@", postgres_url, count=1)) as queue:
                hidden, _ = _oldest_transaction(queue.get_pool())
        finally:
            connection.execute(f"drop role {role}")
        with JobQueue(postgres_url) as queue:
            assert len(list(_oldest_transaction(queue.get_pool()))) == 1
    assert (hidden.level, role in hidden.found) == (Level.NOTICE, True)
    assert hidden.remedy is not None
    assert "pg_read_all_stats" in hidden.remedy


def test_a_pooler_is_noticed_and_whether_it_was_told_of(pooler: Pooler, schema: str, tmp_path: Path) -> None:
    migrated(pooler.direct_url, schema)
    url = with_parameter(pooler.url, "schema", schema)
    (told,) = findings(Cli(with_parameter(url, "pgbouncer", "true"), tmp_path))["pooler"]
    assert (told["level"], "transaction pooler" in told["found"]) == ("notice", True)
    ran = Cli(with_parameter(url, "pgbouncer", "false"), tmp_path)("doctor", "--json")
    assert ran.exit_code == 1
    bad = [one for one in json.loads(ran.stdout)["findings"] if one["level"] == "problem"]
    assert any("pgbouncer" in f"{one['found']} {one['remedy']}" for one in bad), bad
    (direct,) = findings(Cli(with_parameter(pooler.direct_url, "schema", schema), tmp_path))["pooler"]
    assert direct["level"] == "ok"


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A server whose settings a test may change."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(private_valkey())
        except NotHereError as reason:
            pytest.skip(f"{NOT_HERE}{reason}")
        yield running


def test_a_server_that_evicts_or_forgets_is_a_problem(own_server: RedisServer, tmp_path: Path) -> None:
    cli = Cli(own_server.url, tmp_path)
    with JobQueue(own_server.url) as queue:
        queue.add_job("t", None)
        client = queue.get_redis_client()
        for settings, check, level in [
            ({"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}, "memory", "problem"),
            ({"maxmemory": "0"}, "memory", "warning"),
            ({"maxmemory-policy": "noeviction"}, "memory", "notice"),
            ({"maxmemory": "100mb"}, "memory", "ok"),
            ({"appendonly": "no", "save": ""}, "durability", "problem"),
            ({"appendonly": "yes", "appendfsync": "everysec"}, "durability", "warning"),
            ({"appendfsync": "always"}, "durability", "ok"),
        ]:
            for name, value in settings.items():
                client.execute("CONFIG SET", name, value)
            assert levels(findings(cli), check) == {level}, settings
        assert levels(findings(cli), "persistence") == {"ok"}
        (keys,) = findings(cli)["keys"]
        assert "with 1 jobs" in keys["found"]


def test_a_replica_is_a_problem(redis_sentinels: Any, tmp_path: Path) -> None:
    with JobQueue(redis_sentinels.url) as queue:
        queue.add_job("t", None)
        found = findings(Cli(redis_sentinels.url, tmp_path))
    assert levels(found, "role") == {"ok"}
    assert "replica" in found["role"][0]["found"]


def test_a_cluster_is_looked_at(redis_cluster_url: str, tmp_path: Path) -> None:
    url = with_parameter(redis_cluster_url, "key_prefix", f"t{uuid.uuid4().hex[:20]}:")
    with JobQueue(url) as queue:
        queue.get_job(1)
        found = findings(Cli(url, tmp_path))
    assert (levels(found, "cluster"), levels(found, "keys")) == ({"ok"}, {"ok"})


def test_a_damaged_file_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    cli = Cli(f"sqlite:///{path}", tmp_path)
    with JobQueue(cli.url) as queue:
        for number in range(200):
            queue.add_job("t", "x" * 500, tags=[str(number)])
    with path.open("r+b") as file:
        for page in range(1, 20):
            file.seek(-4096 * page, 2)
            file.write(b"\xa5" * 8)
    ran = cli.run("doctor", "--json")
    assert ran.returncode == 1
    told = {one["check"]: one for one in json.loads(ran.stdout)["findings"] if one["level"] == "problem"}
    assert "damaged" in told["integrity"]["found"]
    assert "backup" in told["integrity"]["remedy"]


def test_a_large_file_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataqueue.cli.doctor.sqlite._CHECKED", 0)
    monkeypatch.setattr("dataqueue.cli.doctor.sqlite._LOG", -1)
    monkeypatch.setattr("dataqueue.cli.doctor.sqlite._LITTLE", 2**62)
    cli = Cli(f"sqlite:///{tmp_path / 'jobs.db'}", tmp_path)
    cli("jobs", "add", "t", "1")
    found = findings(cli)
    assert levels(found, "integrity") == {"notice"}
    assert levels(found, "file") == {"warning"}
    assert levels(found, "disk") == {"warning"}


def test_clocks_that_differ_are_told_of() -> None:
    (well,) = clock(lambda: datetime.now(UTC))
    assert well.level == Level.OK
    (ahead,) = clock(lambda: datetime.now(UTC) + timedelta(minutes=5, seconds=1))
    assert (ahead.level, "5m1s ahead" in ahead.found or "5m ahead" in ahead.found) == (Level.WARNING, True)
    (behind,) = clock(lambda: datetime.now(UTC) - timedelta(hours=2, seconds=5))
    assert "2h behind" in behind.found


def test_what_is_in_memory_only_is_a_problem() -> None:
    with JobQueue("sqlite://:memory:") as queue:
        (finding,) = durability(queue)
    assert finding.level == Level.PROBLEM


def test_one_check_that_fails_keeps_no_other_from_being_made() -> None:
    def bad() -> list[Finding]:
        raise ValueError("no right")

    found = list(run_checks([("bad", bad), ("good", lambda: [warning("good", "w", "r")])]))
    assert [(one.check, one.level) for one in found] == [("bad", Level.WARNING), ("good", Level.WARNING)]
    assert "no right" in found[0].found
