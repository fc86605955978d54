"""Narrow ways to PostgreSQL under load: a pool of one connection, and a pooler that is killed."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from dataqueue import Job, JobQueue
from tests.chaos.ledger import read_runs
from tests.chaos.legality import all_jobs, check_events, check_store
from tests.chaos.progress import has_done, is_done
from tests.chaos.storm.handlers import CHILDREN
from tests.conftest import NOT_HERE, with_parameter
from tests.pooler import NotHereError, pgbouncer
from tests.processes import Worker, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pooler import Pooler

TARGET = "tests.chaos.handlers:handlers"
OF_ALL_KINDS = "tests.chaos.storm.handlers:handlers"
KINDS = ("quick", "quick_async", "fails_twice", "stepped", "stepped_async", "parent")


def test_a_pool_of_one_connection_serves_a_worker_under_load(
    postgres_store_url: str, tmp_path: Path, ledger: Path
) -> None:
    url = with_parameter(postgres_store_url, "pool_max", "1")
    total = 300
    options = ("--concurrency", "16", "--lease", "3", "--poll-interval", "0.5")
    with JobQueue(url) as queue, Worker(OF_ALL_KINDS, url, tmp_path, *options) as worker:
        for first in range(0, total, 20):
            queue.add_jobs(
                [
                    Job(KINDS[number % len(KINDS)], None, retry_delay=0.05, retry_backoff=False)
                    for number in range(first, first + 20)
                ]
            )
        until(is_done(queue), "everything is done")
        jobs = all_jobs(queue)
        assert len(jobs) == total + CHILDREN * total // len(KINDS)
        for job in jobs:
            assert (job.status, job.attempts) == ("completed", 3 if job.job_type == "fails_twice" else 1), worker.log
            check_events(job, queue.get_job_events(job.id))


@contextmanager
def own_pooler(url: str) -> Iterator[Pooler]:
    """A pooler that a test may kill."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(pgbouncer(url))
        except NotHereError as reason:
            pytest.skip(f"{NOT_HERE}{reason}")
        yield running


def test_workers_carry_on_when_the_pooler_was_killed(
    postgres_url: str, postgres_store_url: str, schema: str, tmp_path: Path, ledger: Path
) -> None:
    total = 400
    options = ("--concurrency", "4", "--batch-size", "5", "--lease", "30", "--poll-interval", "0.2")
    with own_pooler(postgres_url) as pooler, JobQueue(postgres_store_url) as queue:
        url = f"{pooler.url}?pgbouncer=true&schema={schema}"
        with Worker(TARGET, url, tmp_path, *options) as worker:
            queue.add_jobs([Job(("mark", "mark_async")[at % 2], 0.005, max_attempts=1) for at in range(total)])
            for turn in range(1, 5):
                until(has_done(queue, turn * total // 5), "some of the jobs are done")
                pooler.kill()
                pooler.start()
            until(is_done(queue), "everything is done")
        runs = read_runs(ledger)
        jobs = check_store(queue, runs)
        assert {(job.status.value, job.attempts) for job in jobs} == {("completed", 1)}, worker.log
        assert all(len(runs[job.id]) == 1 for job in jobs)
