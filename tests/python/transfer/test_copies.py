"""What comes along when jobs are moved, and what does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg

from dataqueue import Job, JobHandlers, JobQueue
from tests.python.transfer.moves import failing, kept, move, nothing, plan_of, run_once

LATER = datetime(2100, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def test_every_option_and_the_past_of_a_job_come_along(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    ids = source.add_jobs(
        [
            Job("plain", None),
            Job(
                "rich",
                {"é": [1.5, 2**70, "\\u00zz", {"deep": None}]},
                priority=-5,
                run_at=LATER,
                max_attempts=7,
                timeout=1.25,
                tags=["b", 'a,"'],
                retry_delay=2.5,
                retry_backoff=False,
                retry_delay_max=60,
            ),
            Job("failing", "x" * 3000, retry_delay=3600, max_attempts=5),
            Job("failing", "retried", retry_delay=3600, max_attempts=5),
            Job("keyed", 1, idempotency_key="mine"),
        ]
    )
    run_once(source, "failing", failing)
    assert source.retry_job(ids[3])

    done = move(source, target).progress
    assert (done.copied, done.known, done.changed) == (5, 0, 0)
    copies = sorted(target.get_all_jobs(), key=lambda job: job.id)
    originals = [source.get_job(job_id) for job_id in ids]
    for original, copy in zip(originals, copies, strict=True):
        assert original is not None
        ours, theirs = kept(original), kept(copy)
        # PostgreSQL has no NUL in a message.
        assert json.dumps(theirs, default=str) == json.dumps(ours, default=str).replace("\\u0000", "\\ufffd")
        assert copy.idempotency_key == (original.idempotency_key or copy.idempotency_key)
        (event,) = target.get_job_events(copy.id)
        assert event.metadata == {"transferred_from": original.id, "attempts": original.attempts}
    assert [job.status for job in copies] == ["pending", "pending", "failed", "pending", "pending"]
    assert [job.attempts for job in copies] == [0, 0, 1, 1, 0]
    assert copies[2].next_attempt_at is not None
    assert copies[3].error_history[0].message.startswith("no luck")


def test_a_copy_goes_on_where_the_original_stood(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_job("failing", 1, max_attempts=3, retry_delay=0, retry_backoff=False)
    run_once(source, "failing", failing)
    move(source, target)
    seen = []

    def noted(payload: Any) -> None:
        seen.append(payload)
        failing(payload)

    for _ in range(5):
        run_once(target, "failing", noted)
    (copy,) = target.get_all_jobs()
    assert (len(seen), copy.attempts, copy.status, copy.next_attempt_at) == (2, 3, "failed", None)
    assert [entry.attempt for entry in copy.error_history] == [1, 2, 3]


def test_copies_keep_the_order_in_which_the_originals_were_added(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("ordered", at, priority=at % 3) for at in range(50)])
    move(source, target, batch=7)
    seen: list[int] = []
    handlers = JobHandlers()
    handlers.job("ordered")(seen.append)
    target.create_processor(handlers, batch_size=100, concurrency=1).start()
    assert seen == sorted(range(50), key=lambda at: (-(at % 3), at))


def test_what_is_finished_stays(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("done", 1), Job("failing", 1, max_attempts=1), Job("left", 1)])
    cancelled = source.add_job("cancelled", 1)
    assert source.cancel_job(cancelled)
    run_once(source, "done", nothing)
    run_once(source, "failing", failing)
    plan = plan_of(source, target)
    assert (plan.pending, plan.retrying, plan.running, plan.waiting, plan.refused) == (1, 0, 0, 0, {})
    move(source, target)
    assert [job.job_type for job in target.get_all_jobs()] == ["left"]


def test_there_and_back_again(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    job_id = source.add_job("task", {"a": 1}, tags=["t"], priority=3)
    move(source, target, cancel=True)
    move(target, source, cancel=True)
    (copy,) = source.get_jobs(status="pending")
    assert (copy.id > job_id, copy.payload, copy.tags, copy.priority) == (True, {"a": 1}, ["t"], 3)
    assert target.count_jobs(status="cancelled") == 1


def test_a_long_queue_is_moved_in_pages(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("task", at) for at in range(2500)])
    move(source, target, batch=1000)
    payloads = [job.payload for job in target.get_jobs(limit=5000)]
    assert len(payloads) == 2500
    assert all(newer == older + 1 for newer, older in pairwise(payloads))


def test_a_job_out_of_attempts_in_an_adopted_table_is_given_one_more(
    postgres_store_url: str, sqlite_store_url: str
) -> None:
    with JobQueue(postgres_store_url) as source, JobQueue(sqlite_store_url) as target:
        job_id = source.add_job("task", 1)
        base, schema = postgres_store_url.split("?", maxsplit=1)[0], postgres_store_url.split("schema=")[1]
        with psycopg.connect(base) as connection:
            connection.execute(f'update "{schema}".job_queue set attempts = max_attempts where id = {job_id}')
        move(source, target)
        (copy,) = target.get_all_jobs()
        assert (copy.attempts, copy.max_attempts) == (3, 4)
        assert copy.created_at < copy.updated_at + timedelta(seconds=1)
