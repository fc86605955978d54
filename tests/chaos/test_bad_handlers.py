"""Handlers that end, double or maim their process: their job ends, and the worker works on or is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.legality import check_events
from tests.processes import PATIENCE, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue

TARGET = "tests.chaos.bad_handlers:handlers"
OPTIONS = ("--lease", "1.5", "--poll-interval", "1", "--concurrency", "2")

# What becomes of the job: how many attempts it takes, and how its first one ended.
ENDS = {
    "os._exit": (2, "reclaimed"),
    "sys.exit": (2, "failed"),
    "raises BaseException": (2, "failed"),
    "raises KeyboardInterrupt": (2, "failed"),
    "raises GeneratorExit": (2, "failed"),
    "forks": (1, "completed"),
    "leaks memory": (1, "completed"),
    "leaks files": (1, "completed"),
}


@pytest.mark.parametrize("kind", ["bad", "bad_async"])
@pytest.mark.usefixtures("ledger")
def test_a_job_that_misbehaves_ends_and_others_run(queue: JobQueue, store_url: str, tmp_path: Path, kind: str) -> None:
    with Worker(TARGET, store_url, tmp_path, *OPTIONS) as worker:
        for how, (attempts, end) in ENDS.items():
            job_id = queue.add_job(kind, how, retry_delay=0.05, retry_backoff=False)
            job = queue.wait_for_job(job_id, PATIENCE)
            told = [event.event_type.value for event in queue.get_job_events(job_id)]
            assert (job.status, job.attempts, told[2]) == ("completed", attempts, end), f"{how}: {told}\n{worker.log}"
            check_events(job, queue.get_job_events(job_id))
            assert queue.wait_for_job(queue.add_job("fine", None), PATIENCE).status == "completed", how


@pytest.mark.parametrize("kind", ["bad", "bad_async"])
@pytest.mark.usefixtures("ledger")
def test_a_worker_whose_files_a_handler_closed_is_not_silently_idle(
    queue: JobQueue, store_url: str, tmp_path: Path, kind: str
) -> None:
    with Worker(TARGET, store_url, tmp_path, *OPTIONS) as worker:
        job_id = queue.add_job(kind, "closes files", retry_delay=0.05, retry_backoff=False)
        job = queue.wait_for_job(job_id, PATIENCE)
        assert job.status == "completed", worker.log
        assert queue.wait_for_job(queue.add_job("fine", None), PATIENCE).status == "completed", worker.log
