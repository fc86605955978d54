"""The main road, end to end, on every store."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataqueue import (
    AsyncJobContext,
    AsyncJobQueue,
    Job,
    JobAborted,
    JobContext,
    JobFailed,
    JobHandlers,
    JobQueue,
    JobStatus,
    PayloadError,
    TagMode,
)

PATIENCE = 30


def run_all(queue: JobQueue, handlers: JobHandlers, **options: Any) -> int:
    return queue.create_processor(handlers, **{"batch_size": 100, "concurrency": 10, **options}).start()


def test_sync_and_async_handlers_share_a_processor(store_url: str) -> None:
    handlers = JobHandlers()
    threads: set[str] = set()

    @handlers.job("double")
    def double(payload: int) -> int:
        threads.add(threading.current_thread().name)
        return payload * 2

    @handlers.job("halve")
    async def halve(payload: int) -> float:
        await asyncio.sleep(0)
        return payload / 2

    with JobQueue(store_url) as queue:
        first, second = queue.add_job(double, 21), queue.add_job(halve, 21)
        assert run_all(queue, handlers) == 2
        assert queue.wait_for_job(first, PATIENCE).output == 42
        assert queue.wait_for_job(second, PATIENCE).output == 10.5
        kinds = [event.event_type.value for event in queue.get_job_events(first)]
        assert kinds == ["added", "processing", "completed"]
    assert all(name.startswith("dataqueue-handler") for name in threads)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), ValueError("no"), Exception()])
def test_whatever_a_handler_raises_fails_its_job_only(store_url: str, error: BaseException) -> None:
    handlers = JobHandlers()

    @handlers.job("sync_bad", max_attempts=1)
    def sync_bad(payload: None) -> None:
        raise error

    @handlers.job("async_bad", max_attempts=1)
    async def async_bad(payload: None) -> None:
        raise error

    @handlers.job("good")
    async def good(payload: None) -> str:
        return "fine"

    with JobQueue(store_url) as queue:
        bad = [queue.add_job(sync_bad, None), queue.add_job(async_bad, None)]
        fine = queue.add_job(good, None)
        assert run_all(queue, handlers) == 3
        for job_id in bad:
            job = queue.get_job(job_id)
            assert job is not None
            assert (job.status, job.failure_reason) == ("failed", "handler_error")
            assert job.error_history[0].type == type(error).__name__
        assert queue.wait_for_job(fine, PATIENCE).output == "fine"


def test_a_result_that_is_not_json_fails_once(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("odd", max_attempts=5)
    def odd(payload: None) -> object:
        return {1, 2}

    with JobQueue(store_url) as queue:
        job_id = queue.add_job(odd, None)
        run_all(queue, handlers)
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.attempts) == ("failed", 1)
        assert "result" in job.error_history[0].message
        with pytest.raises(JobFailed):
            queue.wait_for_job(job_id, raise_on_failure=True)


def test_a_payload_that_does_not_fit_is_refused_before_it_is_stored(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("typed")
    def typed(payload: dict[str, int]) -> None: ...

    with JobQueue(store_url) as queue:
        with pytest.raises(PayloadError, match="typed"):
            queue.add_job(typed, {"a": "x"})  # type: ignore[misc]
        for bad in (float("nan"), object(), "a\0b", "\ud800"):
            with pytest.raises(PayloadError):
                queue.add_job("typed", bad)
        assert queue.count_jobs() == 0


def test_bad_arguments_are_named(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        for options, named in [
            ({"run_at": datetime(2026, 1, 1)}, "run_at"),  # noqa: DTZ001
            ({"timeout": -1}, "timeout"),
            ({"retry_delay": -1}, "retry_delay"),
            ({"priority": 2**31}, "priority"),
            ({"max_attempts": 2**31}, "max_attempts"),
            ({"idempotency_key": "a\0"}, "idempotency_key"),
        ]:
            with pytest.raises(ValueError, match=named):
                queue.add_job("t", None, **options)  # type: ignore[arg-type]
        for name in ("", "x" * 256):
            with pytest.raises(ValueError, match="job_type"):
                queue.add_job(name, None)
        assert queue.count_jobs() == 0


def test_a_timed_out_async_handler_is_cancelled_and_its_job_failed(store_url: str) -> None:
    handlers = JobHandlers()
    seen: list[str | None] = []

    @handlers.job("slow", max_attempts=1, timeout=0.1)
    async def slow(payload: None, *, ctx: AsyncJobContext) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            seen.append(ctx.signal.reason)
            raise

    with JobQueue(store_url) as queue:
        job_id = queue.add_job(slow, None)
        run_all(queue, handlers)
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.failure_reason) == ("failed", "timeout")
    assert seen == ["timeout"]


def test_a_sync_handler_sees_the_signal_and_can_extend_its_time(store_url: str) -> None:
    handlers = JobHandlers()
    asked: list[int] = []

    @handlers.job("slow", max_attempts=1, timeout=0.1)
    def slow(payload: None, *, ctx: JobContext) -> str:
        def more() -> float | None:
            asked.append(1)
            return 0.2 if len(asked) == 1 else None

        ctx.on_timeout(more)
        assert ctx.signal.wait(PATIENCE)
        with pytest.raises(JobAborted):
            ctx.signal.raise_if_aborted()
        return "too late"

    with JobQueue(store_url) as queue:
        job_id = queue.add_job(slow, None)
        run_all(queue, handlers)
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.failure_reason) == ("failed", "timeout")
        assert "prolonged" in [event.event_type for event in queue.get_job_events(job_id)]
    assert len(asked) == 2


def test_a_drain_gives_back_what_runs_without_counting_the_attempt(store_url: str) -> None:
    handlers = JobHandlers()
    started = threading.Event()

    @handlers.job("long")
    async def long(payload: None) -> None:
        started.set()
        await asyncio.sleep(PATIENCE)

    with JobQueue(store_url) as queue:
        job_id = queue.add_job(long, None)
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        assert started.wait(PATIENCE)
        assert processor.is_running()
        assert processor.stop_and_drain(0.05) is False
        assert not processor.is_running()
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)


def test_a_processor_leaves_types_it_has_no_handler_for(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("known")
    def known(payload: None) -> None: ...

    with JobQueue(store_url) as queue:
        other = queue.add_job("unknown", None, max_attempts=1)
        queue.add_job(known, None)
        assert run_all(queue, handlers) == 1
        job = queue.get_job(other)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)
        assert run_all(queue, handlers, unhandled="fail") == 1
        job = queue.wait_for_job(other, PATIENCE)
        assert (job.status, job.failure_reason) == ("failed", "no_handler")


def test_idle_processors_are_woken_by_new_jobs(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("ping")
    async def ping(payload: int) -> int:
        return payload

    with JobQueue(store_url) as queue:
        processor = queue.create_processor(handlers, poll_interval=600)
        processor.start_in_background()
        for number in range(5):
            assert queue.wait_for_job(queue.add_job(ping, number), PATIENCE).output == number
        later = datetime.now(UTC) + timedelta(seconds=0.3)
        assert queue.wait_for_job(queue.add_job(ping, 9, run_at=later), PATIENCE).output == 9
        assert processor.stop_and_drain(PATIENCE)


def test_managing_changes_only_what_may_change(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        first, second = queue.add_jobs([Job("a", 1, tags=["x", "y"]), Job("b", [2], tags=["x"])])
        assert queue.edit_job(first, priority=7, payload={"new": 1}, tags=None)
        job = queue.get_job(first)
        assert job is not None
        assert (job.priority, job.payload, list(job.tags)) == (7, {"new": 1}, [])
        assert [found.id for found in queue.get_jobs_by_tags(["x"], TagMode.EXACT)] == [second]
        assert queue.cancel_job(first)
        assert not queue.cancel_job(first)
        assert not queue.edit_job(first, priority=1)
        assert queue.retry_job(first)
        assert queue.cancel_all_upcoming_jobs() == 2
        assert queue.count_jobs(status=JobStatus.CANCELLED) == 2
        assert queue.cleanup_old_jobs(0) == 2
        assert queue.get_all_jobs() == []


def test_an_idempotency_key_names_one_job(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        first = queue.add_job("t", 1, idempotency_key="k")
        again = queue.add_job("t", 2, idempotency_key="k")
        assert (first, first.created, again.created) == (again, True, False)
        threads = [
            threading.Thread(target=queue.add_job, args=("t", 1), kwargs={"idempotency_key": "r"}) for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert queue.count_jobs() == 2


async def test_the_async_twin_runs_handlers_on_the_running_loop(store_url: str) -> None:
    handlers = JobHandlers()
    loops: list[object] = []

    @handlers.job("here")
    async def here(payload: int) -> int:
        loops.append(asyncio.get_running_loop())
        return payload

    async with AsyncJobQueue(store_url) as queue:
        ids = await queue.add_jobs([Job(here, number) for number in range(50)])
        processor = queue.create_processor(handlers, concurrency=10)
        processor.start_in_background()
        done = await asyncio.gather(*(queue.wait_for_job(job_id, PATIENCE) for job_id in ids))
        assert [job.output for job in done] == list(range(50))
        assert await processor.stop_and_drain(PATIENCE)
    assert set(loops) == {asyncio.get_running_loop()}


async def test_a_cancelled_add_leaves_the_queue_usable(store_url: str) -> None:
    async with AsyncJobQueue(store_url) as queue:
        tasks = [asyncio.create_task(queue.add_job("t", number)) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await queue.add_job("t", "last")
        assert 1 <= await queue.count_jobs() <= 21
