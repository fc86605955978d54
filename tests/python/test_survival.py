"""Handlers that misbehave: their job fails, and everything else goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobQueue
from tests.processes import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataqueue import JobRecord, JobType


def run(queue: JobQueue, handlers: JobHandlers, **options: Any) -> list[JobRecord]:
    """Runs one job of each type, and then others that must complete; answers the jobs."""
    types = [cast("JobType[None]", handler) for handler in handlers._functions.values()]

    @handlers.job("fine")
    def fine(payload: None) -> str:
        return "fine"

    @handlers.job("fine_async")
    async def fine_async(payload: None) -> str:
        return "fine"

    processor = queue.create_processor(handlers, concurrency=1, batch_size=1, **options)
    processor.start_in_background()
    ids = [queue.add_job(name, None, max_attempts=1) for name in types]
    ended = [queue.wait_for_job(job_id, PATIENCE) for job_id in ids]
    for good in (fine, fine_async):
        assert queue.wait_for_job(queue.add_job(good, None), PATIENCE).output == "fine"
    assert processor.stop_and_drain(PATIENCE)
    counts = processor.counts()
    assert counts["claimed"] == counts["completed"] + counts["failed"] == len(ids) + 2
    return ended


class StrRaises(Exception):
    def __str__(self) -> str:
        raise ValueError("cannot be told")


class StrExits(Exception):
    def __str__(self) -> str:
        raise SystemExit(1)


class StrIsNone(Exception):
    def __str__(self) -> str:
        return None  # type: ignore[return-value]  # noqa: PLE0307


class Renamed(Exception):
    pass


Renamed.__qualname__ = "lone \ud800 \0"
Renamed.__module__ = None  # type: ignore[assignment]


class Unhashable(Exception):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")


ODD_ERRORS: list[Callable[[], BaseException]] = [
    StrRaises,
    StrExits,
    StrIsNone,
    Renamed,
    Unhashable,
    asyncio.CancelledError,
    lambda: ExceptionGroup("several", [StrRaises(), StrExits(), ValueError("\udfff\0")]),
    lambda: BaseExceptionGroup("several", [KeyboardInterrupt(), SystemExit()]),
    lambda: Exception("x" * 10_000_000),
    lambda: StopIteration(1),
    lambda: StopAsyncIteration(),
]


@pytest.mark.parametrize("error", ODD_ERRORS, ids=lambda error: error.__name__)
def test_an_odd_error_fails_its_job_only(sqlite_store_url: str, error: Callable[[], BaseException]) -> None:
    handlers = JobHandlers()

    @handlers.job("bad")
    def bad(payload: None) -> None:
        raise error()

    @handlers.job("bad_async")
    async def bad_async(payload: None) -> None:
        await asyncio.sleep(0)
        raise error()

    with JobQueue(sqlite_store_url) as queue:
        for job in run(queue, handlers):
            assert (job.status, job.failure_reason, job.attempts) == ("failed", "handler_error", 1)
            assert job.error_history[0].message


def test_a_retry_rule_that_raises_leaves_the_decision_to_the_options(sqlite_store_url: str) -> None:
    handlers = JobHandlers()

    def rule(attempt: int, error: BaseException) -> float:
        raise SystemExit(attempt)

    @handlers.job("bad", retry=rule)
    def bad(payload: None) -> None:
        raise ValueError("no")

    @handlers.job("bad_async", retry=rule)
    async def bad_async(payload: None) -> None:
        raise ValueError("no")

    with JobQueue(sqlite_store_url) as queue:
        assert [job.status for job in run(queue, handlers)] == ["failed", "failed"]


def test_a_handler_that_cancels_itself_has_failed(sqlite_store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("cancels")
    async def cancels(payload: None) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with JobQueue(sqlite_store_url) as queue:
        [job] = run(queue, handlers)
        assert (job.status, job.failure_reason, job.attempts) == ("failed", "handler_error", 1)
        assert job.error_history[0].type == "asyncio.exceptions.CancelledError"


def test_deep_recursion_fails_its_job_and_shows_where_it_ended(store_url: str) -> None:
    handlers = JobHandlers()

    def outer(depth: int) -> int:
        return 1 + outer(depth + 1) if depth < 200 else innermost(depth)

    def innermost(depth: int) -> int:
        return innermost(depth + 1)

    @handlers.job("deep")
    def deep(payload: None) -> int:
        return outer(0)

    @handlers.job("deep_async")
    async def deep_async(payload: None) -> int:
        return outer(0)

    @handlers.job("deep_result")
    def deep_result(payload: None) -> object:
        nested: list[Any] = []
        for _ in range(100_000):
            nested = [nested]
        return nested

    with JobQueue(store_url) as queue:
        first, second, third = run(queue, handlers)
        for job in (first, second):
            assert job.error_history[0].type == "RecursionError"
            assert "in innermost" in (job.error_history[0].traceback or "")
        assert third.failure_reason == "handler_error"


def test_a_handler_may_cancel_retry_and_edit_its_own_job(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("own")
    def own(payload: None, *, ctx: JobContext) -> list[bool]:
        mine = ctx.job.id
        return [queue.cancel_job(mine), queue.retry_job(mine), queue.edit_job(mine, priority=1)]

    with JobQueue(store_url) as queue:
        [job] = run(queue, handlers)
        # It runs, so nothing of this is allowed, and nothing was changed.
        assert (job.status, job.output, job.priority) == ("completed", [False, False, False], 0)


REMOVE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30)
connection.execute("delete from job_queue where id = ?", (int(sys.argv[2]),))
connection.commit()
"""


