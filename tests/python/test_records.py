"""What a queue answers: ids, records, events and their enums."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from dataqueue import (
    ErrorEntry,
    FailureReason,
    Job,
    JobEvent,
    JobEventType,
    JobGroup,
    JobHandlers,
    JobId,
    JobQueue,
    JobRecord,
    JobStatus,
    JobType,
    TagMode,
)

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
FIELDS = {
    *("id", "job_type", "payload", "status", "created_at", "updated_at", "locked_at", "locked_by", "attempts"),
    *("max_attempts", "next_attempt_at", "priority", "run_at", "pending_reason", "error_history", "timeout"),
    *("failure_reason", "completed_at", "started_at", "last_retried_at", "last_failed_at", "last_cancelled_at"),
    *("tags", "idempotency_key", "progress", "output", "group_id", "group_tier", "dead_letter_job_type"),
    *("dead_lettered_at", "dead_letter_job_id", "depends_on_job_ids", "depends_on_tags", "wait_until"),
    *("wait_token_id", "step_data", "retry_delay", "retry_backoff", "retry_delay_max"),
    *("force_kill_on_timeout", "cancel_requested_at", "cancel_reason", "expires_at", "keep_result_for", "traceparent"),
    "dead_letter_of",
}


def record(queue: JobQueue, job_id: int) -> JobRecord:
    found = queue.get_job(job_id)
    assert found is not None
    return found


def test_an_id_is_an_int_that_knows_whether_its_job_was_created(queue: JobQueue) -> None:
    first = queue.add_job("t", 1, idempotency_key="k")
    again = queue.add_job("t", 2, idempotency_key="k")
    batch = queue.add_jobs([Job("t", 3), Job("t", 4, idempotency_key="k"), Job("t", 5, idempotency_key="l")])
    assert isinstance(first, int)
    assert isinstance(first, JobId)
    assert (first == again, first.created, again.created) == (True, True, False)
    assert [job_id.created for job_id in batch] == [True, False, True]
    assert batch[1] == first
    assert record(queue, first).payload == 1
    for twin in (pickle.loads(pickle.dumps(again)), copy.copy(again), copy.deepcopy(again)):
        assert (twin, type(twin), twin.created) == (again, JobId, False)
    assert JobId(7).created


def test_ids_grow_in_the_order_of_adding(queue: JobQueue) -> None:
    ids = queue.add_jobs([Job("t", number) for number in range(50)])
    assert ids == sorted(set(ids))
    assert [record(queue, job_id).payload for job_id in ids] == list(range(50))
    assert queue.add_job("t", None) > ids[-1]
    assert queue.add_jobs([]) == []


@pytest.mark.parametrize("enum", [JobStatus, JobEventType, FailureReason, TagMode])
def test_enums_are_strings(enum: type[StrEnum]) -> None:
    for member in enum:
        assert member == member.value
        assert f"{member}" == member.value
        assert enum(member.value) is member
        assert {member: 1}[member.value] == 1  # type: ignore[index]


def test_enums_have_the_members_of_the_contract() -> None:
    assert set(JobStatus) == {"pending", "processing", "completed", "failed", "cancelled", "waiting"}
    assert set(JobEventType) == {
        *("added", "processing", "completed", "failed", "cancelled", "retried", "edited", "prolonged", "waiting"),
        "reclaimed",
    }
    assert set(FailureReason) == {"timeout", "handler_error", "no_handler", "lost"}
    assert set(TagMode) == {"exact", "all", "any", "none"}


def test_a_record_has_every_field_and_cannot_be_changed(queue: JobQueue) -> None:
    job = record(queue, queue.add_job("t", {"a": 1}))
    assert {field.name for field in dataclasses.fields(job)} == FIELDS
    for name in FIELDS:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(job, name, None)
    with pytest.raises((AttributeError, TypeError)):
        job.colour = "red"  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(job)) == job


def test_a_new_job_is_as_its_options_say(queue: JobQueue) -> None:
    due = datetime.now(UTC) + timedelta(days=1)
    job_id = queue.add_job(
        "report",
        {"a": [1]},
        priority=-3,
        run_at=due,
        max_attempts=7,
        timeout=timedelta(seconds=1.5),
        tags=["b", "a"],
        idempotency_key="key",
        retry_delay=0.25,
        retry_backoff=True,
        retry_delay_max=timedelta(minutes=2),
        group=JobGroup("acme", "gold"),
        dead_letter_job_type=JobType("broken"),
        expires_in=timedelta(hours=1),
        keep_result_for=86_400,
        traceparent=TRACE,
    )
    job = record(queue, job_id)
    assert (job.id, job.job_type, job.payload, job.status) == (job_id, "report", {"a": [1]}, JobStatus.PENDING)
    assert isinstance(job.status, JobStatus)
    assert (job.priority, job.attempts, job.max_attempts) == (-3, 0, 7)
    assert (job.run_at, job.timeout) == (due, timedelta(seconds=1.5))
    assert (job.tags, job.idempotency_key) == (["b", "a"], "key")
    assert job.retry_delay == timedelta(milliseconds=250)
    assert (job.retry_backoff, job.retry_delay_max) == (True, timedelta(minutes=2))
    assert (job.group_id, job.group_tier, job.dead_letter_job_type) == ("acme", "gold", "broken")
    assert (job.expires_at, job.keep_result_for) == (due + timedelta(hours=1), timedelta(days=1))
    assert job.traceparent == TRACE


def test_a_job_without_options_has_the_defaults(queue: JobQueue) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    job = record(queue, queue.add_job("t", None))
    assert before < job.created_at <= job.run_at == job.updated_at < before + timedelta(minutes=10)
    assert (job.priority, job.attempts, job.max_attempts, job.tags) == (0, 0, 3, [])
    assert (job.error_history, job.step_data, job.depends_on_job_ids, job.depends_on_tags) == ([], {}, [], [])
    set_ones = {"id", "job_type", "status", "created_at", "updated_at", "run_at", "priority", "attempts"}
    set_ones |= {"max_attempts", "tags", "error_history", "step_data", "depends_on_job_ids", "depends_on_tags"}
    set_ones.add("force_kill_on_timeout")
    assert {name for name in FIELDS if getattr(job, name) is not None} == set_ones


def test_every_datetime_is_in_utc(queue: JobQueue) -> None:
    handlers = JobHandlers({"bad": lambda payload: 1 / 0, "good": lambda payload: payload})
    ids = [queue.add_job("bad", None), queue.add_job("good", None), queue.add_job("bad", None)]
    queue.create_processor(handlers).start()
    queue.cancel_job(ids[2])
    queue.retry_job(ids[0])
    seen = set()
    for job_id in ids:
        job = record(queue, job_id)
        for name in FIELDS:
            value = getattr(job, name)
            if isinstance(value, datetime):
                seen.add(name)
                assert value.tzinfo is UTC
        assert all(entry.timestamp is not None and entry.timestamp.tzinfo is UTC for entry in job.error_history)
        assert all(event.created_at.tzinfo is UTC for event in queue.get_job_events(job_id))
    assert seen >= {"created_at", "started_at", "completed_at", "last_failed_at", "last_retried_at"}
    assert "last_cancelled_at" in seen


def test_a_failure_is_told_with_its_class_and_traceback(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("bad", max_attempts=2, retry_delay=0)
    def bad(payload: None, *, ctx: object) -> None:
        raise LookupError("nothing\0there \ud800 é")

    job_id = queue.add_job(bad, None)
    processor = queue.create_processor(handlers)
    while processor.start():
        pass
    job = record(queue, job_id)
    assert [entry.attempt for entry in job.error_history] == [1, 2]
    for entry in job.error_history:
        assert isinstance(entry, ErrorEntry)
        assert entry.type == "LookupError"
        assert entry.message.startswith("nothing")
        assert "é" in entry.message
        assert entry.traceback is not None
        first = entry.traceback.splitlines()[1]
        assert "test_records.py" in first
        assert "in bad" in first
    assert (job.status, job.failure_reason) == (JobStatus.FAILED, FailureReason.HANDLER_ERROR)
    assert isinstance(job.failure_reason, FailureReason)
    assert (job.locked_at, job.locked_by, job.next_attempt_at) == (None, None, None)


def test_a_long_traceback_keeps_its_end(queue: JobQueue) -> None:
    def deep(frames: int) -> None:
        if frames == 0:
            raise ValueError("the innermost")
        deep(frames - 1)

    job_id = queue.add_job("deep", None, max_attempts=1)
    queue.create_processor({"deep": lambda payload: deep(200)}).start()
    traceback = record(queue, job_id).error_history[0].traceback
    assert traceback is not None
    assert 'raise ValueError("the innermost")' in traceback
    assert len(traceback) < 20_000


def test_events_tell_the_way_of_a_job(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("flaky", max_attempts=2)
    def flaky(payload: None, *, ctx: object) -> None:
        raise ValueError("no")

    job_id = queue.add_job(flaky, None)
    queue.edit_job(job_id, priority=5, tags=["a"], timeout=None)
    processor = queue.create_processor(handlers)
    processor.start()
    queue.cancel_job(job_id)
    queue.retry_job(job_id)
    processor.start()
    events = queue.get_job_events(job_id)
    assert [event.event_type for event in events] == [
        *("added", "edited", "processing", "failed", "cancelled", "retried", "processing", "failed"),
    ]
    assert {(type(event), event.job_id) for event in events} == {(JobEvent, job_id)}
    assert all(isinstance(event.event_type, JobEventType) for event in events)
    assert [event.id for event in events] == sorted({event.id for event in events})
    times = [event.created_at for event in events]
    assert times == sorted(times)
    edited, first, last = events[1].metadata, events[3].metadata, events[7].metadata
    assert edited == {"priority": 5, "tags": ["a"], "timeout_ms": None}
    assert first == {"message": "no", "reason": "handler_error", "attempt": 1, "will_retry": True}
    assert last == {"message": "no", "reason": "handler_error", "attempt": 2, "will_retry": False}
    with pytest.raises(dataclasses.FrozenInstanceError):
        events[0].id = 5  # type: ignore[misc]
    assert queue.get_job_events(job_id + 1) == []
