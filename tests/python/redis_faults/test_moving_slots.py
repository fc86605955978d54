"""A cluster whose slot with the queue moves to another master, and whose connections are killed, under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, JobQueue
from tests import redis_servers
from tests.processes import until
from tests.python.redis_faults.load import Load
from tests.python.redis_faults.slots import moving, slot_of, turned_away
from tests.redis_cluster import RedisCluster, ask, run_redis_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOVES = 6
KILLS = 20


@pytest.fixture(scope="module")
def cluster(binary: Path) -> Iterator[RedisCluster]:
    """A cluster of this module's own."""
    with run_redis_cluster(binary) as cluster:
        cluster.await_ready()
        yield cluster


@pytest.fixture
def url(cluster: RedisCluster) -> Iterator[str]:
    yield f"{cluster.url}?key_prefix=shop:"
    redis_servers.remove_keys(cluster.url, "shop")


@pytest.fixture
def slot(cluster: RedisCluster) -> int:
    """The slot of that queue."""
    return slot_of(cluster, "{shop}")


def test_a_slot_that_moves_under_load_loses_and_doubles_nothing(cluster: RedisCluster, url: str, slot: int) -> None:
    with Load(url) as load:
        for _ in range(MOVES):
            load.goes_on()
            before = turned_away(cluster, "TRYAGAIN")
            with moving(cluster, slot) as move:
                move.carry(3)
                until(lambda before=before: turned_away(cluster, "TRYAGAIN") > before + 3, "some come meanwhile")  # type: ignore[misc]
        load.goes_on()
        load.check()
    assert turned_away(cluster, "MOVED") >= MOVES


def test_a_slot_that_stays_on_the_way_is_unavailable_and_takes_nothing(
    cluster: RedisCluster, url: str, slot: int
) -> None:
    with JobQueue(f"{url}&response_timeout=0.3&connect_timeout=0.3") as queue:
        kept = queue.add_job("task", 1)
        with moving(cluster, slot) as move:
            move.carry(3)
            for call in (lambda: queue.add_job("task", 2), queue.count_jobs, lambda: queue.cancel_job(kept)):
                with pytest.raises(BackendUnavailable):
                    call()
        assert queue.count_jobs() == 1
        assert queue.add_job("task", 2) == kept + 1


def test_a_key_of_the_users_is_asked_for_where_it_was_moved(cluster: RedisCluster, url: str, slot: int) -> None:
    with JobQueue(url) as queue:
        client = queue.get_redis_client()
        client.execute("SET", "{shop}:of-the-user", "kept")
        with moving(cluster, slot) as move:
            move.carry()
            before = turned_away(cluster, "ASK")
            assert client.execute("GET", "{shop}:of-the-user") == b"kept"
            assert turned_away(cluster, "ASK") > before
        assert client.execute("GET", "{shop}:of-the-user") == b"kept"


def test_a_server_of_a_cluster_that_is_named_alone_is_not_waited_for(cluster: RedisCluster, slot: int) -> None:
    other = next(node for node in cluster.nodes if node is not cluster.owner(slot))
    with (
        JobQueue(f"{other.url}?key_prefix=shop:&response_timeout=600") as queue,
        pytest.raises(BackendUnavailable, match="Moved"),
    ):
        queue.count_jobs()


@pytest.mark.parametrize("keyed", [True, False])
def test_connections_that_are_killed_under_calls_lose_and_double_nothing(
    cluster: RedisCluster, url: str, keyed: bool
) -> None:
    with Load(url, keyed=keyed, may_fail=True) as load:
        for _ in range(KILLS):
            load.goes_on(5)
            for node in cluster.nodes:
                ask(node, "CLIENT", "KILL", "TYPE", "normal")
        load.goes_on()
        load.check()
