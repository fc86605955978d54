"""Workers that are replaced: they end in time, whatever their handlers do, and what they leave is taken up at once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests.processes import PATIENCE, Worker, gone, until

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "tests.python.worker_handlers:handlers"
# Longer than any test, so that only a job that was given back can be claimed again.
LONG = ("--lease", "600")


def run_again(queue: JobQueue, job_id: int) -> None:
    """Another worker runs the job, as its first attempt."""
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.status, job.attempts) == ("pending", 0)

    def fine(payload: dict[str, object]) -> str:
        return "fine"

    processor = queue.create_processor({job.job_type: fine})
    processor.start_in_background()
    job = queue.wait_for_job(job_id, PATIENCE)
    assert (job.status, job.output, job.attempts) == ("completed", "fine", 1)
    assert processor.stop_and_drain(PATIENCE)


def test_a_handler_that_holds_the_interpreter_is_drained_past_it(store_url: str, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with JobQueue(store_url) as queue:
        job_id = queue.add_job("hold", {"started": str(started), "seconds": 600})
        with Worker(TARGET, store_url, tmp_path, *LONG, "--drain-timeout", "0.5") as worker:
            until(started.exists, "the handler holds the interpreter")
            worker.send(signal.SIGTERM)
            assert worker.ends() == 1
            assert "did not end: killing it" in worker.log
            assert gone(worker.children()[0])
        run_again(queue, job_id)


@pytest.mark.parametrize("job_type", ["block_loop", "ignore"])
def test_a_handler_that_does_not_listen_is_left_behind(sqlite_store_url: str, tmp_path: Path, job_type: str) -> None:
    started = tmp_path / "started"
    with JobQueue(sqlite_store_url) as queue:
        job_id = queue.add_job(job_type, {"started": str(started), "seconds": 600})
        with Worker(TARGET, sqlite_store_url, tmp_path, *LONG, "--drain-timeout", "0.5") as worker:
            until(started.exists, "the handler runs")
            worker.send(signal.SIGTERM)
            assert worker.ends() == 1
            assert gone(worker.children()[0])
        run_again(queue, job_id)


def test_what_hangs_at_exit_does_not_keep_the_process(sqlite_store_url: str, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with JobQueue(sqlite_store_url) as queue, Worker(TARGET, sqlite_store_url, tmp_path) as worker:
        queue.wait_for_job(queue.add_job("hang_at_exit", {"started": str(started)}), PATIENCE)
        worker.send(signal.SIGTERM)
        assert worker.ends() == 1
        assert gone(worker.children()[0])


def test_a_process_without_a_parent_ends_although_a_handler_holds_the_interpreter(
    sqlite_store_url: str, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    with JobQueue(sqlite_store_url) as queue:
        job_id = queue.add_job("hold", {"started": str(started), "seconds": 600})
        with Worker(TARGET, sqlite_store_url, tmp_path, *LONG, "--drain-timeout", "0.5") as worker:
            until(started.exists, "the handler holds the interpreter")
            child = worker.children()[0]
            worker.send(signal.SIGKILL)
            worker.ends()
        until(lambda: gone(child), "the process ended after its parent")
        run_again(queue, job_id)
