"""Connections that stand still without a word: every call on one ends, and a listener finds out by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, JobQueue
from tests.conftest import with_parameter
from tests.processes import PATIENCE, until
from tests.python.connecting.test_failures import CALLS
from tests.relay import run_relay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.relay import Relay


@pytest.fixture(params=["postgres", "redis"])
def direct_url(request: pytest.FixtureRequest) -> str:
    """A fresh store on a server."""
    url: str = request.getfixturevalue(f"{request.param}_store_url")
    return url


@pytest.fixture
def relayed(direct_url: str) -> Iterator[tuple[Relay, str]]:
    """A relay before that server, and the URL through it, of a client that has little patience."""
    limit = "response_timeout" if direct_url.startswith("redis") else "statement_timeout"
    with run_relay(direct_url) as (relay, url):
        yield relay, with_parameter(with_parameter(url, "connect_timeout", "1"), limit, "1")


def test_every_call_to_a_server_that_fell_silent_ends(relayed: tuple[Relay, str]) -> None:
    relay, url = relayed
    with JobQueue(url) as queue, ThreadPoolExecutor(len(CALLS)) as threads:
        assert queue.get_job(1) is None
        relay.stall()
        calls = {name: threads.submit(call, queue) for name, call in CALLS.items()}
        for name, ended in calls.items():
            error = ended.exception(PATIENCE)
            assert isinstance(error, BackendUnavailable), (name, error)
        relay.resume()
        assert queue.get_job(1) is None


def test_a_listener_whose_connection_fell_silent_finds_out_and_listens_anew(
    direct_url: str, relayed: tuple[Relay, str]
) -> None:
    relay, url = relayed
    with JobQueue(direct_url) as adding, JobQueue(url) as queue:
        # Only a hint can wake it in time.
        processor = queue.create_processor({"echo": lambda payload: payload}, poll_interval=86_400, lease=86_400)
        processor.start_in_background()
        assert adding.wait_for_job(adding.add_job("echo", 1), PATIENCE).output == 1
        for number in range(2):
            before = relay.accepted
            relay.freeze()
            until(lambda before=before: relay.accepted > before, "it connected anew")  # type: ignore[misc]
            assert adding.wait_for_job(adding.add_job("echo", number), PATIENCE).output == number
        processor.stop()
