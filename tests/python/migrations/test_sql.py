"""`--sql`: statements to be run by hand."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from dataqueue import JobQueue, PostgresConfig
from tests.conftest import NOT_HERE
from tests.python.migrations.conftest import Migrate
from tests.python.migrations.test_command import runs_a_job, tables_of
from tests.servers import machine_bin_dirs

NAME = 'by hand "é" it\'s 50%'


def columns(url: str, schema: str) -> list[tuple[str, ...]]:
    """Everything that tells two schemas apart: columns, indexes and triggers."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            """
            select table_name, column_name, data_type, column_default, is_nullable, is_identity
            from information_schema.columns where table_schema = %(schema)s
            union all
            select tablename, indexname, replace(indexdef, quote_ident(%(schema)s), '?'), null, null, null
            from pg_indexes where schemaname = %(schema)s
            union all
            select event_object_table, trigger_name, event_manipulation, null, null, null
            from information_schema.triggers where trigger_schema = %(schema)s
            order by 1, 2, 3
            """,
            {"schema": schema},
        )
        return [tuple(str(value).replace(schema, "?") for value in row) for row in found]


def test_printing_touches_no_database(migrate: Migrate, postgres_url: str, schema: str) -> None:
    printed = migrate("up", "--sql", "--url", "postgresql://app:Zq9@127.0.0.1:1/app")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert 'CREATE TABLE "public".job_queue' in printed.stdout
    assert "Zq9" not in printed.stdout
    assert "{schema}" not in printed.stdout
    migrate("up", "--sql", "--url", postgres_url, "--schema", schema)
    assert tables_of(postgres_url, schema) == set()


def test_what_is_printed_makes_the_same_schema_and_takes_it_back(
    migrate: Migrate, postgres_url: str, schema: str
) -> None:
    own = f"{schema[:40]} {NAME}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        try:
            up = migrate("up", "--sql", "--url", postgres_url, "--schema", own).stdout
            connection.execute(up.encode())
            assert migrate("status", "--url", postgres_url, "--schema", own).returncode == 0
            migrate("up", "--url", postgres_url, "--schema", schema)
            assert columns(postgres_url, own) == columns(postgres_url, schema)
            assert len(columns(postgres_url, own)) > 60
            assert runs_a_job(PostgresConfig(postgres_url, schema=own))
            with JobQueue(PostgresConfig(postgres_url, schema=own)) as queue:
                assert queue.migrate() == []
            down = migrate("down", "--sql", "--to", "0", "--url", postgres_url, "--schema", own).stdout
            connection.execute(down.encode())
            assert tables_of(postgres_url, own) == {"dataqueue_migrations"}
            assert migrate("up", "--url", postgres_url, "--schema", own).returncode == 0
        finally:
            connection.execute(psycopg.sql.SQL("drop schema if exists {} cascade").format(psycopg.sql.Identifier(own)))


def test_psql_runs_what_is_printed(migrate: Migrate, postgres_url: str, schema: str) -> None:
    psql = next((place / "psql" for place in machine_bin_dirs() if (place / "psql").exists()), None)
    if psql is None:
        pytest.skip(f"{NOT_HERE}psql is not on this machine: apt-get install postgresql")
    printed = migrate("up", "--sql", "--url", postgres_url, "--schema", schema).stdout
    ran = subprocess.run(
        [psql, postgres_url, "-X", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-"],
        input=printed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert runs_a_job(PostgresConfig(postgres_url, schema=schema))
