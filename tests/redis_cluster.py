"""A private cluster of three Redis masters, made without redis-cli."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tests.cluster import Account, ClusterError, scratch_folder
from tests.redis_process import RedisProcess, port_with_bus, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["RedisCluster", "ask", "run_redis_cluster"]

SLOTS = 16_384
_MASTERS = 3


class RedisCluster:
    """Three masters; `await_ready` makes them one, after about two seconds: a master is careful when it starts."""

    def __init__(self, nodes: list[RedisProcess]) -> None:
        self.nodes = nodes
        self.title = f"cluster of {len(nodes)} {nodes[0].title}"

    @property
    def url(self) -> str:
        """The cluster by all of its servers."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def await_ready(self) -> None:
        """Waits until every server serves, and knows which of them has which slots.

        Raises:
            ClusterError: They do not find together.
        """
        for node in self.nodes:
            wait_until(lambda node=node: "ok" in self.state(node), f"the cluster of port {node.port}")  # type: ignore[misc]

    def owner(self, slot: int) -> RedisProcess:
        """The master that serves a slot."""
        for first, last, master, *_ in ask(self.nodes[0], "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == master[1])
        raise ClusterError(f"nobody serves slot {slot}")

    @contextmanager
    def replica_of(self, master: RedisProcess) -> Iterator[RedisProcess]:
        """One more server, which replicates a master and has caught up with it."""
        with _node(master.binary, {}) as replica:
            if not replica.await_ready():
                raise ClusterError(f"a replica did not start:\n{replica.told()}")
            name = ask(master, "CLUSTER", "MYID")
            ask(replica, "CLUSTER", "MEET", "127.0.0.1", str(master.port))
            wait_until(lambda: name in ask(replica, "CLUSTER", "NODES"), "the replica knows its master")
            ask(replica, "CLUSTER", "REPLICATE", name)
            wait_until(
                lambda: b"master_link_status:up" in ask(replica, "INFO", "replication"), "the replica replicates"
            )
            own = ask(replica, "CLUSTER", "MYID")
            for node in self.nodes:
                # Else it would not be believed when its master is gone.
                wait_until(lambda node=node: _is_replica(node, own, name), "every server knows the replica")  # type: ignore[misc]
            yield replica

    def state(self, node: RedisProcess) -> str:
        """`ok` when this server knows of all and serves, else what is missing."""
        told = ask(node, "CLUSTER", "INFO")
        info = dict(line.split(":", 1) for line in told.decode().split("\r\n") if ":" in line)
        wanted = {"cluster_state": "ok", "cluster_slots_ok": str(SLOTS), "cluster_known_nodes": str(len(self.nodes))}
        return next((f"{name} is {info.get(name)}" for name in wanted if info.get(name) != wanted[name]), "ok")


@contextmanager
def run_redis_cluster(binary: Path, settings: Mapping[str, str] | None = None) -> Iterator[RedisCluster]:
    """Starts a cluster, which runs until the context ends; its `await_ready` is to be called before it is used."""
    with ExitStack() as stack:
        nodes = [stack.enter_context(_node(binary, settings or {})) for _ in range(_MASTERS)]
        with ThreadPoolExecutor(_MASTERS) as threads:
            if not all(threads.map(RedisProcess.await_ready, nodes)):
                raise ClusterError("a server of the cluster did not start:\n" + "\n".join(n.told() for n in nodes))
            list(threads.map(_assign, nodes, range(_MASTERS)))
        for other in nodes[1:]:
            ask(nodes[0], "CLUSTER", "MEET", "127.0.0.1", str(other.port))
        yield RedisCluster(nodes)


@contextmanager
def _node(binary: Path, settings: Mapping[str, str]) -> Iterator[RedisProcess]:
    with scratch_folder("dq-rc-", Account()) as folder:
        own = {"cluster-enabled": "yes", "cluster-config-file": "nodes.conf", "cluster-node-timeout": "5000"}
        node = RedisProcess(binary, folder, {**own, **settings}, port_with_bus())
        node.launch()
        try:
            yield node
        finally:
            node.kill()


def _assign(node: RedisProcess, place: int) -> None:
    """Gives a server its third of the slots, under an epoch of its own."""
    first, after = SLOTS * place // _MASTERS, SLOTS * (place + 1) // _MASTERS
    ask(node, "CLUSTER", "ADDSLOTS", *map(str, range(first, after)))
    ask(node, "CLUSTER", "SET-CONFIG-EPOCH", str(place + 1))


def _is_replica(node: RedisProcess, replica: bytes, master: bytes) -> bool:
    """Whether a server knows of a replica what it is."""
    told = [line.split() for line in ask(node, "CLUSTER", "NODES").splitlines()]
    return any(line[0] == replica and line[3] == master for line in told)


def ask(node: RedisProcess, *command: str | bytes) -> Any:
    """What a server answers to a command, in the parts in which it came."""
    import redis

    with redis.Redis(unix_socket_path=str(node.socket)) as client:
        # As parts, lest the client reads the answer into something of its own.
        client.response_callbacks.clear()
        return client.execute_command(*command)
