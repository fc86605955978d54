"""`dataqueue transfer`: what it says, refuses and answers."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from dataqueue import DependsOn, Job, JobQueue, batch_ref
from tests.conftest import with_parameter
from tests.python.transfer.moves import command, failing, run_once


def test_the_command_refuses_while_jobs_run_unless_told_to_leave_them(
    way: tuple[str, str], queues: tuple[JobQueue, JobQueue]
) -> None:
    source, target = queues
    source.add_jobs([Job("running", 1), Job("task", 2)])
    told: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(_payload: Any) -> None:
        told.extend((command(way), command(way, "--leave-running")))

    run_once(source, "running", meanwhile)
    refused, left = told
    assert refused.returncode == 1
    assert "1 jobs are running on the source: stop its workers" in refused.stderr
    assert left.returncode == 0
    assert "1 running: not copied" in left.stdout
    assert [job.payload for job in target.get_all_jobs()] == [2]


def test_a_dry_run_counts_and_changes_nothing(way: tuple[str, str], queues: tuple[JobQueue, JobQueue]) -> None:
    source, target = queues
    source.add_jobs([Job("task", 1), Job("failing", 1, retry_delay=3600)])
    run_once(source, "failing", failing)
    shown = command(way, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "1 pending, 1 to be retried" in shown.stdout
    counted = json.loads(command(way, "--dry-run", "--json", "--cancel-source").stdout)
    assert counted == {"pending": 1, "retrying": 1, "running": 0, "waiting": 0, "refused": {}}
    assert (target.count_jobs(), source.count_jobs(status="cancelled")) == (0, 0)


def test_the_command_says_what_it_did(way: tuple[str, str], queues: tuple[JobQueue, JobQueue]) -> None:
    source, _ = queues
    source.add_jobs([Job("task", at) for at in range(12)])
    first = command(way, "--batch", "5")
    assert first.returncode == 0, first.stderr
    assert "Copied 12 jobs; 0 were there already." in first.stdout
    assert "start no worker there" in first.stdout
    second = command(way, "--cancel-source")
    assert "Copied 0 jobs; 12 were there already." in second.stdout
    assert "Cancelled 12 on the source." in second.stdout
    third = json.loads(command(way, "--json").stdout)
    assert (third["pending"], third["copied"], third["uncancelled"]) == (0, 0, [])


def test_options_that_cannot_be_carried_over_are_counted_and_left(
    postgres_store_url: str, sqlite_store_url: str
) -> None:
    with JobQueue(postgres_store_url) as queue:
        after = DependsOn(job_ids=[batch_ref(1)])
        queue.add_jobs([Job("task", 0, depends_on=after), *(Job("task", at) for at in (1, 2))])
    ended = command((postgres_store_url, sqlite_store_url))
    assert ended.returncode == 1
    assert "1 with depends_on_job_ids" in ended.stdout
    assert "not all jobs were copied" in ended.stderr
    with JobQueue(sqlite_store_url) as target:
        assert [job.payload for job in target.get_all_jobs()] == [2, 1]


def test_a_target_without_tables_names_the_command_to_run(
    postgres_url: str, schema: str, sqlite_store_url: str
) -> None:
    ended = command((sqlite_store_url, with_parameter(postgres_url, "schema", schema)))
    assert ended.returncode == 1
    assert "dataqueue migrate up" in ended.stderr
