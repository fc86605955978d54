"""`processor.health()`, of both twins."""

from __future__ import annotations

import dataclasses
import os
import threading
from datetime import timedelta
from typing import Any

import pytest

from dataqueue import AsyncJobQueue, Health, JobQueue
from tests.processes import PATIENCE, until


def test_the_health_of_a_processor_tells_what_it_is_at(store_url: str) -> None:
    gate = threading.Event()
    with JobQueue(store_url) as queue:
        processor = queue.create_processor({"wait": lambda payload: gate.wait(PATIENCE)}, concurrency=1, batch_size=1)
        before = processor.health()
        assert (before.live, before.ready, before.reason) == (True, False, "it was not started")
        assert (before.last_claim_age, before.last_renewal_age) == (None, None)
        queue.add_job("wait", None)
        processor.start_in_background()
        until(lambda: processor.health().running == 1 and processor.health().ready, "it runs a job")
        busy = processor.health()
        assert (busy.live, busy.store_reachable, busy.restarts, busy.reason) == (True, True, 0, None)
        for age in (busy.last_claim_age, busy.last_renewal_age):
            assert isinstance(age, timedelta)
            assert timedelta(0) <= age < timedelta(seconds=PATIENCE)
        processor.stop()
        draining = processor.health()
        assert (draining.live, draining.ready, draining.running) == (True, False, 1)
        assert draining.reason == "it drains, and claims no more jobs"
        gate.set()
        assert processor.stop_and_drain(PATIENCE)
        assert processor.health().reason == "it has ended"
        with pytest.raises(dataclasses.FrozenInstanceError):
            draining.ready = True  # type: ignore[misc]


async def test_the_async_twin_answers_without_being_awaited(sqlite_store_url: str) -> None:
    async with AsyncJobQueue(sqlite_store_url) as queue:
        processor = queue.create_processor({"a": lambda payload: None})
        assert isinstance(processor.health(), Health)
        assert await processor.start() == 0
        assert processor.health().reason == "it has ended"


def test_a_queue_that_was_closed_leaves_no_processor_that_seems_well(sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue:
        processor = queue.create_processor({"a": lambda payload: None})
        processor.start_in_background()
        until(lambda: processor.health().ready, "it is ready")
    assert not processor.health().ready


@pytest.mark.parametrize(("given", "error"), [(0, ValueError), (-1, ValueError), ("1", TypeError), (True, TypeError)])
def test_unready_after_must_be_a_time(sqlite_store_url: str, given: Any, error: type[Exception]) -> None:
    with JobQueue(sqlite_store_url) as queue, pytest.raises(error, match="unready_after"):
        queue.create_processor({"a": lambda payload: None}, unready_after=given)


def test_unready_after_must_be_longer_than_a_poll(sqlite_store_url: str) -> None:
    with (
        JobQueue(sqlite_store_url) as queue,
        pytest.raises(ValueError, match=r"unready_after is 5 s: .* poll_interval"),
    ):
        queue.create_processor({"a": lambda payload: None}, unready_after=5)


def test_a_forked_child_is_told_that_the_processor_is_not_its_own(sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue:
        processor = queue.create_processor({"a": lambda payload: None})
        processor.start_in_background()
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(write, (processor.health().reason or "").encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as told:
            assert told.read() == b"it was started before the process forked: create one here"
        os.waitpid(pid, 0)
