"""Random ways through what handlers can do, beside a small model, on each store: steps, waits, and workers that die."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from dataqueue import JobContext, JobHandlers, JobQueue, JobRecord, LeaseLost
from dataqueue.testing import VirtualQueue
from tests.conftest import MEMORY
from tests.python.conftest import PATIENCE
from tests.python.machines import explore
from tests.python.run_model import FAR, MOST_STEP_BYTES, TOKENS, Part, RunModel, runs

if TYPE_CHECKING:
    from datetime import datetime

# As short as a lease may be: a worker that died is waited for.
BRIEF = 0.1


class Runs(RuleBasedStateMachine):
    """A queue with processors, and the model beside it."""

    queue: ClassVar[JobQueue]
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[int, RunModel] = {}
        self.ran: list[int] = []
        self.wrongs: list[str] = []
        self.tokens = [self.queue.create_token() for _ in range(TOKENS)]
        self.completed = [False] * TOKENS
        handlers = JobHandlers({"play": self._play})
        self.processors = {
            size: self.queue.create_processor(handlers, batch_size=size, concurrency=1, max_step_bytes=MOST_STEP_BYTES)
            for size in (1, 4)
        }
        doomed = JobHandlers({"play": self._die})
        self.doomed = {
            size: self.queue.create_processor(doomed, batch_size=size, concurrency=1, lease=BRIEF) for size in (1, 3)
        }
        assert self.queue.count_jobs() == 0

    def _play(self, parts: list[list[Any]], *, ctx: JobContext) -> None:
        self.ran.append(ctx.job.id)
        for place, (kind, number) in enumerate(parts):
            if kind == "step":
                found = ctx.run(f"step {place}", partial(self._step, ctx.job.id, place))
                if found != place:
                    self.wrongs.append(f"step {place} of {ctx.job.id} came back as {found}")
            elif kind == "big":
                ctx.run(f"step {place}", lambda: "x" * MOST_STEP_BYTES)
            elif kind == "nap":
                ctx.wait_for(seconds=0)
            elif kind == "sleep":
                ctx.wait_until(FAR)
            elif kind == "token":
                ctx.wait_for_token(self.tokens[number])
            elif kind == "job":
                ctx.wait_for_job(number)
            elif kind == "fail" or ctx.job.attempts < 2:
                raise ValueError("as it must")

    def _step(self, job_id: int, place: int) -> int:
        if place in self.model[job_id].done:
            self.wrongs.append(f"step {place} of {job_id} was done before")
        return place

    def _die(self, _parts: Any, *, ctx: JobContext) -> None:
        ctx._core.die().wait()
        try:
            ctx.run("too late", lambda: 0)
        except LeaseLost:
            return
        self.wrongs.append("a dead worker recorded a step")

    @rule(target=jobs, job=runs())
    def add(self, job: RunModel) -> int:
        # Jobs are waited for by their ids, of which there must be some.
        ids = sorted(self.model)
        parts: list[Part] = [
            (kind, ids[number % len(ids)] if kind == "job" else number)
            for kind, number in job.parts
            if kind != "job" or ids
        ]
        job.parts = parts
        job_id = self.queue.add_job(
            "play",
            parts,
            priority=job.priority,
            max_attempts=job.max_attempts,
            idempotency_key=job.key,
            retry_delay=0,
        )
        holder = next((known for known, one in self.model.items() if job.key and one.key == job.key), None)
        assert job_id.created is (holder is None)
        assert holder in (None, job_id)
        if holder is None:
            self.model[job_id] = job
        return int(job_id)

    @rule(job_id=jobs)
    def cancel(self, job_id: int) -> None:
        assert self.queue.cancel_job(job_id) is self.model[job_id].cancel()
        self._ended()

    @rule(job_id=jobs)
    def retry(self, job_id: int) -> None:
        assert self.queue.retry_job(job_id) is self.model[job_id].retry_now()

    @rule(number=st.integers(0, TOKENS - 1))
    def complete_token(self, number: int) -> None:
        assert self.queue.complete_token(self.tokens[number]) is not self.completed[number]
        self.completed[number] = True
        for job in self.model.values():
            job.go_on(("token", number))

    @rule(size=st.sampled_from([1, 4, 4]))
    def process(self, size: int) -> None:
        due = self._due()
        if any(self.model[job_id].looks_at_jobs for job_id in due):
            # Whether one of the same batch has ended by then is a matter of timing.
            size = 1
        self.ran.clear()
        assert self.processors[size].start() == len(due[:size])
        assert self.ran == due[:size]
        for job_id in due[:size]:
            self.model[job_id].claim()
            self.model[job_id].run(self.completed, self.model)
        self._ended()

    @rule(size=st.sampled_from([1, 3]))
    def die(self, size: int) -> None:
        claimed = self._due()[:size]
        self.doomed[size].start()
        for job_id in claimed:
            self.model[job_id].claim()
        if not isinstance(self.queue, VirtualQueue):
            self._expire()

    @precondition(lambda self: self._held())
    @rule()
    def expire(self) -> None:
        self._expire()

    @invariant()
    def the_queue_is_as_the_model(self) -> None:
        assert self.wrongs == []
        records = self.queue.get_all_jobs(limit=1000)
        assert [record.id for record in records] == sorted(self.model, reverse=True)
        for record in records:
            compare(record, self.model[record.id])

    def teardown(self) -> None:
        try:
            for job_id, job in self.model.items():
                assert [event.event_type.value for event in self.queue.get_job_events(job_id)] == job.events
        finally:
            self._clear()

    def _clear(self) -> None:
        until = time.monotonic() + PATIENCE
        while self.queue.count_jobs() > 0:
            assert time.monotonic() < until, "a job does not end"
            self._pass_time()
            self.queue.reclaim_stuck_jobs(0)
            for record in self.queue.get_all_jobs(limit=1000):
                self.queue.cancel_job(record.id)
            self.queue.cleanup_old_jobs(0)

    def _due(self) -> list[int]:
        records = [record for record in self.queue.get_all_jobs(limit=1000) if self.model[record.id].is_due]
        return [record.id for record in sorted(records, key=place)]

    def _held(self) -> list[int]:
        return [job_id for job_id, job in self.model.items() if job.status == "processing"]

    def _expire(self) -> None:
        held = self._held()
        self._pass_time()
        taken, until = 0, time.monotonic() + PATIENCE
        while taken < len(held):
            assert time.monotonic() < until, "the jobs of a dead worker were not taken from it"
            taken += self.queue.reclaim_stuck_jobs(0)
        assert taken == len(held)
        for job_id in held:
            self.model[job_id].lose()
        self._ended()

    def _pass_time(self) -> None:
        """Lets the leases of dead workers run out, where time does not pass by itself."""
        if isinstance(self.queue, VirtualQueue):
            self.queue.advance(seconds=BRIEF)

    def _ended(self) -> None:
        for job_id, job in self.model.items():
            if job.is_over:
                for other in self.model.values():
                    other.go_on(("job", job_id))


def compare(record: JobRecord, job: RunModel) -> None:
    assert (record.status, record.attempts, record.max_attempts) == (job.status, job.attempts, job.max_attempts), record
    assert (record.failure_reason, len(record.error_history)) == (job.reason, job.errors), record
    assert (record.next_attempt_at is not None) is job.retry, record
    assert (record.locked_by is not None) is (job.status == "processing"), record
    assert record.is_final is job.is_over, record
    waits = job.status == "waiting" and job.wait is not None and job.wait[0] in ("token", "job")
    assert (record.wait_token_id is not None) is waits, record
    if job.status == "waiting" and not waits:
        far = job.wait is not None and job.wait[0] == "sleep"
        assert record.wait_until is not None, record
        assert (record.wait_until == FAR) is far, record


def place(record: JobRecord) -> tuple[int, datetime, int]:
    """Where a job that is due stands in the order of running."""
    return -record.priority, record.wait_until or record.next_attempt_at or record.run_at, record.id


@pytest.mark.timeout(0)
@pytest.mark.parametrize("store_url", ["sqlite", "postgres", "redis", "memory"], indirect=True)
def test_runs_do_what_their_model_says(store_url: str) -> None:
    with VirtualQueue() if store_url == MEMORY else JobQueue(store_url) as queue:
        explore(Runs, queue, most=40)
