"""URLs and options that cannot be: `ConfigError` that names them, and never shows a password."""

from __future__ import annotations

import math
import pickle
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import (
    BackendUnavailable,
    ConfigError,
    JobQueue,
    MigrationRequired,
    PostgresConfig,
    SqliteConfig,
    SSLConfig,
    create_pool,
)
from tests.conftest import with_parameter

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "Zq9-secret"
USER = f"app:{SECRET}"

URLS: list[tuple[Any, type[Exception], str]] = [
    ("", ConfigError, "no scheme: use postgresql://"),
    (f"{USER}@db/app", ConfigError, "no scheme: use postgresql://"),
    (f"mysql://{USER}@db", ConfigError, "`mysql://` is not a store .*: use postgresql://"),
    (f"postgresql://{USER}@db:seven/app", ConfigError, "port in the URL is not a number"),
    (f"postgresql://{USER}@[::1/app", ConfigError, "no closing bracket"),
    (f"postgresql://{USER}@db/app?pool_max=0", ConfigError, "`pool_max` is `0`: it must be a whole number from 1"),
    (f"postgresql://{USER}@db/app?sslmode=maybe", ConfigError, "`sslmode` is `maybe`: it must be disable"),
    (f"postgresql://{USER}@db/app?colour=red", ConfigError, "`colour` is no option; the options of PostgreSQL are"),
    (f"postgresql://{USER}\0@db/app", ConfigError, "NUL character: remove it"),
    ("sqlite:///", ConfigError, "path of the SQLite file is empty: name a file, or `:memory:`"),
    ("sqlite:///a.db?colour=red", ConfigError, "`colour` is no option; the options of SQLite are"),
    ("sqlite:///a\0b.db", ConfigError, "NUL character: remove it"),
    (5, TypeError, "a URL, PostgresConfig, RedisConfig, SqliteConfig or a pool from create_pool"),
    (b"sqlite:///a.db", TypeError, "a URL, PostgresConfig, RedisConfig, SqliteConfig or a pool"),
]
PARTS: list[tuple[dict[str, Any], str]] = [
    ({"url": "postgresql://db", "host": "db"}, "both url and host: put these into the URL"),
    ({"url": "sqlite:///a.db"}, "url must begin with postgresql://"),
    ({"url": 5}, "url must begin with postgresql://"),
    ({}, "neither a URL nor"),
    ({"port": "7"}, "port must be an int, not str"),
    ({"port": 0}, "port is 0: it must be from 1 to 65535"),
    ({"port": 65536}, "port is 65536"),
    ({"pool_max": 0}, "pool_max is 0: it must be from 1"),
    ({"pool_min": -1}, "pool_min is -1: it must be from 0"),
    ({"pool_min": 5, "pool_max": 2}, "`pool_min` is 5: it must not be above `pool_max`"),
    ({"connect_timeout": -1}, "connect_timeout is -1.0 seconds: it must not be negative"),
    ({"connect_timeout": math.nan}, "connect_timeout is nan: give a finite"),
    ({"statement_timeout": "30s"}, "statement_timeout must be seconds"),
    ({"pgbouncer": "no"}, "pgbouncer must be True or False, not 'no'"),
    ({"schema": ""}, "schema is empty"),
    ({"schema": "a\0"}, "schema holds a NUL"),
    ({"password": 5}, "password must be a str, not int"),
    ({"password": f"{SECRET}\0"}, "`password` holds a NUL character: remove it"),
    ({"ssl": "require"}, r"ssl must be SSLConfig\(ca=, cert=, key=, ...\), not str"),
    ({"ssl": SSLConfig(ca="file:///no/such.crt")}, "`ssl_ca` names the file `/no/such.crt`, which cannot be read"),
    ({"ssl": SSLConfig(ca="ca.crt")}, "give PEM text, or file:// and the path"),
    ({"ssl": SSLConfig(cert="x", key=SECRET)}, "PEM text"),
    ({"ssl": SSLConfig(reject_unauthorized="no")}, "ssl_reject_unauthorized must be True or False"),  # type: ignore[arg-type]
]


def shown(error: BaseException | None) -> str:
    """All that a log or a traceback could show of an error."""
    text = ""
    while error is not None:
        text += f"{error!s} {error!r} {vars(error)} "
        error = error.__cause__ or error.__context__
    return text


