"""What a queue says about crashes of its store."""

from __future__ import annotations

import dataclasses

import pytest

from dataqueue import AsyncJobQueue, Durability, JobQueue, PostgresConfig
from tests.conftest import with_parameter


def test_every_store_tells_what_survives_a_crash(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        told = queue.durability()
    if store_url.startswith("redis"):
        # The tests' own server keeps nothing on disk.
        assert not told.durable
        assert told.may_lose.startswith("Everything")
        assert told.eviction_policy == "noeviction"
    else:
        assert told.durable
        assert told.may_lose.startswith("Nothing")
        assert told.eviction_policy is None
    assert store_url.split(":", maxsplit=1)[0] in told.store.lower().replace("postgresql", "postgresql")


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


def test_the_record_is_immutable() -> None:
    record = Durability(store="x", persistence="y", durable=True, may_lose="z")
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.durable = False  # type: ignore[misc]