def test_a_handler_may_delete_its_own_job(store_url: str, schema: str) -> None:
    handlers = JobHandlers()

    def remove(job_id: int) -> None:
        if store_url.startswith("sqlite"):
            # In a process of its own: two libraries on one file in one process can damage it.
            path = store_url.removeprefix("sqlite:///")
            subprocess.run([sys.executable, "-c", REMOVE, path, str(job_id)], check=True)
        elif store_url.startswith("redis"):
            tag = parse_qs(urlsplit(store_url).query)["key_prefix"][0].removesuffix(":")
            queue.get_redis_client().execute("HDEL", f"{{{tag}}}:jobs", job_id)
        else:
            queue.get_pool().execute(f'delete from "{schema}".job_queue where id = {job_id}')

    @handlers.job("gone")
    def gone(payload: None, *, ctx: JobContext) -> str:
        remove(ctx.job.id)
        ctx.set_progress(50)
        return "done"

    @handlers.job("gone_and_fails")
    def gone_and_fails(payload: None, *, ctx: JobContext) -> None:
        remove(ctx.job.id)
        raise ValueError("no")

    @handlers.job("fine")
    def fine(payload: None) -> str:
        return "fine"

    with JobQueue(store_url) as queue:
        ids = [queue.add_job("gone", None), queue.add_job("gone_and_fails", None)]
        last = queue.add_job("fine", None)
        processor = queue.create_processor(handlers, concurrency=1, lease=1)
        processor.start_in_background()
        assert queue.wait_for_job(last, PATIENCE).output == "fine"
        for job_id in ids:
            with pytest.raises(LookupError):
                queue.wait_for_job(job_id, PATIENCE)
        assert processor.stop_and_drain(PATIENCE)
        assert processor.counts()["lost"] == 2


def test_threads_of_a_handler_may_outlive_it(sqlite_store_url: str) -> None:
    handlers = JobHandlers()
    go_on = threading.Event()
    late: list[object] = []

    @handlers.job("spawns")
    def spawns(payload: None, *, ctx: JobContext) -> int:
        def work() -> None:
            go_on.wait(PATIENCE)
            try:
                ctx.set_progress(99)
                ctx.set_output("late")
                ctx.prolong(5)
                ctx.log("late")
                late.append(queue.count_jobs())
            except BaseException as error:
                late.append(error)

        threads.extend(threading.Thread(target=work) for _ in range(8))
        for thread in threads:
            thread.start()
        return 7

    threads: list[threading.Thread] = []
    with JobQueue(sqlite_store_url) as queue:
        [job] = run(queue, handlers)
        go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert late == [3] * 8
        again = queue.get_job(job.id)
        # What is reported after the end is not recorded.
        assert again is not None
        assert (again.output, again.progress) == (7, None)


def exits() -> float:
    raise SystemExit(1)


@pytest.mark.parametrize(
    "answer", [exits, lambda: "5", lambda: -1, lambda: float("nan"), lambda: float("inf"), lambda: 0, lambda: True]
)
def test_an_on_timeout_callback_that_gives_no_answer_lets_the_job_time_out(
    sqlite_store_url: str, answer: Callable[[], Any]
) -> None:
    handlers = JobHandlers()

    @handlers.job("late", timeout=0.1)
    def late(payload: None, *, ctx: JobContext) -> None:
        ctx.on_timeout(answer)
        ctx.signal.wait(PATIENCE)

    @handlers.job("late_async", timeout=0.1)
    async def late_async(payload: None, *, ctx: AsyncJobContext) -> None:
        ctx.on_timeout(answer)
        await ctx.signal.wait(PATIENCE)

    with JobQueue(sqlite_store_url) as queue:
        for job in run(queue, handlers):
            assert (job.status, job.failure_reason) == ("failed", "timeout")


def test_spans_longer_than_time_itself_do_no_harm(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("long", timeout=PATIENCE)
    def long(payload: None, *, ctx: JobContext) -> None:
        with pytest.raises(ValueError, match="duration"):
            ctx.prolong(1e300)

    @handlers.job("longer", timeout=0.2)
    async def longer(payload: None, *, ctx: AsyncJobContext) -> bool:
        ctx.on_timeout(lambda: 1e300)
        return await ctx.signal.wait(PATIENCE)

    @handlers.job("bad", retry=lambda _attempt, _error: 1e300)
    async def bad(payload: None) -> None:
        raise ValueError("no")

    with JobQueue(store_url) as queue:
        first, second, third = run(queue, handlers)
        assert (first.status, second.failure_reason, third.status) == ("completed", "timeout", "failed")
        with pytest.raises(TimeoutError):
            queue.wait_for_job(queue.add_job("never", None), 0)
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        assert processor.stop_and_drain(1e300)


def test_a_handler_that_blocks_its_loop_or_thread_does_not_keep_its_processor_from_stopping(store_url: str) -> None:
    handlers = JobHandlers()
    started = threading.Barrier(3)
    go_on = threading.Event()

    @handlers.job("blocks")
    def blocks(payload: None) -> None:
        started.wait(PATIENCE)
        go_on.wait()

    @handlers.job("blocks_loop")
    async def blocks_loop(payload: None) -> None:
        started.wait(PATIENCE)
        go_on.wait()

    with JobQueue(store_url) as queue:
        ids = [queue.add_job(blocks, None), queue.add_job(blocks_loop, None)]
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        started.wait(PATIENCE)
        # Were it to wait for the handlers, it would wait for ever.
        assert not processor.stop_and_drain(0.1)
        for job_id in ids:
            job = queue.get_job(job_id)
            assert job is not None
            assert (job.status, job.attempts) == ("pending", 0)
        go_on.set()
