"""Connections that stand still without a word: every call on one ends, and a listener finds out by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, JobQueue
from tests.conftest import proxied, with_parameter
from tests.processes import PATIENCE, until
from tests.python.connecting.test_failures import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.proxy import Proxy


@pytest.fixture(params=["postgres", "redis"])
def direct_url(request: pytest.FixtureRequest) -> str:
    """A fresh store on a server."""
    url: str = request.getfixturevalue(f"{request.param}_store_url")
    return url


@pytest.fixture
def through(direct_url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before that server, and the URL through it, of a client that has little patience."""
    limit = "response_timeout" if direct_url.startswith("redis") else "statement_timeout"
    with proxied(direct_url) as (proxy, url):
        yield proxy, with_parameter(with_parameter(url, "connect_timeout", "1"), limit, "1")


def test_every_call_to_a_server_that_fell_silent_ends(through: tuple[Proxy, str]) -> None:
    proxy, url = through
    with JobQueue(url) as queue, ThreadPoolExecutor(len(CALLS)) as threads:
        assert queue.get_job(1) is None
        proxy.stall()
        calls = {name: threads.submit(call, queue) for name, call in CALLS.items()}
        for name, ended in calls.items():
            error = ended.exception(PATIENCE)
            assert isinstance(error, BackendUnavailable), (name, error)
        proxy.let_go()
        assert queue.get_job(1) is None


def test_a_listener_whose_connection_fell_silent_finds_out_and_listens_anew(
    direct_url: str, through: tuple[Proxy, str]
) -> None:
    proxy, url = through
    with JobQueue(direct_url) as adding, JobQueue(url) as queue:
        # Only a hint can wake it in time.
        processor = queue.create_processor({"echo": lambda payload: payload}, poll_interval=86_400, lease=86_400)
        processor.start_in_background()
        assert adding.wait_for_job(adding.add_job("echo", 1), PATIENCE).output == 1
        for number in range(2):
            before = proxy.opened
            proxy.freeze()
            until(lambda before=before: proxy.opened > before, "it connected anew")  # type: ignore[misc]
            assert adding.wait_for_job(adding.add_job("echo", number), PATIENCE).output == number
        processor.stop()
