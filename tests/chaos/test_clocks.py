"""Workers whose clocks are ten minutes off: due times and leases go by the store's clock."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataqueue import Job
from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_events
from tests.conftest import NOT_HERE
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from dataqueue import JobQueue

TARGET = "tests.chaos.handlers:handlers"
OPTIONS = ("--lease", "2", "--poll-interval", "600")


def clock_off_by(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is wrong."""
    found = next(iter(Path("/usr/lib").glob("**/faketime/libfaketime.so.1")), None)
    if found is None:
        pytest.skip(f"{NOT_HERE}no libfaketime to set a process's clock: install it (apt-get install faketime)")
    return {"LD_PRELOAD": str(found), "FAKETIME": f"{seconds:+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


# On SQLite the clock of the machine is that of the store.
@pytest.mark.parametrize("store_url", ["postgres", "redis"], indirect=True)
@pytest.mark.parametrize("seconds", [600, -600])
def test_a_wrong_clock_of_a_worker_changes_nothing(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path, seconds: int
) -> None:
    gate, wrong, right = tmp_path / "gate", tmp_path / "wrong", tmp_path / "right"
    for folder in (wrong, right):
        folder.mkdir()
    with (
        Worker(TARGET, store_url, wrong, *OPTIONS, env=clock_off_by(seconds)) as first,
        Worker(TARGET, store_url, right, *OPTIONS) as second,
    ):
        children = {*first.children(), *second.children()}
        # Both work, and each of them holds a job for longer than its lease.
        held = [queue.add_job("gate", str(gate), max_attempts=1) for _ in range(6)]
        until(lambda: len(read_runs(ledger)) == len(held), "the jobs run")
        assert {run.pid for runs in read_runs(ledger).values() for run in runs} == children
        due = datetime.now(UTC) + timedelta(seconds=5)
        later = queue.add_jobs([Job("mark", 0, run_at=due) for _ in range(10)])
        for job_id in later:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1)
            assert job.started_at is not None
            assert job.started_at >= due
        gate.touch()
        for job_id in held:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1), first.log + second.log
        # A death is noticed by either of them.
        gate.unlink()
        again = [queue.add_job("gate", str(gate)) for _ in range(6)]
        until(lambda: len(read_runs(ledger)) == len(held) + len(later) + len(again), "the jobs run")
        [dying] = second.children()
        second.send(signal.SIGKILL)
        os.kill(dying, signal.SIGKILL)
        gate.touch()
        for job_id in again:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert job.status == "completed", first.log
            check_events(job, queue.get_job_events(job_id))
