"""What all Python tests share: the servers, found once for a run, and stores on them."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests import servers
from tests.servers import POSTGRES_VARIABLE, NotHereError, Pooler, Server, ServerMissingError, TlsServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STACK = pytest.StashKey[ExitStack]()
_SERVER = pytest.StashKey[Server]()
NOT_HERE = "NOT HERE: "


def pytest_configure(config: pytest.Config) -> None:
    """Finds the server before any worker of pytest-xdist starts; workers inherit its URL."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    servers.end_on_sigterm()
    stack = ExitStack()
    config.stash[_STACK] = stack
    try:
        server = stack.enter_context(servers.postgres())
    except (ServerMissingError, servers.ClusterError) as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_SERVER] = server
    stack.callback(os.environ.update, {name: os.environ[name] for name in (POSTGRES_VARIABLE,) if name in os.environ})
    stack.callback(os.environ.pop, POSTGRES_VARIABLE, None)
    os.environ[POSTGRES_VARIABLE] = server.url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what was started."""
    stack = config.stash.get(_STACK, None)
    if stack is not None:
        stack.close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Names the servers of this run."""
    server = config.stash.get(_SERVER, None)
    return [] if server is None else [f"PostgreSQL {server.version} ({server.source})"]


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


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh store, once for each backend."""
    url: str = request.getfixturevalue(f"{request.param}_store_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_store_url(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a store that the tests of one module share: for those that leave it as they found it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'jobs.db'}"
    else:
        with fresh_schema(postgres_url) as name:
            yield migrated(postgres_url, name)


@pytest.fixture(scope="session")
def pooler(postgres_url: str) -> Iterator[Pooler]:
    """PgBouncer in transaction mode before the server of this run."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(servers.pgbouncer(postgres_url))
        except NotHereError as reason:
            pytest.skip(f"{NOT_HERE}{reason}")
        yield running


@pytest.fixture(scope="session")
def tls_server() -> Iterator[TlsServer]:
    """A PostgreSQL server that takes only encrypted connections with a client certificate."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(servers.tls_postgres())
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


def with_parameter(url: str, name: str, value: str) -> str:
    """`url` with one more query parameter."""
    return f"{url}{'&' if '?' in url else '?'}{name}={value}"
