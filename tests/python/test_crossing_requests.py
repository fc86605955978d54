"""On PostgreSQL: changes that cross the end of a run, claims of nobody, jobs that somebody holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from dataqueue import Job, JobContext, JobHandlers, JobQueue
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

handlers = JobHandlers()
began, may_end = threading.Event(), threading.Event()


@handlers.job("ends", max_attempts=2, retry_delay=600, retry_backoff=False)
def ends(payload: str, *, ctx: JobContext) -> None:
    """Ends in one way or another, when it may."""
    began.set()
    assert may_end.wait(PATIENCE)
    if payload == "fails":
        raise ValueError("as it must")
    if payload == "waits":
        ctx.wait_for(600)


@pytest.fixture
def connection(postgres_url: str, schema: str) -> Iterator[psycopg.Connection]:
    """One of the test's own, in the store's schema."""
    began.clear()
    may_end.clear()
    with psycopg.connect(postgres_url, autocommit=True, options=f"-c search_path={schema}") as connection:
        yield connection


def claims(connection: psycopg.Connection) -> int:
    row = connection.execute("select count(*) from job_claims").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(("payload", "status"), [("", "completed"), ("fails", "failed"), ("waits", "waiting")])
def test_a_job_that_changes_while_its_run_ends_ends_with_it(
    postgres_store_url: str, connection: psycopg.Connection, payload: str, status: str
) -> None:
    with JobQueue(postgres_store_url) as queue:
        processor = queue.create_processor(handlers, poll_interval=600, lease=600)
        processor.start_in_background()
        job_id = queue.add_job("ends", payload)
        assert began.wait(PATIENCE)
        with connection.transaction():
            connection.execute("update job_queue set progress = 7")
            may_end.set()
            waiting = "select from pg_stat_activity where pg_backend_pid() = any (pg_blocking_pids(pid))"
            until(lambda: connection.execute(waiting).rowcount, "the end of the run waits for the job")
        until(lambda: queue.get_job(job_id).status == status, "the end was recorded")  # type: ignore[union-attr]
        assert processor.stop_and_drain(PATIENCE)
        assert claims(connection) == 0
        queue.reclaim_stuck_jobs(0)
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.progress) == (status, 7)


def test_a_claim_whose_jobs_are_over_is_only_removed(postgres_store_url: str, connection: psycopg.Connection) -> None:
    may_end.set()
    with JobQueue(postgres_store_url) as queue:
        job_id = queue.add_job("ends", "")
        assert queue.create_processor(handlers).start() == 1
        before = queue.get_job(job_id), queue.get_job_events(job_id)
        connection.execute("insert into job_claims (worker_id, token, job_ids) values (-1, 1, array[%s])", [job_id])
        queue.reclaim_stuck_jobs(0)
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        until(lambda: claims(connection) == 0, "the claim was swept")
        assert processor.stop_and_drain(PATIENCE)
        assert (queue.get_job(job_id), queue.get_job_events(job_id)) == before


def test_a_job_that_somebody_else_held_is_claimed_without_another_hint(
    postgres_store_url: str, connection: psycopg.Connection
) -> None:
    may_end.set()
    with JobQueue(postgres_store_url) as queue:
        held, free = queue.add_jobs([Job("ends", ""), Job("ends", "")])
        processor = queue.create_processor(handlers, poll_interval=600)
        with connection.transaction():
            connection.execute("select from job_ready where job_id = %s for update", [held])
            processor.start_in_background()
            assert queue.wait_for_job(free, PATIENCE).status == "completed"
        assert queue.wait_for_job(held, PATIENCE).status == "completed"
        assert processor.stop_and_drain(PATIENCE)
