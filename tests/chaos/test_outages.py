"""PostgreSQL that cuts connections or restarts in the middle of work: workers carry on, and no job runs twice."""

from __future__ import annotations

import itertools
import signal
import time
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

from dataqueue import Job, JobQueue
from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_store
from tests.chaos.progress import is_done
from tests.conftest import with_parameter
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster import Cluster

TARGET = "tests.chaos.handlers:handlers"
TYPES = ("mark", "mark_async")


def named(url: str) -> tuple[str, str]:
    """The URL with a name of its own for the connections, and the name."""
    name = f"t{uuid.uuid4().hex[:12]}"
    return with_parameter(url, "application_name", name), name


def terminate(connection: psycopg.Connection[tuple[int]], name: str, condition: str = "true") -> int:
    """Ends connections, as an administrator or a failing network does; answers how many."""
    query = f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s and {condition}"
    return len(connection.execute(query, [name]).fetchall())


def all_work(queue: JobQueue, worker: Worker, ledger: Path, count: int) -> None:
    """Waits until each of the worker's processes has run a job."""
    children = set(worker.children(count))

    def look() -> bool:
        queue.wait_for_job(queue.add_jobs([Job("mark", 0.02) for _ in range(20)])[-1], PATIENCE)
        return {run.pid for runs in read_runs(ledger).values() for run in runs} == children

    until(look, "every process ran a job")


def test_connections_that_are_cut_cost_no_job_an_attempt(
    postgres_url: str, postgres_store_url: str, tmp_path: Path, ledger: Path
) -> None:
    url, name = named(postgres_store_url)
    total = 800
    with JobQueue(postgres_store_url) as queue, psycopg.connect(postgres_url, autocommit=True) as other:
        options = ("--processes", "2", "--concurrency", "4", "--batch-size", "20", "--poll-interval", "0.5")
        with Worker(TARGET, url, tmp_path, *options) as worker:
            all_work(queue, worker, ledger, 2)
            before = queue.count_jobs()
            cut = 0
            for number in itertools.count():
                if number < 40:
                    queue.add_jobs([Job(TYPES[at % 2], 0.002, max_attempts=1) for at in range(total // 40)])
                elif is_done(queue)():
                    break
                if number < 60:
                    cut += terminate(other, name)
                time.sleep(0.05)
            worker.send(signal.SIGTERM)
            assert worker.ends() == 0, worker.log
            assert len(worker.children(2)) == 2
        assert cut > 40
        runs = read_runs(ledger)
        jobs = check_store(queue, runs)
        assert len(jobs) == before + total
        assert {(job.status.value, job.attempts) for job in jobs} == {("completed", 1)}
        assert all(len(runs[job.id]) == 1 for job in jobs)


def test_a_cut_listening_connection_loses_no_wake_up(
    postgres_url: str, postgres_store_url: str, tmp_path: Path, ledger: Path
) -> None:
    url, name = named(postgres_store_url)
    # Without a hint it would not look again in time.
    options = ("--poll-interval", "600")
    with (
        JobQueue(postgres_store_url) as queue,
        psycopg.connect(postgres_url, autocommit=True) as other,
        Worker(TARGET, url, tmp_path, *options) as worker,
    ):

        def listening() -> int:
            query = "select count(*) from pg_stat_activity where application_name = %s and query like '%%LISTEN%%'"
            return int(other.execute(query, [name]).fetchall()[0][0])

        queue.wait_for_job(queue.add_job("mark", 0), PATIENCE)
        for turn in range(6):
            until(lambda: terminate(other, name, "query like '%%LISTEN%%'"), "the listening connection was cut")
            if turn % 2:
                # Added when it listens again; in the other turns it does not yet.
                until(listening, "it listens again")
            assert queue.wait_for_job(queue.add_job("mark", 0), PATIENCE).status == "completed"
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0, worker.log


def test_a_renewal_whose_connection_is_cut_again_and_again_costs_no_lease(
    postgres_url: str, postgres_store_url: str, tmp_path: Path, ledger: Path
) -> None:
    url, name = named(postgres_store_url)
    gate, second = tmp_path / "gate", tmp_path / "second"
    second.mkdir()
    options = ("--lease", "3", "--poll-interval", "600")
    renewing = "state = 'idle' and query like '%%job_workers SET lease_ms%%'"
    with (
        JobQueue(postgres_store_url) as queue,
        psycopg.connect(postgres_url, autocommit=True) as other,
        Worker(TARGET, url, tmp_path, *options) as worker,
    ):
        job_id = queue.add_job("gate", str(gate), max_attempts=1)
        until(lambda: job_id in read_runs(ledger), "the job runs")
        # This one would take the job once the lease had run out.
        with Worker(TARGET, postgres_store_url, second, *options):
            for _ in range(6):
                until(lambda: terminate(other, name, renewing), "the connection that renewed last was cut")
            gate.touch()
            job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.attempts) == ("completed", 1), worker.log


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=["fast", "immediate", "killed"])
def test_workers_carry_on_when_the_server_comes_back(
    cluster: Cluster, tmp_path: Path, ledger: Path, how: signal.Signals
) -> None:
    total = 200
    with JobQueue(cluster.url) as queue:
        queue.migrate()
        options = ("--processes", "2", "--concurrency", "4", "--poll-interval", "600", "--lease", "30")
        with Worker(TARGET, cluster.url, tmp_path, *options) as worker:
            all_work(queue, worker, ledger, 2)
            for _ in range(2):
                before = len(read_runs(ledger))
                queue.add_jobs([Job(TYPES[at % 2], 0.01, max_attempts=1) for at in range(total)])
                until(lambda: len(read_runs(ledger)) > before + total // 4, "some of the jobs ran")  # noqa: B023
                cluster.stop(how)
                cluster.start()
                until(lambda: len(read_runs(ledger)) == before + total, "all of the jobs ran")  # noqa: B023
            # Idle workers hear of new jobs after it, too.
            late = queue.add_job("mark", 0)
            assert queue.wait_for_job(late, PATIENCE).status == "completed"
            until(is_done(queue), "every end was recorded")
            worker.send(signal.SIGTERM)
            assert worker.ends() == 0, worker.log
            assert len(worker.children(2)) == 2
        runs = read_runs(ledger)
        jobs = check_store(queue, runs)
        assert {(job.status.value, job.attempts) for job in jobs} == {("completed", 1)}
        assert all(len(runs[job.id]) == 1 for job in jobs)


def test_a_drain_while_the_server_is_away_gives_up_in_the_end(cluster: Cluster, tmp_path: Path, ledger: Path) -> None:
    opened = tmp_path / "open"
    with JobQueue(cluster.url) as queue:
        queue.migrate()
        job_id = queue.add_job("gate", str(opened))
        with Worker(TARGET, cluster.url, tmp_path, "--lease", "1", "--drain-timeout", "1") as worker:
            until(lambda: read_runs(ledger), "the job began")
            cluster.stop()
            opened.touch()
            until(lambda: read_runs(ledger)[job_id][0].ended, "the job ended")
            worker.send(signal.SIGTERM)
            worker.ends()
        cluster.start()
        assert read_runs(ledger)[job_id][0].attempt == 1
        with Worker(TARGET, cluster.url, tmp_path, "--lease", "1") as worker:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 2)
            worker.send(signal.SIGTERM)
            assert worker.ends() == 0
