"""Jobs that expire, and jobs that are kept for a span of their own: what processors make of them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from dataqueue import JobHandlers, JobQueue, JobType
from dataqueue.testing import VirtualQueue
from tests.python.conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = timedelta(days=1)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_processor_cancels_what_expired_and_starts_none_of_it(queue: JobQueue) -> None:
    ran: list[object] = []
    late = queue.add_job("a", "late", expires_in=0.001)
    queue.add_job("a", "in time", expires_in=DAY)
    until(lambda: (job := queue.get_job(late)) is not None and _is_over(job.expires_at))
    processor = queue.create_processor(JobHandlers({"a": ran.append}))
    assert processor.start() == 1
    assert ran == ["in time"]
    job = queue.get_job(late)
    assert job is not None
    assert (job.status, job.cancel_reason) == ("cancelled", "expired: its first attempt had not begun in time")
    assert queue.get_job_events(late)[-1].metadata == {"reason": job.cancel_reason}


def _is_over(at: object) -> bool:
    from datetime import UTC, datetime

    assert isinstance(at, datetime)
    return datetime.now(UTC) > at + timedelta(milliseconds=50)


def test_a_processor_in_the_background_looks_after_them_too(queue: JobQueue) -> None:
    processor = queue.create_processor({"a": lambda payload: payload}, lease=1)
    processor.start_in_background()
    try:
        late = queue.add_job("nobody's", None, expires_in=0.001)
        gone = queue.add_job("a", None, keep_result_for=0.001)
        assert queue.wait_for_job(late, timeout=PATIENCE).status == "cancelled"
        until(lambda: queue.get_job(gone) is None)
    finally:
        processor.stop_and_drain(timeout=PATIENCE)


def test_the_defaults_of_a_type_hold_and_a_call_may_say_otherwise(queue: JobQueue) -> None:
    kind = JobType("a", int, expires_in=60, keep_result_for=DAY)
    plain = queue.get_job(queue.add_job(kind, 1))
    other = queue.get_job(queue.add_job(kind, 1, expires_in=5, keep_result_for=2 * DAY))
    assert plain is not None
    assert other is not None
    assert plain.expires_at == plain.run_at + timedelta(seconds=60)
    assert (plain.keep_result_for, other.keep_result_for) == (DAY, 2 * DAY)
    assert other.expires_at == other.run_at + timedelta(seconds=5)


def test_jobs_that_are_kept_outlast_a_clean_up(queue: JobQueue) -> None:
    kept = queue.add_job("a", None, keep_result_for=365 * DAY)
    plain = queue.add_job("a", None)
    queue.create_processor({"a": lambda payload: payload}).start()
    assert queue.cleanup_old_jobs(0) == 1
    assert (queue.get_job(plain), queue.get_job(kept) is None) == (None, False)


def test_in_virtual_time_they_end_at_their_times() -> None:
    with VirtualQueue({"a": lambda payload: payload}) as queue:
        begun = queue.now()
        waits = queue.add_job("b", None, expires_in=3600)
        kept = queue.add_job("a", None, keep_result_for=7 * DAY)
        queue.advance(hours=2)
        job = queue.get_job(waits)
        assert job is not None
        assert (job.status, job.last_cancelled_at) == ("cancelled", begun + timedelta(hours=1))
        queue.advance(days=6)
        assert queue.get_job(kept) is not None
        queue.advance(days=1)
        assert queue.get_job(kept) is None
