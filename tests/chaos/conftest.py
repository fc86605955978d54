"""Workers that are killed and paused, and the ledger that their handlers write."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobEventType
from tests.processes import Worker, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dataqueue import JobQueue

LEASE = 1.0
"""Seconds until a dead worker's jobs are taken over."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    what: str
    job_id: int
    attempt: int
    pid: int
    reason: str | None


@dataclass(frozen=True)
class Ledger:
    """What handlers say that they did."""

    folder: Path

    def entries(self, what: str) -> list[Entry]:
        """The lines of one kind, in the order of writing."""
        path = self.folder / "ledger.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        words = [line.split() for line in lines]
        parsed = [Entry(w[0], int(w[1]), int(w[2]), int(w[3]), w[4] if len(w) > 4 else None) for w in words]
        return [entry for entry in parsed if entry.what == what]

    def reaches(self, what: str, count: int) -> None:
        """Waits until there are so many lines of a kind."""
        until(lambda: len(self.entries(what)) >= count, f"{count} lines of {what!r} in the ledger")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path)


@pytest.fixture
def worker(tmp_path: Path, store_url: str) -> Callable[..., Worker]:
    """Makes workers on the store: one process each, whose leases are short."""
    made = 0

    def make(*options: str) -> Worker:
        nonlocal made
        made += 1
        folder = tmp_path / f"worker-{made}"
        folder.mkdir()
        env = {"CHAOS_FOLDER": str(tmp_path)}
        lease = ("--lease", str(LEASE), "--poll-interval", "0.2")
        return Worker("tests.chaos.handlers:handlers", store_url, folder, *lease, *options, env=env)

    return make


def check_histories(queue: JobQueue, ids: list[int], most_attempts: int) -> None:
    """Each job completed once in the store, by a legal path, and was never tried too often."""
    for job_id in ids:
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.attempts <= most_attempts) == ("completed", True), job
        kinds = [event.event_type for event in queue.get_job_events(job_id)]
        counts = Counter(kinds)
        assert kinds[0] is JobEventType.ADDED
        assert kinds[-1] is JobEventType.COMPLETED
        assert (counts[JobEventType.ADDED], counts[JobEventType.COMPLETED]) == (1, 1)
        # Every claim but the last one was taken back.
        assert counts[JobEventType.PROCESSING] == counts[JobEventType.RECLAIMED] + 1
