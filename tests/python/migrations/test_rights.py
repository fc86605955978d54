"""What a role has to be allowed to migrate and to work, and what it is told when it is not."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from dataqueue import ConfigError, JobQueue, PostgresConfig
from tests.python.migrations.conftest import Migrate
from tests.python.migrations.test_command import runs_a_job, tables_of


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def role(admin: psycopg.Connection, schema: str) -> Iterator[str]:
    """A role that may log in, and nothing else."""
    name = f"r_{schema}"
    admin.execute(SQL("create role {} login password 'pw'").format(Identifier(name)))
    yield name
    admin.execute(SQL("drop schema if exists {} cascade").format(Identifier(schema)))
    admin.execute(SQL("drop owned by {}").format(Identifier(name)))
    admin.execute(SQL("drop role {}").format(Identifier(name)))


def as_role(postgres_url: str, role: str, schema: str) -> PostgresConfig:
    info = psycopg.conninfo.conninfo_to_dict(postgres_url)
    return PostgresConfig(
        host=str(info["host"]), port=int(str(info["port"])), user=role, password="pw", database=str(info["dbname"]),
        schema=schema,
    )  # fmt: skip


def url_of(config: PostgresConfig) -> str:
    return f"postgresql://{config.user}:pw@{config.host}:{config.port}/{config.database}"


def test_a_role_that_may_make_nothing_is_told_so_and_leaves_nothing(
    migrate: Migrate, admin: psycopg.Connection, role: str, postgres_url: str, schema: str
) -> None:
    url = url_of(as_role(postgres_url, role, schema))
    ran = migrate("up", "--url", url, "--schema", schema)
    assert ran.returncode == 1
    assert "permission denied for database" in ran.stderr
    assert "check the role and its rights" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert admin.execute("select from pg_namespace where nspname = %s", (schema,)).fetchone() is None
    # What it would need can still be printed, for somebody who may.
    assert migrate("up", "--sql", "--url", url, "--schema", schema).returncode == 0
    admin.execute(SQL("create schema {}").format(Identifier(schema)))
    ran = migrate("up", "--url", url, "--schema", schema)
    assert (ran.returncode, "permission denied for schema" in ran.stderr) == (1, True)
    assert tables_of(postgres_url, schema) == set()


def test_a_role_that_owns_its_schema_needs_no_right_on_the_database(
    migrate: Migrate, admin: psycopg.Connection, role: str, postgres_url: str, schema: str
) -> None:
    admin.execute(SQL("create schema {} authorization {}").format(Identifier(schema), Identifier(role)))
    config = as_role(postgres_url, role, schema)
    assert migrate("up", "--url", url_of(config), "--schema", schema).returncode == 0
    assert runs_a_job(config)
    assert migrate("down", "--url", url_of(config), "--schema", schema).returncode == 0


def test_a_role_that_works_needs_no_more_than_to_read_and_write(
    admin: psycopg.Connection, role: str, postgres_store_url: str, postgres_url: str, schema: str
) -> None:
    assert schema in postgres_store_url
    config = as_role(postgres_url, role, schema)
    for grant in (
        "grant usage on schema {} to {}",
        "grant select, insert, update, delete on all tables in schema {} to {}",
        "grant usage on all sequences in schema {} to {}",
    ):
        admin.execute(SQL(grant).format(Identifier(schema), Identifier(role)))
    assert runs_a_job(config)
    with JobQueue(config) as queue, psycopg.connect(url_of(config)) as connection:
        job_id = queue.add_job("t", 1, connection=connection)
        connection.commit()
        assert queue.cancel_job(job_id)
        assert queue.cleanup_old_jobs(0) == 2
        assert queue.cleanup_old_job_events(0) == 0
        assert queue.reclaim_stuck_jobs(0) == 0
        assert queue.migrate() == []


def test_a_role_without_rights_is_told_so_and_not_to_migrate(
    role: str, postgres_store_url: str, postgres_url: str, schema: str
) -> None:
    assert schema in postgres_store_url
    told = r"permission denied.*check the role and its rights"
    with JobQueue(as_role(postgres_url, role, schema)) as queue, pytest.raises(ConfigError, match=told):
        queue.add_job("t", None)
