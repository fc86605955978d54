"""What serves as a handler: functions, methods and decorated functions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dataqueue import Job, JobContext, JobHandlers, JobQueue


def test_a_mapping_serves_as_handlers(queue: JobQueue) -> None:
    class Service:
        def __init__(self) -> None:
            self.got: list[int] = []

        def method(self, payload: int) -> None:
            self.got.append(payload)

        async def async_method(self, payload: int, *, ctx: object) -> None:
            self.got.append(payload)

        async def __call__(self, payload: int) -> None:
            self.got.append(payload)

    service = Service()
    registered = JobHandlers()

    @registered.job("renamed")
    def decorated(payload: int) -> None:
        service.got.append(payload)

    def bound(payload: int, *, ctx: JobContext, more: int) -> None:
        service.got.append(payload + more)

    from functools import partial

    mapping: dict[str, Any] = {
        "method": service.method,
        "async_method": service.async_method,
        "instance": service,
        "decorated": decorated,
        "partial": partial(bound, more=10),
        "lambda": lambda payload: service.got.append(payload),
    }
    queue.add_jobs([Job(name, at, priority=-at) for at, name in enumerate(mapping)])
    assert queue.create_processor(mapping, concurrency=1).start() == len(mapping)
    assert queue.count_jobs(status="completed") == len(mapping)
    assert service.got == [0, 1, 2, 3, 14, 5]


def test_a_decorated_handler_is_still_the_function_it_was() -> None:
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: int, *, ctx: object = None) -> int:
        """What it does."""
        return payload * 2

    @handlers.job("awaited")
    async def awaited(payload: int, signal: object) -> tuple[int, object]:
        return payload, signal

    assert sync(21) == 42
    assert sync(21, ctx=None) == 42
    assert asyncio.run(awaited(1, "signal")) == (1, "signal")
    assert (sync.__name__, sync.__doc__, sync.name) == ("sync", "What it does.", "sync")
    assert sync.func(1) == 2
    assert (handlers.names(), list(handlers), len(handlers)) == (["sync", "awaited"], ["sync", "awaited"], 2)
    assert "sync" in handlers
    assert "other" not in handlers


def test_where_a_handler_runs_may_be_said_and_must_be_true() -> None:
    handlers = JobHandlers()

    def on_a_thread(payload: None) -> None: ...

    async def on_a_loop(payload: None) -> None: ...

    assert handlers.job("a", run_in="thread")(on_a_thread).run_in == "thread"
    assert handlers.job("b", run_in="loop")(on_a_loop).run_in == "loop"
    with pytest.raises(TypeError, match=r"run_in is 'loop', and the handler of 'c' is def, .* write async def"):
        handlers.job("c", run_in="loop")(on_a_thread)
    with pytest.raises(TypeError, match=r"run_in is 'thread', and the handler of 'c' is async def, .* write def"):
        handlers.job("c", run_in="thread")(on_a_loop)
    assert "c" not in handlers
