"""A worker that dies in the middle of its jobs, one that is paused beyond its lease, and ones that only seem dead."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_events, check_store
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue

TARGET = "tests.chaos.handlers:handlers"
SHORT = ("--lease", "1", "--poll-interval", "600")


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def running(ledger: Path, count: int) -> None:
    until(lambda: sum(map(len, read_runs(ledger).values())) >= count, f"{count} runs began")


def test_another_worker_finishes_the_jobs_of_a_killed_one(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path
) -> None:
    opened = tmp_path / "open"
    ids = [queue.add_job("gate", str(opened)) for _ in range(3)]
    with Worker(TARGET, store_url, folder(tmp_path, "first"), *SHORT, "--concurrency", "3") as first:
        [child] = first.children()
        running(ledger, 3)
        # The other one is there before, and finds nothing to do.
        with Worker(TARGET, store_url, folder(tmp_path, "second"), *SHORT, "--concurrency", "3") as second:
            [heir] = second.children()
            first.send(signal.SIGKILL)
            os.kill(child, signal.SIGKILL)
            running(ledger, 6)
            opened.touch()
            jobs = [queue.wait_for_job(job_id, PATIENCE) for job_id in ids]
            second.send(signal.SIGTERM)
            assert second.ends() == 0
    assert [(job.status, job.attempts) for job in jobs] == [("completed", 2)] * 3
    runs = read_runs(ledger)
    check_store(queue, runs, {child})
    for job in jobs:
        assert [run.pid for run in runs[job.id]] == [child, heir]
        told = [event.event_type.value for event in queue.get_job_events(job.id)]
        assert told == ["added", "processing", "reclaimed", "processing", "completed"]


def test_a_paused_worker_loses_its_jobs_and_can_record_nothing_of_them(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path
) -> None:
    opened = tmp_path / "open"
    late = queue.add_job("gate", str(opened))
    heeding = [queue.add_job("heeds", None), queue.add_job("heeds_async", None)]
    with Worker(TARGET, store_url, folder(tmp_path, "first"), *SHORT, "--concurrency", "3") as first:
        [paused] = first.children()
        running(ledger, 3)
        os.kill(paused, signal.SIGSTOP)
        options = (*SHORT, "--concurrency", "3", "--drain-timeout", "0.2")
        with Worker(TARGET, store_url, folder(tmp_path, "second"), *options) as second:
            [heir] = second.children()
            running(ledger, 6)
            os.kill(paused, signal.SIGCONT)

            def learned() -> bool:
                return sum(run.reason == "lease_lost" for job in heeding for run in read_runs(ledger)[job]) == 2

            # The handlers are told; the one that does not listen ends last, and its result comes too late.
            until(learned, "the paused worker's handlers learned that they lost their jobs")
            opened.touch()
            until(lambda: all(run.ended for run in read_runs(ledger)[late]), "both runs of the job ended")
            job = queue.wait_for_job(late, PATIENCE)
            # It is not spent: it registers anew, and takes part.
            again = [queue.add_job("mark", 0.05) for _ in range(40)]
            for job_id in again:
                assert queue.wait_for_job(job_id, PATIENCE).status == "completed"
            for worker in (first, second):
                worker.send(signal.SIGTERM)
            # The handlers that wait to be told what to do outlast the second one's patience.
            assert (first.ends(), second.ends()) == (0, 1)
        assert "refused" in first.log or "lost" in first.log
    runs = read_runs(ledger)
    assert {run.pid for job_id in again for run in runs[job_id]} == {paused, heir}
    assert [(run.pid, run.attempt) for run in runs[late]] == [(paused, 1), (heir, 2)]
    assert (job.status, job.attempts, job.output) == ("completed", 2, 2)
    events = queue.get_job_events(late)
    check_events(job, events)
    assert [event.event_type.value for event in events].count("completed") == 1
    for job_id in heeding:
        first_run, second_run = runs[job_id]
        assert (first_run.reason, second_run.reason) == ("lease_lost", "shutdown")
        told = [event.event_type.value for event in queue.get_job_events(job_id)]
        assert told[:4] == ["added", "processing", "reclaimed", "processing"]


@pytest.mark.parametrize("kind", ["holds_interpreter", "holds_loop"])
def test_a_worker_that_holds_everything_up_keeps_its_lease(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path, kind: str
) -> None:
    options = ("--lease", "0.6", "--poll-interval", "600")
    with Worker(TARGET, store_url, folder(tmp_path, "first"), *options) as first:
        first.children()
        queue.wait_for_job(queue.add_job("mark", 0), PATIENCE)
        job_id = queue.add_job(kind, 2.0)
        running(ledger, 2)
        # This one would take the job as soon as the lease ran out.
        with Worker(TARGET, store_url, folder(tmp_path, "second"), *options) as second:
            second.children()
            job = queue.wait_for_job(job_id, PATIENCE)
            for worker in (first, second):
                worker.send(signal.SIGTERM)
            assert (first.ends(), second.ends()) == (0, 0)
    assert (job.status, job.attempts) == ("completed", 1)
    assert [event.event_type.value for event in queue.get_job_events(job_id)] == ["added", "processing", "completed"]
    assert len(read_runs(ledger)[job_id]) == 1


def test_a_job_that_kills_its_worker_three_times_is_lost(queue: JobQueue, store_url: str, tmp_path: Path) -> None:
    job_id = queue.add_job("die", 9, max_attempts=10)
    target = "tests.python.worker_handlers:handlers"
    with Worker(target, store_url, tmp_path, "--lease", "0.3") as worker:
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.failure_reason, job.attempts) == ("failed", "lost", 3)
        check_events(job, queue.get_job_events(job_id))
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
