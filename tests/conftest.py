"""What all Python tests share: the servers, found once for a run, and stores on them."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

import psycopg
import pytest

from tests import redis_servers, servers
from tests.proxy import run_proxy_before
from tests.redis_servers import (
    CLUSTER_VARIABLE,
    OLDEST_VARIABLE,
    REDIS_VARIABLE,
    VALKEY_VARIABLE,
    RedisServer,
    RedisTlsServer,
)
from tests.servers import POSTGRES_VARIABLE, NotHereError, Pooler, Server, ServerMissingError, TlsServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.proxy import Proxy
    from tests.redis_sentinel import RedisSentinels

T = TypeVar("T")

_STACK = pytest.StashKey[ExitStack]()
_SERVERS = pytest.StashKey[tuple[Server, RedisServer]]()
NOT_HERE = "NOT HERE: "
MEMORY = "sqlite://:memory:"


def pytest_configure(config: pytest.Config) -> None:
    """Finds the servers before any worker of pytest-xdist starts; workers inherit their URLs."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    servers.end_on_sigterm()
    stack = ExitStack()
    config.stash[_STACK] = stack
    try:
        server = stack.enter_context(servers.postgres())
        redis = stack.enter_context(redis_servers.redis_server())
    except (ServerMissingError, servers.ClusterError) as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_SERVERS] = server, redis
    for variable, url in ((POSTGRES_VARIABLE, server.url), (REDIS_VARIABLE, redis.url)):
        if variable not in os.environ:
            stack.callback(os.environ.pop, variable, None)
        os.environ[variable] = url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what was started."""
    stack = config.stash.get(_STACK, None)
    if stack is not None:
        stack.close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Names the servers of this run."""
    found = config.stash.get(_SERVERS, None)
    if found is None:
        return []
    server, redis = found
    return [f"PostgreSQL {server.version} ({server.source})", f"{redis.title} ({redis.source})"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly what was not tested because this machine lacks it."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    missing = [reason.split(NOT_HERE, 1)[1].rstrip("')") for reason in reasons if NOT_HERE in reason]
    if missing:
        terminalreporter.section("NOT TESTED ON THIS MACHINE", red=True, bold=True)
        for reason in sorted(set(missing)):
            terminalreporter.line(f"{missing.count(reason)} tests: {reason}", red=True)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The server of this run, past any schema."""
    return os.environ[POSTGRES_VARIABLE]


@contextmanager
def fresh_schema(postgres_url: str) -> Iterator[str]:
    """A name for a schema that nothing else uses: migrating makes it, and it is dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:20]}"
    try:
        yield name
    finally:
        _drop(postgres_url, name)


