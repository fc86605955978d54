"""A queue that must be as empty after each test as it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared_queue(shared_store_url: str) -> Iterator[JobQueue]:
    with JobQueue(shared_store_url) as queue:
        yield queue


@pytest.fixture
def queue(shared_queue: JobQueue) -> Iterator[JobQueue]:
    """Whatever the test tried, nothing may be stored."""
    yield shared_queue
    stored = shared_queue.get_all_jobs()
    shared_queue.cancel_all_upcoming_jobs()
    shared_queue.cleanup_old_jobs(0)
    assert stored == []
