"""Scripts that are flushed and connections that are killed, again and again, while jobs are added and processed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.python.redis_faults.load import Load

if TYPE_CHECKING:
    from tests.redis_process import RedisProcess

KILLS = 30


def test_scripts_that_are_flushed_at_any_moment_are_not_missed(server: RedisProcess, client: Any) -> None:
    with Load(server.url) as load:
        while len(load.ran) < 500 and not load.errors:
            client.script_flush()
        load.check()


@pytest.mark.parametrize("keyed", [True, False])
def test_connections_that_are_killed_under_calls_lose_and_double_nothing(
    server: RedisProcess, client: Any, keyed: bool
) -> None:
    with Load(server.url, keyed=keyed, may_fail=True) as load:
        killed = 0
        while killed < KILLS:
            load.goes_on(5)
            # Those of the last time may not be back yet.
            killed += client.client_kill_filter(_type="normal", skipme=True)
        load.goes_on()
        load.check()


def test_listeners_that_are_killed_again_and_again_lose_nothing(server: RedisProcess, client: Any) -> None:
    # Polling would hide a listener that does not come back.
    with Load(server.url, poll_interval=600) as load:
        killed = 0
        while killed < 5:
            killed += client.client_kill_filter(_type="pubsub")
            load.goes_on(1)
        load.check()
