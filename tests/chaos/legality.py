"""Checks what a store tells of its jobs against itself, and against the ledger."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dataqueue import JobEvent, JobQueue, JobRecord
    from tests.chaos.ledger import Run

__all__ = ["all_jobs", "check_events", "check_runs", "check_store"]

# What may follow in which state, and the state that it leads to.
_STEPS = {
    (None, "added"): "pending",
    ("pending", "processing"): "processing",
    ("retrying", "processing"): "processing",
    ("processing", "completed"): "completed",
    ("processing", "failed"): "failed",
    ("processing", "reclaimed"): "pending",
    ("processing", "prolonged"): "processing",
    ("processing", "waiting"): "waiting",
    ("waiting", "processing"): "processing",
    ("pending", "cancelled"): "cancelled",
    ("retrying", "cancelled"): "cancelled",
    ("waiting", "cancelled"): "cancelled",
    ("processing", "cancelled"): "cancelled",
}


def all_jobs(queue: JobQueue) -> list[JobRecord]:
    """Every job of the store."""
    jobs: list[JobRecord] = []
    while page := queue.get_jobs(limit=1000, cursor=jobs[-1].id if jobs else None):
        jobs += page
    return jobs


def check_events(job: JobRecord, events: Sequence[JobEvent]) -> None:
    """Its events tell a legal path through the states, which ends where the job is and counts its attempts."""
    told = [event.event_type.value for event in events]
    state: str | None = None
    attempts = 0
    # Going on after a wait counts no attempt.
    resumed = False
    for event in events:
        kind, details = event.event_type.value, _details(event)
        assert (state, kind) in _STEPS, f"job {job.id}: {kind} while {state}: {told}"
        if kind == "processing":
            resumed = state == "waiting"
            attempts += not resumed
        released = bool(details.get("released"))
        attempts -= released and not resumed
        assert attempts <= job.max_attempts, f"job {job.id}: {attempts} attempts of {job.max_attempts}: {told}"
        state = "waiting" if released and resumed else _STEPS[state, kind]
        if details.get("will_retry"):
            state = "retrying"
    expected = "retrying" if job.status == "failed" and job.next_attempt_at else job.status.value
    assert state == expected, f"job {job.id} is {job.status}, its events say {state}: {told}"
    assert attempts == job.attempts, f"job {job.id}: {job.attempts} attempts, its events say {attempts}: {told}"
    times = [event.created_at for event in events]
    assert times == sorted(times), f"job {job.id}: its events are out of order: {times}"


def _details(event: JobEvent) -> Mapping[str, Any]:
    return event.metadata if isinstance(event.metadata, dict) else {}


def check_runs(job: JobRecord, runs: Sequence[Run], killed: Collection[int]) -> None:
    """No two runs of one attempt, no two at a time, and a completed job ended at least once."""
    attempts = [run.attempt for run in runs]
    assert attempts == sorted(set(attempts)), f"job {job.id} ran attempts {attempts}"
    for earlier, later in itertools.pairwise(runs):
        over = earlier.pid in killed if earlier.ended is None else earlier.ended < later.began
        assert over, f"job {job.id} ran twice at a time: {earlier}, {later}"
    if job.status == "completed":
        last = runs[-1]
        assert last.ended is not None, f"job {job.id} is completed and its last run never ended: {last}"
        assert (last.attempt, job.output) == (job.attempts, job.attempts), f"job {job.id}: {last}, {job.output}"


def check_store(queue: JobQueue, runs: Mapping[int, Sequence[Run]], killed: Collection[int] = ()) -> list[JobRecord]:
    """Checks every job, and that nothing is left that will not be done; answers the jobs."""
    jobs = all_jobs(queue)
    for job in jobs:
        check_events(job, queue.get_job_events(job.id))
        check_runs(job, runs.get(job.id, ()), killed)
    assert set(runs) <= {job.id for job in jobs}
    return jobs
