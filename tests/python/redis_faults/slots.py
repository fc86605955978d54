"""The way of a slot from one master of a cluster to another, as `redis-cli --cluster reshard` goes it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.redis_cluster import RedisCluster, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.redis_process import RedisProcess

__all__ = ["Move", "moving", "slot_of", "turned_away"]


def slot_of(cluster: RedisCluster, key: str) -> int:
    """The slot of a key."""
    slot: int = ask(cluster.nodes[0], "CLUSTER", "KEYSLOT", key)
    return slot


def turned_away(cluster: RedisCluster, code: str) -> int:
    """How many requests the masters answered with this error."""
    count = 0
    for node in cluster.nodes:
        for line in ask(node, "INFO", "errorstats").decode().splitlines():
            if line.startswith(f"errorstat_{code}:count="):
                count += int(line.rpartition("=")[2])
    return count


class Move:
    """A slot under way."""

    def __init__(self, cluster: RedisCluster, slot: int) -> None:
        self._nodes = cluster.nodes
        self._slot = str(slot)
        self.source = cluster.owner(slot)
        self.target: RedisProcess = next(node for node in cluster.nodes if node is not self.source)

    def begin(self) -> None:
        """Opens the slot on both sides."""
        ask(self.target, "CLUSTER", "SETSLOT", self._slot, "IMPORTING", ask(self.source, "CLUSTER", "MYID"))
        ask(self.source, "CLUSTER", "SETSLOT", self._slot, "MIGRATING", ask(self.target, "CLUSTER", "MYID"))

    def carry(self, count: int = 1000) -> None:
        """Carries so many of its keys over, at most."""
        keys = ask(self.source, "CLUSTER", "GETKEYSINSLOT", self._slot, str(count))
        if keys:
            where = ("127.0.0.1", str(self.target.port), "", "0", "10000")
            ask(self.source, "MIGRATE", *where, "KEYS", *keys)

    def end(self) -> None:
        """Carries the rest over, and tells everybody."""
        self.carry()
        name = ask(self.target, "CLUSTER", "MYID")
        others = [node for node in self._nodes if node not in (self.target, self.source)]
        for node in (self.target, self.source, *others):
            ask(node, "CLUSTER", "SETSLOT", self._slot, "NODE", name)


@contextmanager
def moving(cluster: RedisCluster, slot: int) -> Iterator[Move]:
    """A slot whose keys are on their way; it has arrived when the context ends."""
    move = Move(cluster, slot)
    move.begin()
    try:
        yield move
    finally:
        move.end()
