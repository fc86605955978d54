"""`dataqueue worker` with real processes: it runs jobs, drains, stops, and replaces what dies."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue, JobStatus
from tests.processes import PATIENCE, Worker, gone, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dataqueue import JobRecord

TARGET = "tests.python.worker_handlers:handlers"
STOPPING = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def queue(store_url: str) -> Iterator[JobQueue]:
    with JobQueue(store_url) as queue:
        yield queue


class Gate:
    """A job that runs until it is let go."""

    def __init__(self, queue: JobQueue, folder: Path) -> None:
        self._started, self._open = folder / "started", folder / "open"
        self._queue = queue
        self.job_id = queue.add_job("gate", {"started": str(self._started), "open": str(self._open)})

    def pid(self) -> int:
        """The process it runs in, once it does."""
        until(lambda: self._started.exists() and self._started.read_text(), "the job started")
        return int(self._started.read_text())

    def let_go(self) -> None:
        self._open.touch()

    def job(self) -> JobRecord:
        job = self._queue.get_job(self.job_id)
        assert job is not None
        return job


def test_it_runs_jobs_on_as_many_processes_as_told(queue: JobQueue, store_url: str, tmp_path: Path) -> None:
    options = ("--processes", "2", "--concurrency", "1", "--batch-size", "1", "--poll-interval", "600", "--no-upkeep")
    with Worker(TARGET, store_url, tmp_path, *options) as worker:
        children = set(worker.children(2))
        ids = [queue.add_job("echo", number) for number in range(20)]
        assert [queue.wait_for_job(job_id, PATIENCE).output for job_id in ids] == list(range(20))
        busy = Gate(queue, tmp_path)
        # With the one busy, whatever runs now runs on the other.
        first = busy.pid()
        second = queue.wait_for_job(queue.add_job("who", None), PATIENCE).output
        assert {first, second} == children
        busy.let_go()
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


@pytest.mark.parametrize("how", STOPPING)
def test_a_signal_drains(queue: JobQueue, store_url: str, tmp_path: Path, how: signal.Signals) -> None:
    running = Gate(queue, tmp_path)
    with Worker(TARGET, store_url, tmp_path, "--concurrency", "1") as worker:
        running.pid()
        waiting = [queue.add_job("echo", number) for number in range(5)]
        worker.send(how)
        worker.says("stopping")
        running.let_go()
        assert worker.ends() == 0, worker.log
    assert (running.job().status, running.job().attempts) == ("completed", 1)
    for job_id in waiting:
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.attempts) == (JobStatus.PENDING, 0)
    assert "Traceback" not in worker.log


def test_a_worker_that_is_asked_to_drain_ends_and_is_not_replaced(
    queue: JobQueue, store_url: str, tmp_path: Path
) -> None:
    with Worker(TARGET, store_url, tmp_path, "--processes", "2", "--concurrency", "1") as worker:
        worker.children(2)
        until(lambda: len(queue.get_workers()) == 2, "both are registered")
        first, second = queue.get_workers()
        running = Gate(queue, tmp_path)
        busy = next(one for one in (first, second) if one.pid == running.pid())
        other = second if busy is first else first
        assert queue.drain_worker(other.id)
        worker.says("was asked to drain, and has ended")
        assert queue.drain_worker(busy.id)
        running.let_go()
        assert worker.ends() == 0, worker.log
        assert len(worker.children(2)) == 2
    assert (running.job().status, running.job().attempts) == ("completed", 1)
    assert queue.get_workers() == []


def test_a_job_that_does_not_end_in_time_goes_back_uncounted(queue: JobQueue, store_url: str, tmp_path: Path) -> None:
    running = Gate(queue, tmp_path)
    with Worker(TARGET, store_url, tmp_path, "--drain-timeout", "0.1") as worker:
        running.pid()
        worker.send(signal.SIGTERM)
        assert worker.ends() == 1
    assert (running.job().status, running.job().attempts) == ("pending", 0)


@pytest.mark.parametrize("how", STOPPING)
def test_a_second_signal_stops_at_once(queue: JobQueue, store_url: str, tmp_path: Path, how: signal.Signals) -> None:
    running = Gate(queue, tmp_path)
    with Worker(TARGET, store_url, tmp_path) as worker:
        child = running.pid()
        worker.send(how)
        worker.says("a second signal stops at once")
        worker.send(how)
        assert worker.ends() == 130
        assert gone(child)
    assert running.job().status == "processing"
    assert "Traceback" not in worker.log


def test_a_signal_to_the_whole_group_drains_as_one_to_the_parent(
    queue: JobQueue, store_url: str, tmp_path: Path
) -> None:
    running = Gate(queue, tmp_path)
    with Worker(TARGET, store_url, tmp_path) as worker:
        # As a service manager does it: each process gets the signal, and the parent passes its own on.
        os.kill(running.pid(), signal.SIGTERM)
        worker.send(signal.SIGTERM)
        worker.says("stopping")
        running.let_go()
        assert worker.ends() == 0
    assert running.job().status == "completed"


def test_a_killed_process_is_reported_and_replaced(queue: JobQueue, store_url: str, tmp_path: Path) -> None:
    with Worker(TARGET, store_url, tmp_path) as worker:
        for killed in range(3):
            child = queue.wait_for_job(queue.add_job("who", None), PATIENCE).output
            os.kill(child, signal.SIGKILL)
            worker.says(rf"worker 1 \(process {child}\) ended by SIGKILL")
            assert len(worker.children(killed + 2)) == killed + 2
        assert queue.wait_for_job(queue.add_job("echo", "still here"), PATIENCE).output == "still here"
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


def test_jobs_that_take_their_process_along_do_not_end_the_fleet(
    queue: JobQueue, store_url: str, tmp_path: Path
) -> None:
    poison = [queue.add_job("die", code, max_attempts=1, priority=9) for code in (2, 3, 7)]
    with Worker(TARGET, store_url, tmp_path, "--concurrency", "1", "--batch-size", "1", "--lease", "0.5") as worker:
        for job_id in poison:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.failure_reason, job.attempts) == ("failed", "lost", 1)
        assert queue.wait_for_job(queue.add_job("echo", "fine"), PATIENCE).output == "fine"
        worker.says("ended with exit code 7")
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


def test_jobs_that_end_a_process_at_once_are_not_taken_for_a_mistake_of_its_start(
    sqlite_store_url: str, tmp_path: Path
) -> None:
    with JobQueue(sqlite_store_url) as queue:
        poison = [queue.add_job("die", 2, max_attempts=1, priority=9) for _ in range(3)]
        late = "tests.python.late_report_handlers:handlers"
        options = ("--concurrency", "1", "--batch-size", "1", "--lease", "0.5")
        with Worker(late, sqlite_store_url, tmp_path, *options) as worker:
            lost = [queue.wait_for_job(job_id, PATIENCE) for job_id in poison]
            assert {(job.status, job.failure_reason) for job in lost} == {("failed", "lost")}
            assert queue.wait_for_job(queue.add_job("echo", "fine"), PATIENCE).output == "fine"
            worker.send(signal.SIGTERM)
            assert worker.ends() == 0


def test_workers_end_when_their_parent_is_killed(queue: JobQueue, store_url: str, tmp_path: Path) -> None:
    running = Gate(queue, tmp_path)
    with Worker(TARGET, store_url, tmp_path, "--processes", "3") as worker:
        running.pid()
        children = worker.children(3)
        worker.send(signal.SIGKILL)
        worker.ends()
        until(lambda: sum(map(gone, children)) == 2, "the idle workers ended after their parent")
        running.let_go()
        until(lambda: all(map(gone, children)), "the busy worker ended after its job")
    assert running.job().status == "completed"


def test_a_thread_that_a_handler_left_behind_does_not_keep_the_process(sqlite_store_url: str, tmp_path: Path) -> None:
    with JobQueue(sqlite_store_url) as queue, Worker(TARGET, sqlite_store_url, tmp_path) as worker:
        queue.wait_for_job(queue.add_job("linger", None), PATIENCE)
        worker.send(signal.SIGTERM)
        assert worker.ends() == 1
    # The way to the culprit is shown.
    assert "Timeout" in worker.log
    assert "wait" in worker.log


def test_handlers_have_an_empty_standard_input(sqlite_store_url: str, tmp_path: Path) -> None:
    with JobQueue(sqlite_store_url) as queue, Worker(TARGET, sqlite_store_url, tmp_path) as worker:
        assert queue.wait_for_job(queue.add_job("read", None), PATIENCE).output == ""
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


def test_a_named_type_is_claimed_alone_and_fails_without_a_handler(
    queue: JobQueue, store_url: str, tmp_path: Path
) -> None:
    left = queue.add_job("echo", 1, priority=9)
    unknown = queue.add_job("unknown", None, max_attempts=1)
    known = queue.add_job("who", None)
    with Worker(TARGET, store_url, tmp_path, "--job-type", "who", "--job-type", "unknown") as worker:
        assert queue.wait_for_job(known, PATIENCE).status == "completed"
        job = queue.wait_for_job(unknown, PATIENCE)
        assert (job.status, job.failure_reason) == ("failed", "no_handler")
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
    waiting = queue.get_job(left)
    assert waiting is not None
    assert (waiting.status, waiting.attempts) == ("pending", 0)
