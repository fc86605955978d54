"""What is looked at in Redis: memory, eviction, persistence, role, and the queue's keys."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..printing import span
from . import store
from .finding import Check, Finding, notice, ok, problem, warning

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...redis_client import RedisHandle

__all__ = ["checks"]

_OLDEST_VERSION = (6, 2)


def checks(queue: JobQueue) -> Iterator[Check]:
    """The checks, in the order in which they are told."""
    from ..._core import whereabouts

    redis, told = queue.get_redis_client(), whereabouts(queue._requests.store)
    yield "round trip", lambda: store.round_trip(lambda: redis.execute("PING"))
    yield "server", lambda: _server(redis)
    yield "schema", lambda: store.schema(queue)
    yield "role", lambda: _role(redis)
    if told["cluster"]:
        yield "cluster", lambda: _cluster(redis)
    yield "memory", lambda: _memory(redis)
    yield "persistence", lambda: _persistence(redis)
    yield "durability", lambda: store.durability(queue)
    yield "keys", lambda: _keys(redis, told["keys"])
    yield "clock", lambda: store.clock(lambda: _now(redis))


def _info(redis: RedisHandle, section: str) -> Mapping[str, str]:
    answer = redis.execute("INFO", section)
    if isinstance(answer, dict):
        # A cluster's client may answer for each node: the facts of one of them stand for all.
        answer = next(iter(answer.values()), b"")
    lines = answer.decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def _now(redis: RedisHandle) -> datetime:
    seconds, micros = redis.execute("TIME")
    return datetime.fromtimestamp(int(seconds) + int(micros) / 1_000_000, UTC)


def _server(redis: RedisHandle) -> Iterable[Finding]:
    info = _info(redis, "server")
    named = (
        f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info.get('redis_version', '?')}"
    )
    version = tuple(int(part) for part in info.get("redis_version", "0").split(".")[:2] if part.isdigit())
    if version < _OLDEST_VERSION:
        yield problem("server", f"{named}, older than 6.2", "upgrade the server")
    else:
        yield ok("server", named)


def _role(redis: RedisHandle) -> Iterable[Finding]:
    info = _info(redis, "replication")
    if info.get("role") != "master":
        yield problem(
            "role",
            "the server is a replica, which takes no writes",
            "let the URL lead to the master, or ask sentinels for it: redis+sentinel://",
        )
        return
    replicas = int(info.get("connected_slaves", 0))
    yield ok("role", f"a master with {replicas} replicas" if replicas else "a master without replicas")


def _cluster(redis: RedisHandle) -> Iterable[Finding]:
    answer = redis.execute("CLUSTER", "INFO").decode(errors="replace")
    info = dict(line.split(":", 1) for line in answer.split() if ":" in line)
    state = info.get("cluster_state", "unknown")
    if state == "ok":
        yield ok("cluster", f"its state is ok, with {info.get('cluster_size', '?')} masters")
    else:
        yield problem(
            "cluster",
            f"its state is {state}: {info.get('cluster_slots_fail', '?')} slots have no server",
            "bring the failed masters back, or fail over to their replicas",
        )


def _memory(redis: RedisHandle) -> Iterable[Finding]:
    info = _info(redis, "memory")
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    policy = info.get("maxmemory_policy", "noeviction")
    told = f"{_mib(used)} used, {f'maxmemory {_mib(most)}' if most else 'no maxmemory'}, maxmemory-policy {policy}"
    remedy = "set maxmemory-policy noeviction: what evicts keys throws whole queues away"
    if policy != "noeviction" and most:
        yield problem("memory", told, remedy)
    elif policy != "noeviction":
        yield warning("memory", told, f"{remedy}, as soon as there is a maxmemory")
    elif most and used > 0.9 * most:
        yield problem("memory", told, "raise maxmemory, or clean old jobs up: adds fail when it is full")
    elif most and used > 0.75 * most:
        yield warning("memory", told, "raise maxmemory, or clean old jobs up, before it is full and adds fail")
    elif not most:
        yield notice("memory", told, "set a maxmemory below the machine's, so that the kernel does not kill the server")
    else:
        yield ok("memory", told)


def _persistence(redis: RedisHandle) -> Iterable[Finding]:
    info = _info(redis, "persistence")
    appends = info.get("aof_enabled") == "1"
    saved = int(info.get("rdb_last_save_time", 0))
    age = span(max(time.time() - saved, 0))
    told = f"appendonly {'yes' if appends else 'no'}, last snapshot or start {age} ago"
    bad = [
        name
        for name, key in (
            ("the last snapshot", "rdb_last_bgsave_status"),
            ("the last write of the log", "aof_last_write_status"),
            ("the last rewrite of the log", "aof_last_bgrewrite_status"),
        )
        if info.get(key, "ok") != "ok"
    ]
    if bad:
        yield problem(
            "persistence",
            f"{told}; {' and '.join(bad)} failed",
            "look into the server's log; most often its disk is full, or it may not write there",
        )
    elif info.get("loading") == "1":
        yield warning("persistence", f"{told}; it is still loading its data", "wait until it has loaded")
    elif not appends:
        yield warning("persistence", told, "set appendonly yes, unless the jobs since the last snapshot may be lost")
    else:
        yield ok("persistence", told)


def _keys(redis: RedisHandle, names: list[str]) -> Iterable[Finding]:
    """A queue has few keys, and each of them many members: how much they take together."""
    there, taken = 0, 0
    largest, most = "none", 0
    for name in names:
        size = redis.execute("MEMORY USAGE", name, "SAMPLES", "5")
        if size is None:
            continue
        there, taken = there + 1, taken + size
        if size > most:
            largest, most = name, size
    jobs = redis.execute("HLEN", next(name for name in names if name.endswith("jobs")))
    yield ok(
        "keys", f"{there} keys with {jobs:,} jobs take about {_mib(taken)}; the largest is {largest}, {_mib(most)}"
    )


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
