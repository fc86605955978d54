"""Workers that die or stall under their jobs: others take over, and what the late ones say does not count."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from dataqueue import Job, JobQueue
from tests.chaos.conftest import check_histories
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.conftest import Ledger
    from tests.processes import Worker

INTEGRITY = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("pragma integrity_check").fetchone()[0])
"""


def test_the_jobs_of_a_killed_worker_are_finished_by_another(
    store_url: str, worker: Callable[..., Worker], ledger: Ledger
) -> None:
    with JobQueue(store_url) as queue, worker("--concurrency", "4") as first:
        ids = queue.add_jobs([Job("held", None) for _ in range(4)])
        ledger.reaches("start", 4)
        [victim] = first.children()
        # The parent would start another child, and this one is to be alone.
        first.send(signal.SIGKILL)
        os.kill(victim, signal.SIGKILL)
        (ledger.folder / "go").touch()
        with worker("--concurrency", "4") as second:
            for job_id in ids:
                assert queue.wait_for_job(job_id, PATIENCE).status == "completed"
            [heir] = second.children()
            assert {entry.pid for entry in ledger.entries("end")} == {heir}
            assert sorted(entry.job_id for entry in ledger.entries("end")) == ids
            assert {job.attempts for job in queue.get_jobs(job_type="held")} == {2}
        check_histories(queue, [int(job_id) for job_id in ids], 2)


def test_a_worker_that_was_paused_past_its_lease_can_record_nothing(
    store_url: str, worker: Callable[..., Worker], ledger: Ledger
) -> None:
    with JobQueue(store_url) as queue, worker() as first:
        job_id = queue.add_job("held", None)
        ledger.reaches("start", 1)
        [paused] = first.children()
        os.kill(paused, signal.SIGSTOP)
        try:
            with worker() as second:
                ledger.reaches("start", 2)
                (ledger.folder / "go").touch()
                [heir] = second.children()
                assert queue.wait_for_job(job_id, PATIENCE).output == heir
                (ledger.folder / "go").unlink()
                os.kill(paused, signal.SIGCONT)
                # Nothing lets it go now but its engine, which learns that the lease is lost.
                ledger.reaches("end", 2)
        finally:
            os.kill(paused, signal.SIGCONT)
        late = ledger.entries("end")[-1]
        assert (late.pid, late.attempt, late.reason) == (paused, 1, "lease_lost")
        # It goes on with other work, under a lease of its own.
        (ledger.folder / "go").touch()
        after = queue.add_job("held", None)
        assert queue.wait_for_job(after, PATIENCE).output == paused
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.output, job.attempts) == (heir, 2)
        check_histories(queue, [job_id, after], 2)


def test_nothing_is_lost_while_whole_fleets_are_killed(
    store_url: str, worker: Callable[..., Worker], ledger: Ledger
) -> None:
    jobs, workers, rounds = 600, 3, 2
    with JobQueue(store_url) as queue:
        ids = [int(job_id) for job_id in queue.add_jobs([Job("quick", at) for at in range(jobs)])]
        for number in range(1, rounds + 1):
            fleet = [worker("--concurrency", "2") for _ in range(workers)]
            try:
                ledger.reaches("end", jobs * number // 6)
                victims = [child for one in fleet for child in one.children()]
                for one in fleet:
                    one.send(signal.SIGKILL)
                for pid in victims:
                    os.kill(pid, signal.SIGKILL)
            finally:
                for one in fleet:
                    one.__exit__(None, None, None)
        with worker("--concurrency", "8"):
            until(lambda: queue.count_jobs(status="completed") == jobs, "every job was completed")
        # A job whose worker dies for the third time ends as lost: two rounds cannot bring that about.
        check_histories(queue, ids, rounds + 1)
        ended = {entry.job_id for entry in ledger.entries("end")}
        assert ended == set(ids), "every job ran to its end at least once"
    if store_url.startswith("sqlite"):
        path = store_url.removeprefix("sqlite:///")
        told = subprocess.run([sys.executable, "-c", INTEGRITY, path], capture_output=True, text=True, check=True)
        assert told.stdout.strip() == "ok"
