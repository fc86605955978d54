"""Many workers at once, while some of them are killed, drained or cut off: nothing is lost, doubled or stuck."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from dataqueue import Job
from tests.chaos.adder import TYPES
from tests.chaos.ledger import read_lines, read_runs
from tests.chaos.legality import check_store
from tests.processes import Script, Worker, gone, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dataqueue import JobQueue

TARGET = "tests.chaos.handlers:handlers"
UNDONE = ["pending", "processing", "waiting"]
CHECK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30)
print(connection.execute("pragma integrity_check").fetchall())
print(connection.execute("select (select count(*) from job_leases), (select count(*) from job_ready)").fetchone())
"""


def is_done(queue: JobQueue) -> Callable[[], bool]:
    """Whether no job is left that will run."""

    def look() -> bool:
        if queue.count_jobs(status=UNDONE):
            return False
        return all(job.next_attempt_at is None for job in queue.get_jobs(status="failed", limit=1000))

    return look


def has_done(queue: JobQueue, count: int) -> Callable[[], bool]:
    """Whether so many jobs are completed."""
    return lambda: queue.count_jobs(status="completed") >= count


def check_file(url: str) -> None:
    """An SQLite file is sound, and holds no lease and nothing to claim; in a process of its own."""
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        shown = subprocess.run([sys.executable, "-c", CHECK, path], capture_output=True, text=True, check=True)
        assert shown.stdout == "[('ok',)]\n(0, 0)\n"


class Adders:
    """Processes that add jobs; one that is killed is started again, until all was added."""

    def __init__(self, url: str, folder: Path, count: int, each: int) -> None:
        self._url, self._folder, self._each = url, folder, each
        self._at_work: dict[str, Script] = {}
        for number in range(count):
            self._start(f"adder{number}")

    def _start(self, name: str) -> None:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        self._at_work[name] = Script(["-m", "tests.chaos.adder", self._url, name, str(self._each)], folder)

    def pids(self) -> list[int]:
        return [script.process.pid for script in self._at_work.values() if script.process.poll() is None]

    def are_done(self) -> bool:
        for name, script in list(self._at_work.items()):
            code = script.process.poll()
            if code == 0:
                del self._at_work[name]
            elif code is not None:
                assert code == -signal.SIGKILL, script.log
                self._start(name)
        return not self._at_work

    def kill(self) -> None:
        for script in self._at_work.values():
            script.process.kill()
            script.process.wait()


def test_kills_at_random_lose_and_double_nothing(queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path) -> None:
    chance = random.Random(20_261_125)
    adding, each = 3, 600
    killed: set[int] = set()
    options = ("--processes", "5", "--concurrency", "3", "--batch-size", "5", "--lease", "1", "--poll-interval", "0.5")
    with Worker(TARGET, store_url, tmp_path, *options) as fleet:
        fleet.children(5)
        adders = Adders(store_url, tmp_path, adding, each)
        try:
            while not adders.are_done() or len(killed) < 15:
                living = [pid for pid in fleet.children() if not gone(pid)]
                victims = living + (adders.pids() if chance.random() < 0.3 else [])
                if victims and len(killed) < 25:
                    victim = chance.choice(victims)
                    os.kill(victim, signal.SIGKILL)
                    killed.add(victim)
                time.sleep(chance.uniform(0.1, 0.4))
        finally:
            adders.kill()
        until(is_done(queue), "every job ended")
        fleet.send(signal.SIGTERM)
        assert fleet.ends() == 0, fleet.log
    jobs = check_store(queue, read_runs(ledger), killed)
    # What was accepted is there, once, and done.
    assert len(jobs) == adding * each
    assert {job.status.value for job in jobs} == {"completed"}
    accepted = {(line["job"], line["key"]) for line in read_lines(ledger) if line["what"] == "added"}
    assert accepted <= {(job.id, job.idempotency_key) for job in jobs}
    assert any(job.attempts > (3 if job.job_type == "fails_twice" else 1) for job in jobs), "no kill hit a job"
    queue.close()
    check_file(store_url)


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