def _drop(postgres_url: str, name: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("set client_min_messages = warning")
        # A transaction that a test left open makes this an error, not a hang.
        connection.execute("set lock_timeout = '30s'")
        # A call that the test gave up on may still be running, and then the drop may be the victim of a deadlock.
        for last in (False, False, False, False, True):
            try:
                connection.execute(f'drop schema if exists "{name}" cascade')
            except psycopg.errors.DeadlockDetected:
                if last:
                    raise
            else:
                break


@pytest.fixture
def schema(postgres_url: str) -> Iterator[str]:
    """A name for a schema that nothing else uses."""
    with fresh_schema(postgres_url) as name:
        yield name


@pytest.fixture
def postgres_store_url(postgres_url: str, schema: str) -> str:
    """The URL of a fresh, migrated PostgreSQL store."""
    return migrated(postgres_url, schema)


@pytest.fixture
def sqlite_store_url(tmp_path: Path) -> str:
    """The URL of a fresh SQLite store."""
    return f"sqlite:///{tmp_path / 'jobs.db'}"


@pytest.fixture
def memory_store_url() -> str:
    """The URL of a fresh store in memory: each queue that is opened with it has its own."""
    return MEMORY


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis server of this run, past any key prefix."""
    return os.environ[REDIS_VARIABLE]


@pytest.fixture(scope="session")
def oldest_redis_url() -> Iterator[str]:
    """A server of the oldest version of Redis that is supported."""
    yield from _another(OLDEST_VARIABLE, redis_servers.private_oldest)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey server."""
    yield from _another(VALKEY_VARIABLE, redis_servers.private_valkey)


@pytest.fixture(scope="session")
def redis_cluster_url() -> Iterator[str]:
    """A cluster of three masters."""
    yield from _another(CLUSTER_VARIABLE, redis_servers.ready_cluster)


@pytest.fixture(scope="module")
def redis_sentinels() -> Iterator[RedisSentinels]:
    """A master, two replicas and three sentinels, for the tests of one module that leave them as they are."""
    with here(redis_servers.redis_sentinels()) as running:
        yield running


@pytest.fixture
def fresh_redis_sentinels() -> Iterator[RedisSentinels]:
    """A master, two replicas and three sentinels, for one test that does not leave them as they are."""
    with here(redis_servers.redis_sentinels()) as running:
        yield running


@pytest.fixture(scope="session")
def tls_redis() -> Iterator[RedisTlsServer]:
    """A Redis server that takes only encrypted connections with a client certificate."""
    with here(redis_servers.tls_redis()) as running:
        yield running


@pytest.fixture
def redis_store_url(redis_url: str) -> Iterator[str]:
    """The URL of a fresh Redis store: a key prefix that nothing else uses, whose keys are removed afterwards."""
    with fresh_prefix(redis_url) as url:
        yield url


@contextmanager
def fresh_prefix(url: str) -> Iterator[str]:
    """`url` with a key prefix that nothing else uses; its keys are removed in the end."""
    tag = f"t{uuid.uuid4().hex[:20]}"
    try:
        yield with_parameter(url, "key_prefix", f"{tag}:")
    finally:
        redis_servers.remove_keys(url, tag)


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh store, once for each backend."""
    url: str = request.getfixturevalue(f"{request.param}_store_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgres", "redis"])
def shared_store_url(
    request: pytest.FixtureRequest, postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a store that the tests of one module share: for those that leave it as they found it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'jobs.db'}"
    elif request.param == "redis":
        with fresh_prefix(redis_url) as url:
            yield url
    else:
        with fresh_schema(postgres_url) as name:
            yield migrated(postgres_url, name)


@pytest.fixture(scope="session")
def pooler(postgres_url: str) -> Iterator[Pooler]:
    """PgBouncer in transaction mode before the server of this run."""
    with here(servers.pgbouncer(postgres_url)) as running:
        yield running


@pytest.fixture(scope="session")
def tls_server() -> Iterator[TlsServer]:
    """A PostgreSQL server that takes only encrypted connections with a client certificate."""
    with here(servers.tls_postgres()) as running:
        yield running


@contextmanager
def here(server: AbstractContextManager[T]) -> Iterator[T]:
    """Runs a server; skips the test, loudly, where this machine does not have it."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(server)
        except NotHereError as reason:
            pytest.skip(f"{NOT_HERE}{reason}")
        yield running


def migrated(postgres_url: str, schema: str) -> str:
    """The URL of a store in that schema, set up."""
    from dataqueue import JobQueue

    url = with_parameter(postgres_url, "schema", schema)
    with JobQueue(url) as queue:
        queue.migrate()
    return url


def _another(variable: str, private: Callable[[], AbstractContextManager[RedisServer]]) -> Iterator[str]:
    """The server that the environment names, or one of this process's own."""
    if os.environ.get(variable):
        yield os.environ[variable]
        return
    with here(private()) as running:
        yield running.url


@contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of a URL, and the URL that leads through it."""
    if url.startswith("redis+cluster"):
        pytest.skip("the clients of a cluster go past a proxy, to its nodes")
    with run_proxy_before(url) as through:
        yield through


def with_parameter(url: str, name: str, value: str) -> str:
    """`url` with one more query parameter."""
    return f"{url}{'&' if '?' in url else '?'}{name}={value}"
