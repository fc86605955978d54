"""Two fresh stores of different kinds: each kind is once the source and once the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["sqlite to postgres", "postgres to redis", "redis to sqlite"])
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The URLs of two fresh stores, source and target."""
    source, target = request.param.split(" to ")
    return request.getfixturevalue(f"{source}_store_url"), request.getfixturevalue(f"{target}_store_url")


@pytest.fixture
def queues(way: tuple[str, str]) -> Iterator[tuple[JobQueue, JobQueue]]:
    with JobQueue(way[0]) as source, JobQueue(way[1]) as target:
        yield source, target
