"""Dead letters, and retrying many jobs at a rate: what handlers and callers see of it."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from dataqueue import JobHandlers, JobQueue, JobRecord, JobType

SECOND = timedelta(seconds=1)


def fail(payload: object) -> None:
    raise ValueError("as it must")


def record(queue: JobQueue, job_id: int | None) -> JobRecord:
    assert job_id is not None
    found = queue.get_job(job_id)
    assert found is not None
    return found


def test_a_handler_of_dead_letters_is_told_what_failed_and_why(queue: JobQueue) -> None:
    letters: list[Any] = []
    handlers = JobHandlers({"bad": fail, "dead": letters.append})
    dead = JobType("dead", dict[str, Any])
    job_id = queue.add_job("bad", {"n": [1, None]}, max_attempts=1, dead_letter_job_type=dead)
    processor = queue.create_processor(handlers)
    assert (processor.start(), processor.start(), processor.start()) == (1, 1, 0)
    failed = record(queue, job_id)
    letter = record(queue, failed.dead_letter_job_id)
    assert (letter.dead_letter_of, letter.status, letter.job_type) == (job_id, "completed", "dead")
    assert failed.last_failed_at == failed.dead_lettered_at
    assert letters == [letter.payload]
    assert failed.last_failed_at is not None
    failed_at = failed.last_failed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert letter.payload == {
        "originalJob": {"id": job_id, "jobType": "bad", "attempts": 1, "maxAttempts": 1},
        "originalPayload": {"n": [1, None]},
        "failure": {"message": "as it must", "reason": "handler_error", "failedAt": failed_at},
    }
    added = queue.get_job_events(letter.id)[0]
    assert (added.event_type, added.metadata) == ("added", {"dead_letter_of": job_id})


def test_each_reason_leaves_a_dead_letter(queue: JobQueue) -> None:
    handlers = JobHandlers({"dead": lambda payload: None})

    @handlers.job("slow", max_attempts=1, timeout=0.05, dead_letter_job_type="dead")
    def slow(payload: object, signal: Any) -> None:
        signal.wait(60)
        raise TimeoutError

    @handlers.job("gives up", give_up_on=(KeyError,), dead_letter_job_type="dead")
    def gives_up(payload: object) -> None:
        raise KeyError("no use")

    ids = [
        queue.add_job(slow, None),
        queue.add_job(gives_up, None),
        queue.add_job("nobody's", None, max_attempts=1, dead_letter_job_type="dead"),
    ]
    queue.create_processor(handlers, unhandled="fail").start()
    reasons = ["timeout", "handler_error", "no_handler"]
    jobs = [record(queue, job_id) for job_id in ids]
    assert [job.failure_reason for job in jobs] == reasons
    letters = [record(queue, job.dead_letter_job_id).payload for job in jobs]
    assert [letter["failure"]["reason"] for letter in letters] == reasons
    assert [letter["originalJob"]["id"] for letter in letters] == ids


def test_a_retried_job_forgets_its_dead_letter(queue: JobQueue) -> None:
    job_id = queue.add_job("bad", None, max_attempts=1, dead_letter_job_type="dead")
    processor = queue.create_processor({"bad": fail})
    processor.start()
    first = record(queue, job_id).dead_letter_job_id
    assert queue.retry_job(job_id)
    assert (record(queue, job_id).dead_letter_job_id, record(queue, job_id).dead_lettered_at) == (None, None)
    processor.start()
    second = record(queue, job_id).dead_letter_job_id
    assert [job.id for job in queue.get_jobs(job_type="dead")] == [second, first]


def test_failed_jobs_can_be_counted_before_they_are_retried(queue: JobQueue) -> None:
    for tags in (["a"], ["a", "b"], []):
        queue.add_job("bad", None, max_attempts=1, tags=tags)
    queue.create_processor({"bad": fail}).start()
    before = queue.get_all_jobs()
    assert queue.retry_all_failed_jobs(dry_run=True) == 3
    assert queue.retry_all_failed_jobs(tags=["a"], rate=5, dry_run=True) == 2
    assert queue.retry_all_failed_jobs(job_type="other", dry_run=True) == 0
    assert queue.get_all_jobs() == before
    assert queue.retry_all_failed_jobs(tags=["a"]) == 2


def test_so_many_retried_jobs_fall_due_in_a_second(queue: JobQueue) -> None:
    ids = [queue.add_job("bad", None, max_attempts=1) for _ in range(5)]
    processor = queue.create_processor({"bad": fail})
    processor.start()
    began = time.monotonic()
    assert queue.retry_all_failed_jobs(rate=0.01) == 5
    assert time.monotonic() - began < 60, "the spreading is not slept through"
    times = [record(queue, job_id).run_at for job_id in ids]
    assert [after - before for before, after in pairwise(times)] == [100 * SECOND] * 4
    assert processor.start() == 1, "only the first is due"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"rate": 0}, ValueError, "rate is 0 jobs a second: it must be from one in a year to a million"),
        ({"rate": -1}, ValueError, "rate is -1 jobs a second"),
        ({"rate": float("nan")}, ValueError, "rate is nan jobs a second"),
        ({"rate": 1e9}, ValueError, "rate is 1000000000.0 jobs a second"),
        ({"rate": "5"}, TypeError, "rate must be a number of jobs a second, not str"),
        ({"rate": True}, TypeError, "rate must be a number of jobs a second, not bool"),
        ({"dry_run": 1}, TypeError, "dry_run must be True or False, not int"),
    ],
)
def test_what_is_no_rate_is_refused(
    queue: JobQueue, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        queue.retry_all_failed_jobs(**options)
