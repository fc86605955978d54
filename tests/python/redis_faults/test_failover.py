"""A master that dies under load, and whose replica takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, JobQueue
from tests.processes import until
from tests.proxy import run_proxy
from tests.python.redis_faults.load import Load
from tests.python.redis_faults.slots import slot_of
from tests.redis_cluster import ask, run_redis_cluster
from tests.redis_process import run_redis

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_process import RedisProcess


def test_a_replica_behind_the_same_address_takes_over(server: RedisProcess, binary: Path) -> None:
    with run_redis(binary) as replica, run_proxy(server.port) as proxy:
        url = f"redis://{proxy.address}"
        ask(replica, "REPLICAOF", "127.0.0.1", str(server.port))
        until(lambda: b"master_link_status:up" in ask(replica, "INFO", "replication"), "the replica replicates")
        with Load(url, keyed=True, may_fail=True) as load:
            load.goes_on()
            kill_when_replicated(server, replica)
            proxy.lead_to(replica.port)
            with JobQueue(url) as late, pytest.raises(BackendUnavailable, match="it is a replica"):
                late.add_job("count", -1)
            ask(replica, "REPLICAOF", "NO", "ONE")
            load.goes_on()
            load.check()


def test_a_master_of_a_cluster_dies_and_its_replica_takes_over(binary: Path) -> None:
    with run_redis_cluster(binary) as cluster:
        cluster.await_ready()
        master = cluster.owner(slot_of(cluster, "{dq}"))
        with cluster.replica_of(master) as replica, Load(cluster.url, keyed=True, may_fail=True) as load:
            load.goes_on()
            kill_when_replicated(master, replica)
            ask(replica, "CLUSTER", "FAILOVER", "TAKEOVER")
            load.goes_on()
            load.check()


def kill_when_replicated(master: RedisProcess, replica: RedisProcess) -> None:
    """Kills a master once its replica has all of it: what is not replicated yet is lost, as the docs say."""
    ask(master, "CLIENT", "PAUSE", "60000", "WRITE")
    until(lambda: offset(replica, b"slave_repl_offset") == offset(master, b"master_repl_offset"), "it is replicated")
    master.kill()


def offset(node: RedisProcess, name: bytes) -> bytes:
    lines = ask(node, "INFO", "replication").splitlines()
    return next(line for line in lines if line.startswith(name + b":")).partition(b":")[2]  # type: ignore[no-any-return]
