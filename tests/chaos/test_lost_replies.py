"""Requests that reach the server, and whose replies are lost on the way: each is made once, and is known to be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, Job, JobQueue
from tests.chaos.ledger import read_runs
from tests.chaos.legality import all_jobs, check_store
from tests.conftest import with_parameter
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dataqueue import JobId
    from tests.chaos.conftest import Proxied

TARGET = "tests.chaos.handlers:handlers"
# Nothing but the request under test is under way.
QUIET = ("--lease", "600", "--poll-interval", "600", "--no-upkeep")
ROUNDS = 3


@pytest.fixture
def queue(proxied: Proxied) -> Iterator[JobQueue]:
    """A queue that nothing disturbs."""
    with JobQueue(proxied.direct_url) as queue:
        yield queue


@pytest.fixture
def url(proxied: Proxied) -> str:
    """Through the proxy; by one connection, which knows its statements once each was used."""
    return with_parameter(proxied.url, "pool_max", "1") if proxied.url.startswith("postgresql") else proxied.url


def told(queue: JobQueue, job_id: int) -> list[str]:
    return [event.event_type.value for event in queue.get_job_events(job_id)]


def came(condition: Callable[[], object]) -> bool:
    """Whether it comes true. It does not where the reply that was kept back belonged to a request before it."""
    try:
        until(condition, "", 4)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("batch", [1, 5])
def test_an_add_is_made_once(proxied: Proxied, queue: JobQueue, url: str, batch: int) -> None:
    answers: list[list[JobId]] = []

    def add(name: str) -> None:
        jobs = [Job("mark", 0, idempotency_key=f"{name} {number}") for number in range(batch)]
        while True:
            try:
                alone = batch == 1
                ids = [adding.add_job("mark", 0, idempotency_key=f"{name} 0")] if alone else adding.add_jobs(jobs)
            except BackendUnavailable:
                continue
            answers.append(ids)
            return

    with JobQueue(url) as adding:
        for turn in range(ROUNDS):
            add(f"before {turn}")
            proxied.proxy.await_silence()
            proxied.proxy.withhold()
            adder = threading.Thread(target=add, args=[f"job {turn}"])
            adder.start()
            try:
                # A batch may take several requests: then the first of them gets no answer, and nothing is there.
                is_there = came(lambda: queue.count_jobs() == batch * (turn + 1) * 2)  # noqa: B023
                assert is_there or batch > 1
                assert len(answers) == 2 * turn + 1
            finally:
                proxied.proxy.let_go()
                adder.join(PATIENCE)
            assert not adder.is_alive()
    jobs = all_jobs(queue)
    assert sorted(job.id for job in jobs) == sorted(job_id for ids in answers for job_id in ids)
    assert all(told(queue, job.id) == ["added"] for job in jobs)


def test_an_add_without_a_key_is_made_once_and_raises(proxied: Proxied, queue: JobQueue, url: str) -> None:
    raised: list[BackendUnavailable] = []

    def add() -> None:
        try:
            adding.add_job("mark", 0)
        except BackendUnavailable as error:
            raised.append(error)

    with JobQueue(url) as adding:
        add()
        proxied.proxy.await_silence()
        proxied.proxy.withhold()
        adder = threading.Thread(target=add)
        adder.start()
        try:
            until(lambda: queue.count_jobs() == 2, "the job is there")
        finally:
            proxied.proxy.let_go()
            adder.join(PATIENCE)
        assert len(raised) == 1
        # Nobody makes it again of his own accord.
        assert adding.count_jobs() == 2


def test_a_claim_is_asked_for_again(proxied: Proxied, queue: JobQueue, url: str, tmp_path: Path, ledger: Path) -> None:
    hits = turn = 0
    with Worker(TARGET, url, tmp_path, *QUIET):
        while hits < ROUNDS:
            turn += 1
            assert turn < 4 * ROUNDS
            assert queue.wait_for_job(queue.add_job("mark", 0), PATIENCE).status == "completed"
            proxied.proxy.await_silence()
            # The hint has to come through.
            proxied.proxy.withhold(but_for=(b"LISTEN", b"SUBSCRIBE"))
            gate = tmp_path / f"gate {turn}"
            job_id = queue.add_job("gate", str(gate))
            hits += came(lambda: queue.count_jobs(status="processing") == 1)
            assert job_id not in read_runs(ledger)
            proxied.proxy.let_go()
            gate.touch()
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1)
            assert told(queue, job_id) == ["added", "processing", "completed"]
    check_store(queue, read_runs(ledger))


def test_an_end_is_recorded_once(proxied: Proxied, queue: JobQueue, url: str, tmp_path: Path, ledger: Path) -> None:
    hits = turn = 0
    with Worker(TARGET, url, tmp_path, *QUIET) as worker:
        while hits < ROUNDS:
            turn += 1
            assert turn < 4 * ROUNDS
            assert queue.wait_for_job(queue.add_job("mark", 0), PATIENCE).status == "completed"
            gate = tmp_path / f"gate {turn}"
            job_id = queue.add_job("gate", str(gate))
            until(lambda: job_id in read_runs(ledger), "the job runs")  # noqa: B023
            proxied.proxy.await_silence()
            proxied.proxy.withhold()
            gate.touch()
            hits += came(lambda: queue.count_jobs(status="completed") == 2 * turn)  # noqa: B023
            proxied.proxy.let_go()
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1)
        jobs = check_store(queue, read_runs(ledger))
        assert all(told(queue, job.id) == ["added", "processing", "completed"] for job in jobs)
        assert "refused" not in worker.log


def test_a_renewal_counts_though_nobody_was_told(
    proxied: Proxied, queue: JobQueue, url: str, tmp_path: Path, ledger: Path
) -> None:
    gate = tmp_path / "gate"
    options = ("--lease", "3", "--poll-interval", "600")
    with Worker(TARGET, url, tmp_path, *options) as worker:
        job_id = queue.add_job("gate", str(gate))
        until(lambda: job_id in read_runs(ledger), "the job runs")
        # Another worker would take the job as soon as the lease ran out.
        second = tmp_path / "second"
        second.mkdir()
        with Worker(TARGET, proxied.direct_url, second, *options) as other:
            other.says("worker 1 started")
            for _ in range(8):
                # A worker that holds a job and claims no more renews its lease, and looks for dead workers.
                before = proxied.proxy.withheld
                proxied.proxy.withhold()
                until(lambda: proxied.proxy.withheld > before, "a reply was kept back")  # noqa: B023
                proxied.proxy.let_go()
            gate.touch()
            job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.attempts) == ("completed", 1), worker.log
        assert told(queue, job_id) == ["added", "processing", "completed"]
