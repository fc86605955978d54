"""When a failed job is tried again."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

import pytest

from dataqueue import JobContext, JobHandlers, JobQueue, JobRecord, JobType
from tests.python.conftest import PATIENCE

MINUTE = timedelta(minutes=1)
A_YEAR = timedelta(days=366)


def fail(payload: object) -> None:
    raise ValueError("as it must")


def record(queue: JobQueue, job_id: int) -> JobRecord:
    found = queue.get_job(job_id)
    assert found is not None
    return found


def delays(queue: JobQueue, attempts: int, **options: Any) -> list[timedelta]:
    """How long each failure of a job is from its next attempt, without waiting for any."""
    job_id = queue.add_job("bad", None, max_attempts=attempts + 1, **options)
    processor = queue.create_processor({"bad": fail})
    found = []
    for attempt in range(1, attempts + 1):
        assert processor.start() == 1
        job = record(queue, job_id)
        assert (job.status, job.attempts) == ("failed", attempt)
        assert job.next_attempt_at is not None
        assert job.last_failed_at is not None
        found.append(job.next_attempt_at - job.last_failed_at)
        assert queue.edit_job(job_id, run_at=None)
    queue.cancel_job(job_id)
    return found


def test_without_options_the_delay_is_two_to_the_attempts_minutes(queue: JobQueue) -> None:
    assert delays(queue, 4) == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE]


def test_without_backoff_the_delay_is_constant(queue: JobQueue) -> None:
    assert delays(queue, 3, retry_backoff=False) == [MINUTE] * 3
    assert delays(queue, 3, retry_backoff=False, retry_delay=1.25) == [timedelta(seconds=1.25)] * 3
    assert delays(queue, 2, retry_backoff=False, retry_delay=90, retry_delay_max=30) == [MINUTE / 2] * 2


def test_with_backoff_the_delay_doubles_and_is_drawn_from_its_upper_half(queue: JobQueue) -> None:
    cases: list[tuple[dict[str, Any], list[float]]] = [
        ({"retry_delay": 10}, [10, 20, 40, 80]),
        ({"retry_delay": timedelta(seconds=0.5)}, [0.5, 1, 2, 4]),
        ({"retry_delay": 10, "retry_delay_max": 25}, [10, 20, 25]),
        ({"retry_delay_max": 90}, [60, 90, 90]),
        ({"retry_backoff": True}, [60, 120, 240]),
        ({"retry_delay": 0}, [0, 0]),
    ]
    for options, bounds in cases:
        for delay, bound in zip(delays(queue, len(bounds), **options), bounds, strict=True):
            assert bound / 2 <= delay.total_seconds() <= bound, options


def test_the_delay_is_drawn_anew_for_each_failure(queue: JobQueue) -> None:
    job_ids = [queue.add_job("bad", None, retry_delay=1000) for _ in range(20)]
    queue.create_processor({"bad": fail}, batch_size=20).start()
    seen = {(job.next_attempt_at or job.run_at) - (job.last_failed_at or job.run_at) for job in queue.get_jobs()}
    assert len(seen) > len(job_ids) / 2
    assert all(timedelta(seconds=500) <= delay <= timedelta(seconds=1000) for delay in seen)


def test_doubling_never_leads_beyond_a_year(queue: JobQueue) -> None:
    [first, second] = delays(queue, 2, retry_delay=A_YEAR)
    assert A_YEAR / 2 <= first <= A_YEAR
    assert A_YEAR / 2 <= second <= A_YEAR


def test_options_of_the_type_apply_where_the_call_does_not_say_otherwise(queue: JobQueue) -> None:
    declared = JobType(
        "bad", int, max_attempts=9, retry_delay=5, retry_backoff=False, priority=3, tags=["t"], timeout=7
    )
    first = record(queue, queue.add_job(declared, 1))
    assert (first.max_attempts, first.retry_delay, first.retry_backoff) == (9, timedelta(seconds=5), False)
    assert (first.priority, first.tags, first.timeout) == (3, ["t"], timedelta(seconds=7))
    second = record(queue, queue.add_job(declared, 1, priority=0, tags=[], retry_delay=6, max_attempts=2))
    assert (second.priority, second.tags, second.retry_delay, second.max_attempts) == (0, [], timedelta(seconds=6), 2)
    assert (second.retry_backoff, second.timeout) == (False, timedelta(seconds=7))
    by_name = record(queue, queue.add_job("bad", 1))
    assert (by_name.priority, by_name.max_attempts, by_name.retry_delay) == (0, 3, None)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_retry_rule_of_the_type_overrides_the_options(queue: JobQueue, kind: str) -> None:
    asked: list[tuple[int, BaseException]] = []
    answers: list[Any] = [90, 0.5, timedelta(seconds=3), 0, None]

    def rule(attempt: int, error: BaseException) -> Any:
        asked.append((attempt, error))
        return answers[attempt - 1]

    handlers = JobHandlers()

    async def fail_async(payload: object) -> None:
        fail(payload)

    function: Any = fail if kind == "def" else fail_async
    handlers.job("bad", max_attempts=100, retry_delay=1, retry=rule)(function)
    # The worker's rule decides, whoever added the job.
    job_id = queue.add_job("bad", None, max_attempts=100, retry_delay=7)
    processor = queue.create_processor(handlers)
    found = []
    for _ in answers[:-1]:
        assert processor.start() == 1
        job = record(queue, job_id)
        assert job.next_attempt_at is not None
        assert job.last_failed_at is not None
        found.append((job.next_attempt_at - job.last_failed_at).total_seconds())
        queue.edit_job(job_id, run_at=None)
    assert found == [90, 0.5, 3, 0]
    assert processor.start() == 1
    job = record(queue, job_id)
    assert (job.status, job.next_attempt_at, job.attempts) == ("failed", None, 5)
    assert [attempt for attempt, _ in asked] == [1, 2, 3, 4, 5]
    assert all(isinstance(error, ValueError) and str(error) == "as it must" for _, error in asked)


def test_a_retry_rule_that_cannot_be_used_leaves_it_to_the_options(queue: JobQueue) -> None:
    answers: list[Any] = [-1, math.nan, math.inf, 1e300, "soon", ZeroDivisionError()]

    def rule(attempt: int, error: BaseException) -> Any:
        answer = answers[attempt - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    handlers = JobHandlers()
    handlers.job("bad", retry=rule)(fail)
    job_id = queue.add_job("bad", None, retry_delay=10, retry_backoff=False, max_attempts=len(answers) + 1)
    processor = queue.create_processor(handlers)
    for answer in answers:
        assert processor.start() == 1
        job = record(queue, job_id)
        assert job.next_attempt_at is not None
        assert job.last_failed_at is not None
        assert job.next_attempt_at - job.last_failed_at == timedelta(seconds=10), answer
        queue.edit_job(job_id, run_at=None)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_retry_rule_is_asked_about_a_timeout_too(queue: JobQueue, kind: str) -> None:
    asked: list[BaseException] = []

    def rule(attempt: int, error: BaseException) -> float:
        asked.append(error)
        return 45

    handlers = JobHandlers()

    if kind == "def":

        @handlers.job("slow", timeout=0.05, retry=rule)
        def slow(payload: None, *, ctx: JobContext) -> None:
            ctx.signal.wait(PATIENCE)
    else:

        @handlers.job("slow", timeout=0.05, retry=rule)
        async def slow_async(payload: None) -> None:
            await asyncio.sleep(PATIENCE)

    job_id = queue.add_job("slow", None, timeout=0.05)
    assert queue.create_processor(handlers).start() == 1
    job = record(queue, job_id)
    assert (job.status, job.failure_reason) == ("failed", "timeout")
    assert job.next_attempt_at is not None
    assert job.last_failed_at is not None
    assert job.next_attempt_at - job.last_failed_at == timedelta(seconds=45)
    assert [type(error) for error in asked] == [TimeoutError]


def test_a_running_processor_takes_a_retry_when_it_is_due(queue: JobQueue) -> None:
    attempts: list[int] = []
    handlers = JobHandlers()

    @handlers.job("flaky")
    def flaky(payload: None, *, ctx: JobContext) -> str:
        attempts.append(ctx.job.attempts)
        if len(attempts) < 3:
            raise ValueError("not yet")
        return "done"

    processor = queue.create_processor(handlers, poll_interval=600)
    processor.start_in_background()
    job_id = queue.add_job("flaky", None, retry_delay=0.05)
    job = queue.wait_for_job(job_id, PATIENCE)
    assert (job.output, job.attempts, attempts) == ("done", 3, [1, 2, 3])
    assert len(job.error_history) == 2
    assert processor.stop_and_drain(PATIENCE)
