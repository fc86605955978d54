"""No job is moved twice, however often and however badly it is tried."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dataqueue import ConfigError, Job, JobQueue
from dataqueue.transfer import Transfer
from tests.conftest import with_parameter
from tests.python.transfer.moves import command, move, nothing, run_once


def test_a_repeat_copies_nothing_again_even_if_the_copy_is_done(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("task", at) for at in range(20)])
    move(source, target)
    run_once(target, "task", nothing)
    source.add_job("task", "new")
    again = move(source, target, batch=3).progress
    assert (again.copied, again.known) == (1, 20)
    assert target.count_jobs() == 21
    assert source.count_jobs(status="pending") == 21


def test_a_run_that_was_cut_off_goes_on(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("task", at) for at in range(20)])
    first = Transfer(source._requests.store, target._requests.store, 6)
    steps = first.run(first.plan(), cancel_source=True)
    assert next(steps) == 6
    steps.close()
    assert (source.count_jobs(status="cancelled"), target.count_jobs()) == (6, 6)
    second = move(source, target, batch=6, cancel=True).progress
    assert (second.copied, second.cancelled) == (14, 14)
    assert sorted(job.payload for job in target.get_all_jobs()) == list(range(20))


def test_a_command_that_was_killed_goes_on(way: tuple[str, str], queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("task", at) for at in range(1000)])
    arguments = ["transfer", "--from", way[0], "--to", way[1], "--batch", "1", "--cancel-source"]
    with subprocess.Popen(
        [sys.executable, "-c", "from dataqueue.cli import main; main()", *arguments], stdout=subprocess.DEVNULL
    ) as process:
        while target.count_jobs() < 5:
            assert process.poll() is None
        process.kill()
    assert target.count_jobs() < 1000
    ended = command(way, "--cancel-source", "--json")
    assert ended.returncode == 0, ended.stderr
    assert sorted(job.payload for job in target.get_jobs(limit=5000)) == list(range(1000))
    assert source.count_jobs(status="cancelled") == 1000


def test_the_source_is_cancelled_only_when_asked_and_after_the_copy_is_stored(
    queues: tuple[JobQueue, JobQueue],
) -> None:
    source, target = queues
    ids = source.add_jobs([Job("task", at) for at in range(5)])
    copied_at_cancel: list[int] = []

    class Watched(Transfer):
        def _cancel(self, ids: Sequence[int]) -> None:
            copied_at_cancel.append(target.count_jobs())
            super()._cancel(ids)

    done = move(source, target, batch=2, cancel=True, kind=Watched).progress
    assert (done.copied, done.cancelled, done.uncancelled) == (5, 5, [])
    assert copied_at_cancel == [2, 4, 5]
    assert {job.status for job in map(source.get_job, ids) if job} == {"cancelled"}
    assert target.count_jobs(status="pending") == 5


def test_a_job_that_a_worker_of_the_source_takes_in_between_is_reported(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    ids = source.add_jobs([Job("taken", 1), Job("task", 2)])

    class Raced(Transfer):
        def _cancel(self, ids: Sequence[int]) -> None:
            run_once(source, "taken", nothing)
            super()._cancel(ids)

    done = move(source, target, cancel=True, kind=Raced).progress
    assert (done.cancelled, done.uncancelled) == (1, [ids[0]])


def test_a_job_that_changed_since_it_was_counted_is_left(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    ids = source.add_jobs([Job("task", at) for at in range(3)])
    one = Transfer(source._requests.store, target._requests.store)
    plan = one.plan()
    assert source.cancel_job(ids[1])
    assert list(one.run(plan)) == [3]
    assert (one.progress.copied, one.progress.changed) == (2, 1)
    assert [job.payload for job in target.get_all_jobs()] == [2, 0]


def test_a_key_that_the_target_knows_is_not_added_twice(queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_job("mail", 1, idempotency_key="welcome-1")
    theirs = target.add_job("mail", 2, idempotency_key="welcome-1")
    done = move(source, target).progress
    assert (done.copied, done.known) == (0, 1)
    assert [job.id for job in target.get_all_jobs()] == [theirs]


def test_one_store_under_two_names_is_refused(tmp_path: Path, postgres_store_url: str) -> None:
    with (
        JobQueue(f"sqlite:///{tmp_path}/a.db") as source,
        JobQueue(f"sqlite:///{tmp_path}/../{tmp_path.name}/a.db") as two,
    ):
        source.add_jobs([Job("task", at, idempotency_key=str(at)) for at in range(3)])
        with pytest.raises(ConfigError, match="two names"):
            move(source, two, cancel=True)
    other_name = with_parameter(postgres_store_url.replace("127.0.0.1", "localhost"), "application_name", "x")
    with JobQueue(postgres_store_url) as source, JobQueue(other_name) as two:
        source.add_job("task", 1)
        with pytest.raises(ConfigError, match=r"two names|are both"):
            move(source, two, cancel=True)
        assert source.count_jobs(status="pending") == 1
