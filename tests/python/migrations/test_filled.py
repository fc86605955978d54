"""Migrations of PostgreSQL on a schema that is in use: what is in it stays."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dataqueue import Job, JobHandlers, JobQueue
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from .conftest import Migrate

handlers = JobHandlers()
began, may_end = threading.Event(), threading.Event()
failed: set[int] = set()


@handlers.job("works")
def works(payload: int) -> None:
    """Fails where it may: once."""
    if payload == 1 and payload not in failed:
        failed.add(payload)
        raise ValueError("as it must")


@handlers.job("runs")
def runs(payload: int) -> None:
    """Runs until it may end."""
    began.set()
    assert may_end.wait(PATIENCE)


def test_claims_and_events_go_down_and_up_again(
    migrate: Migrate, postgres_store_url: str, postgres_url: str, schema: str
) -> None:
    with JobQueue(postgres_store_url) as queue:
        ids = queue.add_jobs([Job("works", number, retry_delay=0, retry_backoff=False) for number in range(3)])
        processor = queue.create_processor(handlers, lease=600, poll_interval=600, batch_size=10)
        processor.start_in_background()
        until(lambda: queue.count_jobs(status="completed") == 3, "all ended")
        ids += queue.add_jobs([Job("runs", 1), Job("pending", 2)])
        assert began.wait(PATIENCE)

        def told() -> list[object]:
            return [
                (queue.get_job(job_id), [(e.event_type, e.created_at) for e in queue.get_job_events(job_id)])
                for job_id in ids
            ]

        before = told()
        where = ("--url", postgres_url, "--schema", schema)
        assert migrate("down", "--to", "4", *where).returncode == 0
        assert migrate("up", *where).returncode == 0
        assert told() == before
        may_end.set()
        assert queue.wait_for_job(ids[3], PATIENCE).status == "completed"
        assert processor.stop_and_drain(PATIENCE)
        kinds = [event.event_type.value for event in queue.get_job_events(ids[3])]
        assert kinds == ["added", "processing", "completed"]
