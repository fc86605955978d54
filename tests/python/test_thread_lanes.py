"""Slots and threads: a `def` handler that takes long, or does not end when it should, keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobHandlers, JobQueue
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def queue(store_url: str) -> Iterator[JobQueue]:
    with JobQueue(store_url) as queue:
        yield queue


class Gates:
    """Handlers that run until they are let go, and one that returns at once."""

    def __init__(self) -> None:
        self.handlers = JobHandlers()
        self.open = {name: threading.Event() for name in ("slow", "slow_async")}
        self.began = threading.Semaphore(0)
        self.handlers.job("slow")(self.slow)
        self.handlers.job("slow_async")(self.slow_async)
        self.handlers.job("quick")(self.quick)

    def slow(self, payload: None) -> None:
        self.began.release()
        assert self.open["slow"].wait(PATIENCE)

    async def slow_async(self, payload: None) -> None:
        self.began.release()
        assert await asyncio.to_thread(self.open["slow_async"].wait, PATIENCE)

    def quick(self, payload: None) -> str:
        return threading.current_thread().name

    def await_begin(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.began.acquire(timeout=PATIENCE)

    def let_go(self) -> None:
        for gate in self.open.values():
            gate.set()


@pytest.fixture
def gates() -> Iterator[Gates]:
    gates = Gates()
    yield gates
    gates.let_go()


def test_a_free_slot_is_taken_though_every_thread_is_busy(queue: JobQueue, gates: Gates) -> None:
    processor = queue.create_processor(gates.handlers, concurrency=3, poll_interval=0.2)
    processor.start_in_background()
    # Nothing waited when each of these was claimed, and so no thread was made for what comes later.
    for _ in range(2):
        queue.add_job("slow", None)
        gates.await_begin()
        assert queue.wait_for_job(queue.add_job("quick", None), PATIENCE).status == "completed"
    gates.let_go()
    assert processor.stop_and_drain(PATIENCE)


def test_a_slot_that_the_loop_gave_up_is_taken_by_a_thread(queue: JobQueue, gates: Gates) -> None:
    processor = queue.create_processor(gates.handlers, concurrency=2, poll_interval=0.2)
    processor.start_in_background()
    queue.add_job("slow_async", None)
    gates.await_begin()
    queue.add_job("slow", None)
    gates.await_begin()
    # Both slots are taken: this one waits.
    waiting = queue.add_job("quick", None)
    gates.open["slow_async"].set()
    assert queue.wait_for_job(waiting, PATIENCE).status == "completed"
    gates.let_go()
    assert processor.stop_and_drain(PATIENCE)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handler_that_outlasts_its_time_keeps_no_slot(queue: JobQueue, gates: Gates, concurrency: int) -> None:
    processor = queue.create_processor(gates.handlers, concurrency=concurrency, poll_interval=0.2)
    processor.start_in_background()
    for _ in range(concurrency):
        late = queue.add_job("slow", None, timeout=0.1, max_attempts=1)
        gates.await_begin()
        assert queue.wait_for_job(late, PATIENCE).failure_reason == "timeout"
        assert queue.wait_for_job(queue.add_job("quick", None), PATIENCE).status == "completed"
    gates.let_go()
    assert processor.stop_and_drain(PATIENCE)


def test_threads_are_made_for_what_runs(queue: JobQueue, gates: Gates) -> None:
    processor = queue.create_processor(gates.handlers, concurrency=8, poll_interval=0.2)
    processor.start_in_background()
    names = {queue.wait_for_job(queue.add_job("quick", None), PATIENCE).output for _ in range(30)}
    assert len(names) < 8, names
    for _ in range(8):
        queue.add_job("slow", None)
        gates.await_begin()
    until(lambda: queue.count_jobs(status="processing") == 8, "all run")
    gates.let_go()
    assert processor.stop_and_drain(PATIENCE)
