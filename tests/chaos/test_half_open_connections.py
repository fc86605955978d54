"""Connections that are dead without anybody having been told, and slow ones: no worker idles, or loses a job."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dataqueue import BackendUnavailable, JobQueue
from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_store
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobId
    from tests.chaos.conftest import Proxied

TARGET = "tests.chaos.handlers:handlers"
OPTIONS = ("--poll-interval", "1")


def runs(queue: JobQueue, ledger: Path, gate: Path) -> JobId:
    """A job that runs until the file is there."""
    job_id = queue.add_job("gate", str(gate), max_attempts=1)
    until(lambda: job_id in read_runs(ledger), "the job runs")
    return job_id


def test_a_worker_whose_connections_are_half_open_works_on(proxied: Proxied, tmp_path: Path, ledger: Path) -> None:
    with (
        JobQueue(proxied.direct_url) as queue,
        Worker(TARGET, proxied.url, tmp_path, *OPTIONS, "--lease", "60") as worker,
    ):
        for turn in range(2):
            gate = tmp_path / f"gate {turn}"
            held = runs(queue, ledger, gate)
            assert proxied.proxy.freeze() > 0
            gate.touch()
            for job_id in (held, queue.add_job("mark", 0, max_attempts=1)):
                assert queue.wait_for_job(job_id, PATIENCE).status == "completed", worker.log
        check_store(queue, read_runs(ledger))


def test_a_caller_whose_connections_are_half_open_goes_on(proxied: Proxied) -> None:
    with JobQueue(proxied.url) as queue:
        for turn in range(2):
            key = f"job {turn}"
            job_id = queue.add_job("mark", 0, idempotency_key=key)
            proxied.proxy.freeze()
            until(lambda: answers(queue), "calls are answered again")
            assert queue.add_job("mark", 0, idempotency_key=key) == job_id


def answers(queue: JobQueue) -> bool:
    try:
        queue.count_jobs()
    except BackendUnavailable:
        return False
    return True


def test_half_open_connections_cost_no_lease(proxied: Proxied, tmp_path: Path, ledger: Path) -> None:
    # As by default: a request may be waited for longer than this lease lasts.
    url = proxied.url.replace("statement_timeout=2", "statement_timeout=30")
    url = url.replace("response_timeout=2", "response_timeout=30")
    gate, second = tmp_path / "gate", tmp_path / "second"
    second.mkdir()
    with (
        JobQueue(proxied.direct_url) as queue,
        Worker(TARGET, url, tmp_path, "--job-type", "gate", "--lease", "9") as worker,
        # This one would take the job once the lease had run out.
        Worker(TARGET, proxied.direct_url, second, "--job-type", "mark", "--lease", "3"),
    ):
        held = runs(queue, ledger, gate)
        began = queue.wait_for_job(queue.add_job("mark", 0), PATIENCE)
        assert began.completed_at is not None
        assert proxied.proxy.freeze() > 0
        over = began.completed_at + timedelta(seconds=15)

        def is_over() -> bool:
            now = queue.wait_for_job(queue.add_job("mark", 0), PATIENCE).completed_at
            return now is not None and now > over

        until(is_over, "the lease would have run out")
        gate.touch()
        job = queue.wait_for_job(held, PATIENCE)
        assert (job.status, job.attempts) == ("completed", 1), worker.log
        assert [event.event_type for event in queue.get_job_events(held)] == ["added", "processing", "completed"]


def test_a_slow_network_delays_and_loses_nothing(proxied: Proxied, tmp_path: Path, ledger: Path) -> None:
    with (
        JobQueue(proxied.direct_url) as queue,
        Worker(TARGET, proxied.url, tmp_path, *OPTIONS, "--lease", "6"),
    ):
        queue.wait_for_job(queue.add_job("mark", 0), PATIENCE)
        proxied.proxy.slow_down(0.1)
        ids = [queue.add_job(kind, 0.01, max_attempts=1) for kind in ("mark", "mark_async") for _ in range(10)]
        jobs = [queue.wait_for_job(job_id, PATIENCE) for job_id in ids]
        assert {(job.status.value, job.attempts) for job in jobs} == {("completed", 1)}
        check_store(queue, read_runs(ledger))
