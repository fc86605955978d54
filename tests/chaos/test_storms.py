"""Storms: workers, load and a store, and harm to all of them. Nothing is lost, doubled or stuck."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from dataqueue import Job
from tests.chaos.adder import TYPES
from tests.chaos.files import check_file
from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_store
from tests.chaos.progress import has_done, is_done
from tests.chaos.storm.report import told
from tests.chaos.storm.run import rage
from tests.chaos.storm.stores import STORES
from tests.conftest import NOT_HERE
from tests.pooler import NotHereError
from tests.processes import Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue

TARGET = "tests.chaos.handlers:handlers"
SECONDS = 40
SEED = 20_261_125


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("kind", STORES)
def test_a_storm_loses_doubles_and_overlaps_nothing(kind: str, tmp_path: Path) -> None:
    try:
        report = rage(kind, SECONDS, SEED, tmp_path)
    except NotHereError as reason:
        pytest.skip(f"{NOT_HERE}{reason}")
    print(told(report))
    assert report.verdict.is_good
    # It was one.
    assert report.verdict.accepted > 300
    assert report.faults["worker killed"] > 3
    assert report.faults.total() > 12
    assert any(job > 0 for job in report.verdict.recoveries), "no death hit a job"


def test_drains_under_load_lose_nothing_and_burn_no_attempt(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path
) -> None:
    total = 900
    queue.add_jobs([Job(TYPES[number % 2], 0.002, max_attempts=1) for number in range(total)])
    options = ("--processes", "2", "--concurrency", "4", "--batch-size", "50", "--drain-timeout", "60")
    turn = 0
    while not is_done(queue)():
        turn += 1
        folder = tmp_path / str(turn)
        folder.mkdir()
        with Worker(TARGET, store_url, folder, *options) as fleet:
            # Before it has said so much it does not heed signals yet.
            fleet.children(2)
            until(has_done(queue, min(100 * turn, total)), "the fleet did some of the jobs")
            fleet.send(signal.SIGTERM)
            assert fleet.ends() == 0, fleet.log
        # Nothing is held by a worker that has ended in good order.
        assert queue.count_jobs(status="processing") == 0
    assert turn > 2
    runs = read_runs(ledger)
    jobs = check_store(queue, runs)
    assert len(jobs) == total
    assert {(job.status.value, job.attempts) for job in jobs} == {("completed", 1)}
    assert all(len(runs[job.id]) == 1 for job in jobs)
    queue.close()
    check_file(store_url)
