"""Random ways through the public API, beside a small model of what they must lead to, on each store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from dataqueue import JobContext, JobHandlers, JobQueue, JobRecord
from tests.python.machines import explore
from tests.python.state_model import FAR, FINAL, SPLIT, Condition, ModelJob, added, conditions, new_jobs, updates

if TYPE_CHECKING:
    from dataqueue import EditUpdates


class Queue(RuleBasedStateMachine):
    """A queue, and the model beside it."""

    queue: ClassVar[JobQueue]
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[int, ModelJob] = {}
        self.ran: list[int] = []
        handlers = JobHandlers({"ok": self._succeed, "bad": self._fail})
        self.processors = {
            size: self.queue.create_processor(handlers, batch_size=size, concurrency=1) for size in (1, 3, 10)
        }
        assert self.queue.count_jobs() == 0

    def _succeed(self, payload: Any, *, ctx: JobContext) -> Any:
        self.ran.append(ctx.job.id)
        return payload

    def _fail(self, payload: Any, *, ctx: JobContext) -> None:
        self.ran.append(ctx.job.id)
        raise ValueError("as it must")

    def _expect_added(self, job: ModelJob, job_id: Any) -> None:
        holder = next((known for known, one in self.model.items() if job.key and one.key == job.key), None)
        assert job_id.created is (holder is None)
        if holder is not None:
            assert job_id == holder
        else:
            assert all(job_id > known for known in self.model)
            self.model[job_id] = replace(job, events=["added"])

    @rule(target=jobs, job=new_jobs())
    def add_one(self, job: ModelJob) -> int:
        job_id = self.queue.add_job(
            job.job_type,
            job.payload,
            priority=job.priority,
            run_at=FAR if job.far else None,
            max_attempts=job.max_attempts,
            tags=job.tags,
            idempotency_key=job.key,
            retry_delay=0 if job.retries_at_once else None,
        )
        self._expect_added(job, job_id)
        return int(job_id)

    @rule(target=jobs, batch=st.lists(new_jobs(), max_size=5))
    def add_many(self, batch: list[ModelJob]) -> Any:
        ids = self.queue.add_jobs([added(job) for job in batch])
        assert len(ids) == len(batch)
        for job, job_id in zip(batch, ids, strict=True):
            self._expect_added(job, job_id)
        return multiple(*map(int, ids))

    @rule(job_id=jobs)
    def cancel(self, job_id: int) -> None:
        job = self.model.get(job_id)
        assert self.queue.cancel_job(job_id) is (job is not None and job.upcoming)
        if job is not None and job.upcoming:
            self._cancel(job)

    @rule(job_id=jobs)
    def retry(self, job_id: int) -> None:
        job = self.model.get(job_id)
        able = job is not None and job.status in ("failed", "cancelled")
        assert self.queue.retry_job(job_id) is able
        if job is not None and able:
            self._retry(job)

    @rule(job_id=jobs, update=updates())
    def edit(self, job_id: int, update: EditUpdates) -> None:
        job = self.model.get(job_id)
        able = job is not None and job.upcoming and bool(update)
        assert self.queue.edit_job(job_id, **update) is able
        if job is not None and able:
            self._edit(job, update)

    @rule(condition=conditions)
    def cancel_all(self, condition: Condition) -> None:
        able = [job for job in self.model.values() if job.upcoming and condition.matches(job)]
        assert self.queue.cancel_all_upcoming_jobs(**condition.given()) == len(able)
        for job in able:
            self._cancel(job)

    @rule(condition=conditions)
    def retry_all(self, condition: Condition) -> None:
        able = [job for job in self.model.values() if job.status == "failed" and condition.matches(job)]
        assert self.queue.retry_all_failed_jobs(**condition.given()) == len(able)
        for job in able:
            self._retry(job)

    @rule(condition=conditions, update=updates())
    def edit_all(self, condition: Condition, update: EditUpdates) -> None:
        able = [job for job in self.model.values() if update and job.status == "pending" and condition.matches(job)]
        assert self.queue.edit_all_pending_jobs(update, **condition.given()) == len(able)
        for job in able:
            self._edit(job, update)

    @rule(size=st.sampled_from([1, 3, 10, 10]))
    def process(self, size: int) -> None:
        due = [job_id for job_id, job in self.model.items() if job.due and job.job_type != "other"]
        records = {record.id: record for record in self.queue.get_jobs(limit=1000) if record.id in due}
        expected = sorted(records.values(), key=place)[:size]
        self.ran.clear()
        assert self.processors[size].start() == len(expected)
        assert self.ran == [record.id for record in expected]
        for job_id in self.ran:
            self._run(self.model[job_id])

    @rule(statuses=st.lists(st.sampled_from(FINAL), min_size=1, max_size=3), days=st.sampled_from([0, 0, 1]))
    def clean_up(self, statuses: list[str], days: int) -> None:
        gone = [
            job_id
            for job_id, job in self.model.items()
            if days == 0 and job.status in statuses and job.status in FINAL and not job.retry
        ]
        assert self.queue.cleanup_old_jobs(days, statuses) == len(gone)
        for job_id in gone:
            del self.model[job_id]
            assert self.queue.get_job_events(job_id) == []

    @rule()
    def clean_up_events(self) -> None:
        known = sum(len(job.events) for job in self.model.values())
        assert self.queue.cleanup_old_job_events(0) == known
        for job in self.model.values():
            job.events.clear()

    @rule(job_id=jobs)
    def wait(self, job_id: int) -> None:
        job = self.model.get(job_id)
        if job is None:
            with pytest.raises(LookupError):
                self.queue.wait_for_job(job_id, 0)
        elif job.upcoming:
            with pytest.raises(TimeoutError):
                self.queue.wait_for_job(job_id, 0)
        else:
            assert self.queue.wait_for_job(job_id, 0) == self.queue.get_job(job_id)

    @rule(condition=conditions, status=st.none() | st.lists(st.sampled_from((*FINAL, "pending")), min_size=1))
    def read(self, condition: Condition, status: list[str] | None) -> None:
        expected = [
            job_id
            for job_id, job in sorted(self.model.items(), reverse=True)
            if condition.matches(job) and (status is None or job.status in status)
        ]
        given = condition.given() | ({} if status is None else {"status": status})
        assert [record.id for record in self.queue.get_jobs(**given, limit=1000)] == expected
        assert self.queue.count_jobs(**given) == len(expected)

    @rule(condition=conditions, size=st.integers(1, 4))
    def page(self, condition: Condition, size: int) -> None:
        expected = [job_id for job_id, job in sorted(self.model.items(), reverse=True) if condition.matches(job)]
        by_cursor: list[int] = []
        by_offset: list[int] = []
        while True:
            cursor = by_cursor[-1] if by_cursor else None
            page = self.queue.get_jobs(**condition.given(), limit=size, cursor=cursor)
            assert page == self.queue.get_jobs(**condition.given(), limit=size, offset=len(by_offset))
            by_cursor += [record.id for record in page]
            by_offset += [record.id for record in page]
            if len(page) < size:
                break
        assert by_cursor == expected

    @rule(job_id=jobs)
    def read_events(self, job_id: int) -> None:
        job = self.model.get(job_id)
        events = self.queue.get_job_events(job_id)
        assert [event.event_type.value for event in events] == (job.events if job else [])
        assert [event.id for event in events] == sorted(event.id for event in events)

    @invariant()
    def the_queue_is_as_the_model(self) -> None:
        records = self.queue.get_all_jobs(limit=1000)
        assert [record.id for record in records] == sorted(self.model, reverse=True)
        for record in records:
            self._compare(record, self.model[record.id])

    def teardown(self) -> None:
        for job_id in self.model:
            self.read_events(job_id)
        self.queue.cancel_all_upcoming_jobs()
        self.queue.cleanup_old_jobs(0)

    @staticmethod
    def _compare(record: JobRecord, job: ModelJob) -> None:
        assert (record.job_type, record.payload, record.status) == (job.job_type, job.payload, job.status)
        assert (record.priority, record.attempts, record.max_attempts) == (job.priority, job.attempts, job.max_attempts)
        assert set(record.tags) == set(job.tags)
        assert (record.idempotency_key, record.output) == (job.key, job.output)
        assert len(record.error_history) == job.errors
        assert (record.run_at > SPLIT) is job.far
        assert (record.next_attempt_at is not None) is job.retry
        if record.next_attempt_at is not None:
            assert (record.next_attempt_at > datetime.now(UTC) + timedelta(seconds=60)) is job.retry_far
        assert record.failure_reason == ("handler_error" if job.reason else None)
        assert (record.completed_at is not None) is (job.status == "completed")
        assert record.locked_by is None
        assert record.is_final is not job.upcoming
        assert record.attempts <= record.max_attempts

    @staticmethod
    def _cancel(job: ModelJob) -> None:
        job.status, job.retry, job.retry_far = "cancelled", False, False
        job.events.append("cancelled")

    @staticmethod
    def _retry(job: ModelJob) -> None:
        job.status, job.retry, job.retry_far, job.far, job.reason = "pending", False, False, False, False
        job.max_attempts = max(job.max_attempts, job.attempts + 1)
        job.events.append("retried")

    @staticmethod
    def _edit(job: ModelJob, update: EditUpdates) -> None:
        if "payload" in update:
            job.payload = update["payload"]
        job.priority = update.get("priority", job.priority)
        if "max_attempts" in update:
            job.max_attempts = max(update["max_attempts"], job.attempts + 1)
        if "tags" in update:
            job.tags = list(update["tags"] or [])
        if "retry_delay" in update:
            job.retries_at_once = update["retry_delay"] == 0
        if "run_at" in update:
            if job.status == "pending":
                job.far = update["run_at"] is not None
            else:
                job.retry_far = update["run_at"] is not None
        job.events.append("edited")

    @staticmethod
    def _run(job: ModelJob) -> None:
        job.attempts += 1
        job.retry = job.retry_far = False
        job.events.append("processing")
        if job.job_type == "ok":
            job.status, job.output = "completed", job.payload
        else:
            job.status, job.reason = "failed", True
            job.errors += 1
            job.retry = job.attempts < job.max_attempts
            job.retry_far = job.retry and not job.retries_at_once
        job.events.append(job.status)


def place(record: JobRecord) -> tuple[int, datetime, int]:
    """Where a job that is due stands in the order of running."""
    return -record.priority, record.next_attempt_at or record.run_at, record.id


@pytest.mark.timeout(0)
def test_the_queue_does_what_its_model_says(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        explore(Queue, queue)
