"""What the tests of survival share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests import servers
from tests.chaos.ledger import VARIABLE
from tests.cluster import Cluster, run_cluster, version_of
from tests.conftest import NOT_HERE, with_parameter
from tests.proxy import run_proxy_before

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.proxy import Proxy


@pytest.fixture
def queue(store_url: str) -> Iterator[JobQueue]:
    """A queue on a fresh store."""
    with JobQueue(store_url) as queue:
        yield queue


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the handlers of this test write what they do; processes inherit it."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@dataclass(frozen=True)
class Proxied:
    """A fresh store behind a proxy."""

    proxy: Proxy
    url: str
    """Through the proxy."""
    direct_url: str
    """Past it."""


@pytest.fixture(params=["postgres", "redis"])
def proxied(request: pytest.FixtureRequest) -> Iterator[Proxied]:
    """A store of each kind that has a server, behind a proxy; what does not answer is given up soon."""
    direct: str = request.getfixturevalue(f"{request.param}_store_url")
    with run_proxy_before(direct) as (proxy, url):
        url = with_parameter(url, "connect_timeout", "2")
        url = with_parameter(url, "statement_timeout" if request.param == "postgres" else "response_timeout", "2")
        yield Proxied(proxy, url, direct)


def server_binaries() -> Path:
    """Where PostgreSQL's binaries are; skips the test, loudly, where there are none."""
    places = [*servers.machine_bin_dirs(), servers.wheel_bin_dir()]
    bin_dir = next((place for place in places if place is not None and version_of(place)), None)
    if bin_dir is None:
        pytest.skip(f"{NOT_HERE}no PostgreSQL binaries to restart: install it (apt-get install postgresql)")
    return bin_dir


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this test's own, which it may stop."""
    with run_cluster(server_binaries()) as cluster:
        yield cluster
