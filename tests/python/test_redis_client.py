"""The queue's own connections to Redis, lent for commands of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqueue import AsyncJobQueue, DataQueueError, JobQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue import RedisHandle


@pytest.fixture
def client(redis_store_url: str) -> Iterator[RedisHandle]:
    with JobQueue(redis_store_url) as queue:
        yield queue.get_redis_client()


@pytest.fixture
def key(redis_store_url: str) -> str:
    """A key that is removed with the store's."""
    tag = redis_store_url.split("key_prefix=")[1].rstrip(":")
    return f"{{{tag}}}:of-the-user"


def test_strings_come_back_as_the_bytes_they_were(client: RedisHandle, key: str) -> None:
    assert client.execute("SET", key, b"\x00\xff", "EX", 60) == b"OK"
    assert client.execute("GET", key) == b"\x00\xff"
    assert client.execute("get", f"{key}-not-there") is None


def test_numbers_lists_and_hashes_come_back(client: RedisHandle, key: str) -> None:
    assert client.execute("RPUSH", key, "a", 1, 2.5) == 3
    assert client.execute("LRANGE", key, 0, -1) == [b"a", b"1", b"2.5"]
    assert client.execute("EVAL", "return {1, 'two', {3}, false}", 1, key) == [1, b"two", [3], None]
    assert client.execute("DEL", key) == 1
    client.execute("HSET", key, "field", "é")
    told = client.execute("HGETALL", key)
    assert told in ([b"field", "é".encode()], {b"field": "é".encode()})


def test_the_words_of_a_command_may_be_written_as_one(client: RedisHandle, key: str) -> None:
    client.execute("SET", key, 1, "EX", 60)
    assert client.execute("OBJECT  ENCODING", key) == b"int"


def test_an_error_of_the_server_is_an_error_here(client: RedisHandle, key: str) -> None:
    client.execute("SET", key, "text", "EX", 60)
    with pytest.raises(DataQueueError, match="WRONGTYPE"):
        client.execute("LPUSH", key, "x")
    with pytest.raises(DataQueueError, match="unknown command"):
        client.execute("NONSENSE")
    assert client.execute("GET", key) == b"text"


def test_a_command_that_would_change_the_connection_is_refused(client: RedisHandle) -> None:
    for command in ("SELECT", "MULTI", "SUBSCRIBE", "BLPOP", "client reply"):
        with pytest.raises(ValueError, match="use a client of your own"):
            client.execute(command, "1")
    assert client.execute("PING") == b"PONG"


async def test_the_async_handle_awaits(redis_store_url: str, key: str) -> None:
    async with AsyncJobQueue(redis_store_url) as queue:
        client = queue.get_redis_client()
        assert await client.execute("SET", key, 5, "EX", 60) == b"OK"
        assert await client.execute("INCR", key) == 6


def test_a_cluster_is_asked_where_the_key_is(redis_cluster_url: str) -> None:
    with JobQueue(f"{redis_cluster_url}?key_prefix=of-a-cluster:") as queue:
        client = queue.get_redis_client()
        for number in range(20):
            assert client.execute("SET", f"user-{number}", number, "EX", 60) == b"OK"
        assert [client.execute("GET", f"user-{number}") for number in range(3)] == [b"0", b"1", b"2"]
