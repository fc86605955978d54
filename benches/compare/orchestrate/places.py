"""Where one contestant's queue lives for one turn, and what the store can tell about the work it did there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import redis

from benches.python import conditions

__all__ = ["Place", "PostgresPlace", "RedisPlace", "SqlitePlace", "Work"]

_SCRIPTS = ("eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro")
_READER_DEADLINE = 60.0


@dataclass(frozen=True)
class Work:
    """Counters of a store; None is what it does not count."""

    statements: int | None = None
    """Statements or commands, with those that scripts ran."""
    scripts: int | None = None
    wal_bytes: int | None = None
    commits: int | None = None

    def since(self, before: Work) -> Work:
        """What was done since `before`."""
        earlier = asdict(before)
        return Work(
            **{
                name: None if count is None or earlier[name] is None else count - earlier[name]
                for name, count in asdict(self).items()
            }
        )

    def per_job(self, jobs: int) -> dict[str, float]:
        """The counters that there are, divided by `jobs`."""
        return {name: count / jobs for name, count in asdict(self).items() if count is not None}


class Place(Protocol):
    """A database, a server or a file of one contestant's own."""

    url: str

    def conditions(self) -> str:
        """The store's version and settings."""

    def settle(self) -> None:
        """Has the store do now what it would otherwise do during the measurement."""

    def work(self) -> Work:
        """What it did so far."""

    def old_snapshot(self) -> AbstractContextManager[None]:
        """Holds a snapshot open, as a long report does."""


class PostgresPlace:
    """A database of its own. The bytes of WAL are the whole server's, which does nothing else meanwhile."""

    def __init__(self, admin: psycopg.Connection[Any], name: str, url: str, *, counts_statements: bool) -> None:
        self.url = url
        self._admin = admin
        self._name = name
        self._counts_statements = counts_statements

    def conditions(self) -> str:
        counted = "" if self._counts_statements else " · statements are not counted: pg_stat_statements is not loaded"
        return conditions.postgres(self.url) + counted

    def settle(self) -> None:
        self._admin.execute("CHECKPOINT")

    def work(self) -> Work:
        statements = None
        if self._counts_statements:
            statements = self._number(
                "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
                "WHERE datname = %s",
                self._name,
            )
        return Work(
            statements=statements,
            wal_bytes=self._number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"),
            commits=self._number("SELECT xact_commit FROM pg_stat_database WHERE datname = %s", self._name),
        )

    @contextmanager
    def old_snapshot(self) -> Iterator[None]:
        with psycopg.connect(self.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute("SELECT count(*) FROM pg_class")
            yield

    def _number(self, query: str, *values: object) -> int:
        (number,) = self._admin.execute(query, values).fetchone() or (0,)
        return int(number)


class RedisPlace:
    """A server of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._admin = redis.Redis.from_url(url)

    def conditions(self) -> str:
        return conditions.redis(self._admin)

    def settle(self) -> None:
        """There is nothing to be done."""

    def work(self) -> Work:
        counts = {
            name.removeprefix("cmdstat_"): int(told["calls"])
            for name, told in self._admin.info("commandstats").items()
            if name != "cmdstat_info"
        }
        return Work(statements=sum(counts.values()), scripts=sum(counts.get(name, 0) for name in _SCRIPTS))

    @contextmanager
    def old_snapshot(self) -> Iterator[None]:
        raise NotImplementedError("Redis has no snapshots")
        yield

    def close(self) -> None:
        """Closes the connection."""
        self._admin.close()


class SqlitePlace:
    """A file. The store works in the contestant's own process, whose usage tells what was written."""

    def __init__(self, file: Path) -> None:
        self.url = str(file)

    def conditions(self) -> str:
        return conditions.sqlite()

    def settle(self) -> None:
        """There is nothing to be done."""

    def work(self) -> Work:
        return Work()

    @contextmanager
    def old_snapshot(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.url, isolation_level=None, timeout=_READER_DEADLINE)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            yield