@pytest.mark.parametrize(("url", "error", "says"), URLS)
def test_a_bad_url_is_refused_without_its_password(url: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as raised:
        JobQueue(url)
    assert SECRET not in shown(raised.value)


@pytest.mark.parametrize(("parts", "says"), PARTS)
def test_a_bad_part_is_refused_by_name(parts: dict[str, Any], says: str) -> None:
    whole = parts if "url" in parts or not parts else {"host": "db", "user": "app", "password": SECRET, **parts}
    with pytest.raises(ConfigError, match=says) as raised:
        JobQueue(PostgresConfig(**whole))
    assert SECRET not in shown(raised.value)
    with pytest.raises(ConfigError, match=says):
        create_pool(PostgresConfig(**whole))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"path": ""}, "path of the SQLite file is empty"),
        ({"path": 5}, "path must be a str, not int"),
        ({"path": "a\0.db"}, "`path` holds a NUL character"),
        ({"busy_timeout": -1}, "busy_timeout is -1.0 seconds"),
    ],
)
def test_a_bad_part_of_an_sqlite_store_is_refused_by_name(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        JobQueue(SqliteConfig(**parts))


def test_an_option_that_does_not_exist_is_a_type_error() -> None:
    for make in (PostgresConfig, SqliteConfig, SSLConfig, JobQueue):
        with pytest.raises(TypeError, match="colour"):
            make(colour="red")  # type: ignore[call-arg]
    for odd in ("postgresql://db", None, SqliteConfig("a.db")):
        with pytest.raises(TypeError, match=r"create_pool\(\) takes a PostgresConfig"):
            create_pool(odd)  # type: ignore[arg-type]


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "such" / "folder" / "jobs.db"
    with pytest.raises(ConfigError, match=f"{missing}.*the directory .* does not exist, create it"):
        JobQueue(SqliteConfig(missing)).count_jobs()
    with pytest.raises(ConfigError, match=f"{tmp_path} is a directory: name a file in it"):
        JobQueue(SqliteConfig(tmp_path)).count_jobs()
    (tmp_path / "text").write_text("This is no database, and long enough to be none. " * 100)
    with pytest.raises(ConfigError, match="text"):
        JobQueue(SqliteConfig(tmp_path / "text")).count_jobs()


def test_a_password_is_in_no_repr(postgres_url: str) -> None:
    config = PostgresConfig(host="db", user="app", password=SECRET, ssl=SSLConfig(key=SECRET))
    by_url = PostgresConfig(f"postgresql://{USER}@db/app")
    queue = JobQueue(f"postgresql://{USER}@db/app?schema=own")
    pool = create_pool(by_url)
    for thing in (config, by_url, queue, pool, JobQueue(pool)):
        assert SECRET not in f"{thing!r} {thing!s}"
    assert "app@db" in repr(queue)


def test_no_server_there_is_told_and_may_be_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with (
            JobQueue(f"postgresql://{USER}@127.0.0.1:{port}/app?connect_timeout=2") as queue,
            pytest.raises(BackendUnavailable, match="PostgreSQL") as raised,
        ):
            queue.add_job("t", 1)
    assert raised.value.retryable
    assert raised.value.backend == "postgresql"
    assert SECRET not in shown(raised.value)


def test_a_schema_that_was_not_migrated_names_the_command(postgres_url: str) -> None:
    with JobQueue(with_parameter(postgres_url, "schema", "never_migrated")) as queue:
        calls: list[Callable[[], object]] = [
            lambda: queue.add_job("t", 1),
            queue.count_jobs,
            lambda: queue.cleanup_old_jobs(1),
        ]
        for call in calls:
            with pytest.raises(MigrationRequired, match="dataqueue migrate up"):
                call()


def test_errors_survive_a_trip_to_another_process(postgres_url: str) -> None:
    queue = JobQueue(with_parameter(postgres_url, "schema", "never_migrated"))
    with queue, pytest.raises(MigrationRequired) as raised:
        queue.count_jobs()
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (type(copy), str(copy), vars(copy)) == (MigrationRequired, str(raised.value), vars(raised.value))
