"""Keys of the queue's names that hold somebody else's data: they are named, and left as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import ConfigError, JobQueue
from tests.redis_servers import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

HASHES = [
    "meta", "jobs", "payloads", "outputs", "errors", "steps", "events", "holders", "workers", "watchers", "batches",
]  # fmt: skip
SORTED_SETS = [
    "pending", "processing", "completed", "failed", "cancelled", "waiting", "types", "tags", "ready", "later", "expiry",
]  # fmt: skip
KINDS = {**dict.fromkeys(HASHES, "hash"), **dict.fromkeys(SORTED_SETS, "zset"), "orphans": "set"}

WRITES = {
    "string": ("SET", "{}", "somebody's"),
    "list": ("RPUSH", "{}", "somebody's"),
    "set": ("SADD", "{}", "somebody's"),
    "hash": ("HSET", "{}", "somebody's", "1"),
    "zset": ("ZADD", "{}", "1", "somebody's"),
    "stream": ("XADD", "{}", "1-1", "somebody's", "1"),
}


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with connect(redis_url) as client:
        yield client


def tag_of(url: str) -> str:
    return url.split("key_prefix=")[1].rstrip(":")


def test_every_key_of_a_queue_is_tried_here(redis_store_url: str, client: Any) -> None:
    with JobQueue(redis_store_url) as queue:
        queue.add_job("task", 1, tags=["a"], idempotency_key="k")
        queue.add_job("task", 1, run_at=None)
    found = {key.decode().rpartition(":")[2] for key in client.scan_iter(match=f"{{{tag_of(redis_store_url)}}}:*")}
    assert found
    assert found <= set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_key_of_another_type_is_named_and_left_as_it_is(redis_store_url: str, client: Any, name: str) -> None:
    key = f"{{{tag_of(redis_store_url)}}}:{name}"
    for kind, write in WRITES.items():
        if kind == KINDS[name]:
            continue
        client.execute_command(*(word.format(key) for word in write))
        before = client.dump(key)
        complaint = re.escape(f"the key {key} is a {kind} and should be a {KINDS[name]}")
        with JobQueue(redis_store_url) as queue:
            for call in (
                queue.count_jobs,
                queue.migrate,
                lambda queue=queue: queue.add_job("task", 1),
                lambda queue=queue: queue.create_processor({"task": lambda payload: payload}).start(),
            ):
                with pytest.raises(ConfigError, match=complaint):
                    call()
        assert client.dump(key) == before
        found = list(client.scan_iter(match=f"{{{tag_of(redis_store_url)}}}:*", count=1000))
        assert found == [key.encode()], "nothing was written beside it"
        assert client.delete(key) == 1
