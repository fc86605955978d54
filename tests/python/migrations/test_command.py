"""`dataqueue migrate up`, `down` and `status`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psycopg
import pytest

from dataqueue import JobHandlers, JobQueue, PostgresConfig
from tests.conftest import with_parameter
from tests.python.migrations.conftest import COMMAND, Migrate, environment

FOLDER = Path(__file__).parents[3] / "migrations" / "postgres"
# Each migration as the command names it, such as `0001 jobs`.
STEPS = [path.name.removesuffix(".up.sql").replace("_", " ", 1) for path in sorted(FOLDER.glob("*.up.sql"))]

# What needs quoting in SQL, in a URL, in a shell or in a client library.
ODD_NAMES = ["my schema", "Ümlaut", 'with "quotes"', "it's", "a.b", "50% :x $1 {y}", "select", "x" * 63, "MixedCase"]


def tables_of(url: str, schema: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = %s", (schema,))
        return {name for (name,) in rows}


def runs_a_job(config: PostgresConfig) -> bool:
    handlers = JobHandlers()

    @handlers.job("double")
    def double(payload: int) -> int:
        return payload * 2

    with JobQueue(config) as queue:
        job_id = queue.add_job(double, 21)
        queue.create_processor(handlers).start()
        return bool(queue.wait_for_job(job_id, 30).output == 42)


def test_up_twice_status_and_down(migrate: Migrate, postgres_url: str, schema: str) -> None:
    where = ("--url", postgres_url, "--schema", schema)
    for arguments, code, said in (
        (("status",), 1, "0001 jobs                     missing\n"),
        (("down",), 0, "Nothing to do: the schema is at this version.\n"),
        (("up",), 0, "".join(f"{step}: applied\n" for step in STEPS)),
        (("up",), 0, "Nothing to do: the schema is at this version.\n"),
        (("status",), 0, "0001 jobs                     applied\n"),
        (("down", "--to", "0"), 0, "".join(f"{step}: taken back\n" for step in reversed(STEPS))),
        (("status",), 1, "0001 jobs                     missing\n"),
        (("up", "--to", "1"), 0, "0001 jobs: applied\n"),
        (("down",), 0, "0001 jobs: taken back\n"),
        (("up",), 0, "".join(f"{step}: applied\n" for step in STEPS)),
        (("down",), 0, f"{STEPS[-1]}: taken back\n"),
        (("status",), 1, "0001 jobs                     applied\n"),
        (("down", "--to", "0"), 0, "0001 jobs: taken back\n"),
    ):
        ran = migrate(*arguments, *where)
        assert (ran.returncode, ran.stderr) == (code, ""), arguments
        assert said in ran.stdout, arguments
    assert tables_of(postgres_url, schema) == {"dataqueue_migrations"}


def test_going_down_on_a_schema_that_is_not_there_makes_none(migrate: Migrate, postgres_url: str, schema: str) -> None:
    assert migrate("down", "--url", postgres_url, "--schema", schema).returncode == 0
    assert migrate("status", "--url", postgres_url, "--schema", schema).returncode == 1
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select from pg_namespace where nspname = %s", (schema,)).fetchone() is None


def test_json_says_the_same(migrate: Migrate, postgres_url: str, schema: str) -> None:
    where = ("--url", postgres_url, "--schema", schema, "--json")
    steps = [{"version": int(number), "name": name} for number, name in (step.split() for step in STEPS)]
    for arguments, code, said in (
        (("status",), 1, [{**step, "applied": False} for step in steps]),
        (("up",), 0, steps),
        (("status",), 0, [{**step, "applied": True} for step in steps]),
        (("down", "--to", "0"), 0, steps[::-1]),
    ):
        ran = migrate(*arguments, *where)
        assert ran.returncode == code, arguments
        assert json.loads(ran.stdout) == said, arguments
    assert json.loads(migrate("down", *where).stdout) == []


def test_a_version_that_does_not_lie_that_way_is_refused(migrate: Migrate, postgres_url: str, schema: str) -> None:
    where = ("--url", postgres_url, "--schema", schema)
    migrate("up", *where)
    for arguments, told in (
        (("up", "--to", "0"), "use `migrate down --to 0`"),
        (("down", "--to", "99"), "use `migrate up --to 99`"),
        (("up", "--to", "99"), "there is no migration 99"),
    ):
        ran = migrate(*arguments, *where)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert told in ran.stderr
    assert migrate("up", "--to", "-1", *where).returncode == 2
    assert migrate("status", *where).returncode == 0


def test_a_schema_newer_than_the_library_is_left_as_it_is(migrate: Migrate, postgres_url: str, schema: str) -> None:
    where = ("--url", postgres_url, "--schema", schema)
    migrate("up", *where)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"insert into {schema}.dataqueue_migrations (version, name) values (99, 'later')".encode())
    shown = migrate("status", *where)
    assert shown.returncode == 1
    assert "0099 ?                        newer than this library" in shown.stdout
    listed = json.loads(migrate("status", *where, "--json").stdout)
    assert listed[-1] == {"version": 99, "name": None, "applied": True}
    again = migrate("up", *where)
    assert again.returncode == 0, again.stderr
    assert "Nothing to do: the schema is at version 99, newer than this library's" in again.stdout
    for arguments in (("up", "--to", "1"), ("down",), ("down", "--to", "0"), ("down", "--sql")):
        ran = migrate(*arguments, *where)
        assert ran.returncode == 1, arguments
        assert "at version 99" in ran.stderr
        assert "upgrade the dataqueue package" in ran.stderr
    assert "job_queue" in tables_of(postgres_url, schema)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_schema_of_any_name_is_migrated_worked_in_and_taken_back(
    name: str, migrate: Migrate, postgres_url: str
) -> None:
    quoted = psycopg.sql.Identifier(name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("drop schema if exists {} cascade").format(quoted))
        try:
            up = migrate("up", "--url", postgres_url, "--schema", name)
            assert (up.returncode, up.stderr) == (0, "")
            assert "job_queue" in tables_of(postgres_url, name)
            assert runs_a_job(PostgresConfig(postgres_url, schema=name))
            assert migrate("status", "--url", postgres_url, "--schema", name).returncode == 0
            assert migrate("down", "--to", "0", "--url", postgres_url, "--schema", name).returncode == 0
            assert tables_of(postgres_url, name) == {"dataqueue_migrations"}
        finally:
            connection.execute(psycopg.sql.SQL("drop schema if exists {} cascade").format(quoted))


def test_the_schema_option_wins_over_the_urls(migrate: Migrate, postgres_url: str, schema: str) -> None:
    assert migrate("up", "--url", f"{postgres_url}?schema=not_this_one", "--schema", schema).returncode == 0
    assert "job_queue" in tables_of(postgres_url, schema)
    assert tables_of(postgres_url, "not_this_one") == set()
    assert migrate("status", "--url", with_parameter(postgres_url, "schema", schema)).returncode == 0


def test_processes_that_start_together_migrate_once(postgres_url: str, schema: str, tmp_path: Path) -> None:
    command = [*COMMAND, "up", "--json", "--url", postgres_url, "--schema", schema]
    started = [
        subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4, ended
    applied = sorted(len(json.loads(out)) for out, _ in ended)
    assert applied[:3] == [0, 0, 0]
    assert applied[3] > 0
    assert runs_a_job(PostgresConfig(postgres_url, schema=schema))


def test_sqlite_is_set_up_already(migrate: Migrate, sqlite_store_url: str) -> None:
    assert migrate("up", "--url", sqlite_store_url).stdout == "Nothing to do: the schema is at this version.\n"
    assert migrate("status", "--url", sqlite_store_url).returncode == 0
    refused = migrate("up", "--url", sqlite_store_url, "--schema", "x")
    assert (refused.returncode, "--schema is for PostgreSQL" in refused.stderr) == (1, True)


def test_what_goes_wrong_is_one_line_and_the_exit_code_tells(migrate: Migrate, postgres_url: str) -> None:
    for arguments, code, told in (
        (("up", "--url", "postgresql://app:Zq9@127.0.0.1:1/app"), 1, "no connection to 127.0.0.1:1"),
        (("up", "--url", "postgresql://app:Zq9@db/app?colour=red"), 1, "`colour` is no option"),
        (("up", "--url", "mysql://app:Zq9@db/app"), 1, "`mysql://` is not a store"),
        (("up", "--url", f"{postgres_url}?schema={'x' * 64}"), 1, "at most 63"),
    ):
        ran = migrate(*arguments)
        assert (ran.returncode, ran.stdout) == (code, "")
        assert told in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
        assert "Zq9" not in ran.stderr
    assert migrate("up", "--nonsense").returncode == 2
    assert migrate("sideways").returncode == 2
