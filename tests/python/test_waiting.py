"""Waiting for the end of a job."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataqueue import DataQueueError, Job, JobFailed, JobHandlers, JobQueue
from tests.python.conftest import PATIENCE


def fail(payload: object) -> None:
    raise ValueError("as it must")


HANDLERS = JobHandlers({"good": lambda payload: payload})
HANDLERS.job("bad", max_attempts=1)(fail)
HANDLERS.job("hopeful", max_attempts=2)(fail)


def test_a_job_that_has_ended_is_answered_at_once(queue: JobQueue) -> None:
    ids = queue.add_jobs([Job("good", 1), Job("bad", 2, max_attempts=1), Job("later", 3)])
    queue.create_processor(HANDLERS).start()
    queue.cancel_job(ids[2])
    statuses = [queue.wait_for_job(job_id, 0).status for job_id in ids]
    assert statuses == ["completed", "failed", "cancelled"]


def test_time_that_is_up_raises_the_builtin_timeout_error(queue: JobQueue) -> None:
    job_id = queue.add_job("good", 1)
    for timeout in (0, 0.05, timedelta(milliseconds=50)):
        with pytest.raises(TimeoutError, match=f"job {job_id} is still pending after") as raised:
            queue.wait_for_job(job_id, timeout)
        assert not isinstance(raised.value, DataQueueError)
    assert queue.get_job(job_id) is not None


def test_a_failed_job_whose_retry_is_due_has_not_ended(queue: JobQueue) -> None:
    job_id = queue.add_job("hopeful", 1, max_attempts=2)
    queue.create_processor(HANDLERS).start()
    with pytest.raises(TimeoutError, match="is still failed"):
        queue.wait_for_job(job_id, 0.05, raise_on_failure=True)
    queue.cancel_job(job_id)
    assert queue.wait_for_job(job_id, 0).status == "cancelled"


def test_a_job_that_did_not_complete_raises_if_it_shall(queue: JobQueue) -> None:
    good, bad, gone = queue.add_jobs([Job("good", 1), Job("bad", 2, max_attempts=1), Job("later", 3)])
    queue.create_processor(HANDLERS).start()
    queue.cancel_job(gone)
    assert queue.wait_for_job(good, PATIENCE, raise_on_failure=True).output == 1
    # By position too, as documented.
    with pytest.raises(
        JobFailed, match=rf"job {bad} \(bad\) failed \(handler_error\) on attempt 1 of 1: as it must"
    ) as raised:
        queue.wait_for_job(bad, PATIENCE, True)
    assert (raised.value.job.id, raised.value.job_id, raised.value.retryable) == (bad, bad, False)
    with pytest.raises(JobFailed, match=rf"job {gone} \(later\) cancelled"):
        queue.wait_for_job(gone, raise_on_failure=True)


def test_waiting_for_no_job_is_a_lookup_error(queue: JobQueue) -> None:
    job_id = queue.add_job("good", 1)
    queue.cancel_job(job_id)
    queue.cleanup_old_jobs(0)
    with pytest.raises(LookupError, match=f"there is no job {job_id}: it was never added, or was cleaned up"):
        queue.wait_for_job(job_id)


class Waiter(threading.Thread):
    """Waits for a job, and keeps what came of it."""

    def __init__(self, queue: JobQueue, job_id: int) -> None:
        super().__init__()
        self.result: Any = None
        self._queue, self._job_id = queue, job_id
        self.start()

    def run(self) -> None:
        try:
            self.result = self._queue.wait_for_job(self._job_id, PATIENCE)
        except LookupError as error:
            self.result = error


@pytest.mark.parametrize("end", ["complete", "fail", "cancel", "clean up"])
def test_a_waiter_is_woken_by_the_end_whichever_way_it_comes(store_url: str, queue: JobQueue, end: str) -> None:
    kind = "bad" if end == "fail" else "good"
    job_id = queue.add_job(kind, "x", max_attempts=1)
    waiters = [Waiter(queue, job_id) for _ in range(4)]
    # From another queue, as another process would.
    with JobQueue(store_url) as other:
        if end in ("complete", "fail"):
            other.create_processor(HANDLERS).start()
        else:
            other.cancel_job(job_id)
        if end == "clean up":
            other.cleanup_old_jobs(0)
    for waiter in waiters:
        waiter.join(PATIENCE)
        assert not waiter.is_alive()
    results = [waiter.result for waiter in waiters]
    if end == "clean up":
        # Each saw it cancelled, or gone.
        assert all(isinstance(one, LookupError) or one.status == "cancelled" for one in results)
    else:
        status = {"complete": "completed", "fail": "failed", "cancel": "cancelled"}[end]
        assert [one.status for one in results] == [status] * 4


def test_many_can_wait_for_many(queue: JobQueue) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=50)
    ids = queue.add_jobs([Job("good", at, run_at=soon) for at in range(30)])
    waiters = [Waiter(queue, job_id) for job_id in ids]
    processor = queue.create_processor(HANDLERS, poll_interval=600)
    processor.start_in_background()
    for waiter in waiters:
        waiter.join(PATIENCE)
    assert [waiter.result.output for waiter in waiters] == list(range(30))
    assert processor.stop_and_drain(PATIENCE)
