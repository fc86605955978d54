"""A worker that is stopped past its lease and goes on: of what it then says of its jobs, nothing is recorded."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_events
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobEvent, JobQueue, JobRecord

TARGET = "tests.chaos.handlers:handlers"
WAYS = ("completes", "fails", "progress", "output", "step", "prolong", "wait")
OPTIONS = ("--lease", "1", "--poll-interval", "600", "--concurrency", "8", "--drain-timeout", "0.2")


def begun(ledger: Path, count: int) -> None:
    until(lambda: sum(map(len, read_runs(ledger).values())) == count, f"{count} runs began")


def kept(queue: JobQueue, ids: list[int]) -> list[tuple[JobRecord | None, list[JobEvent]]]:
    """All that the store knows of these jobs."""
    return [(queue.get_job(job_id), list(queue.get_job_events(job_id))) for job_id in ids]


# Handlers that end after the worker goes on; those that end after it was told to drain; those that never end, whose
# jobs a draining worker gives back.
@pytest.mark.parametrize("end", ["goes on", "drains", "gives back"])
def test_nothing_that_a_stalled_worker_says_is_recorded(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path, end: str
) -> None:
    sign = tmp_path / "sign"
    ids = [int(queue.add_job("late", {"how": how, "sign": str(sign)})) for how in WAYS]
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with Worker(TARGET, store_url, tmp_path / "first", *OPTIONS) as first:
        [paused] = first.children()
        begun(ledger, len(WAYS))
        os.kill(paused, signal.SIGSTOP)
        with Worker(TARGET, store_url, tmp_path / "second", *OPTIONS) as second:
            [heir] = second.children()
            begun(ledger, 2 * len(WAYS))
            before = kept(queue, ids)
            assert {(job.status.value, job.attempts) for job, _ in before if job} == {("processing", 2)}
            if end != "gives back":
                (tmp_path / "sign.1").touch()
            if end != "goes on":
                first.send(signal.SIGTERM)
            os.kill(paused, signal.SIGCONT)
            if end == "goes on":
                until(lambda: ended(ledger, paused) == len(WAYS), "the stalled worker's handlers ended")
                first.send(signal.SIGTERM)
            # Nothing can come from it any more.
            assert first.ends() in (0, 1), first.log
            assert kept(queue, ids) == before
            (tmp_path / "sign.2").touch()
            (tmp_path / "sign.3").touch()
            jobs = [queue.wait_for_job(job_id, PATIENCE) for job_id in ids if job_id != ids[WAYS.index("fails")]]
            second.send(signal.SIGTERM)
            assert second.ends() == 0, second.log
    assert {(job.status.value, job.attempts, job.output) for job in jobs} == {("completed", 2, "attempt 2")}
    for job in jobs:
        check_events(job, queue.get_job_events(job.id))
    by_way = dict(zip([way for way in WAYS if way != "fails"], jobs, strict=True))
    assert by_way["progress"].progress == 2
    assert "a step" in by_way["step"].step_data
    failed = queue.get_job(ids[WAYS.index("fails")])
    assert failed is not None
    assert [entry.message for entry in failed.error_history] == ["attempt 2"]
    assert {run.pid for runs in read_runs(ledger).values() for run in runs if run.attempt == 2} == {heir}


def ended(ledger: Path, pid: int) -> int:
    return sum(run.ended is not None for runs in read_runs(ledger).values() for run in runs if run.pid == pid)
