"""`dataqueue jobs retry`, `cancel` and `add`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import JobStatus
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue, JobRecord
    from tests.python.cli.conftest import Cli


def job(jobs: JobQueue, job_id: int) -> JobRecord:
    found = jobs.get_job(job_id)
    assert found is not None
    return found


def test_several_jobs_are_cancelled_and_retried(cli: Cli, jobs: JobQueue) -> None:
    one, two, done = (jobs.add_job("t", number) for number in range(3))
    ran = cli("jobs", "cancel", str(one), str(two))
    assert (ran.exit_code, ran.stdout.splitlines()) == (0, [f"{one}: cancelled", f"{two}: cancelled"])
    jobs.create_processor({"t": lambda payload: payload}).start()
    assert job(jobs, done).status == JobStatus.COMPLETED
    told = cli.json("jobs", "retry", str(one), str(done), "4711", str(one), exit_code=1)
    assert [(each["id"], each["changed"], each["status"]) for each in told] == [
        (one, True, "pending"),
        (done, False, "completed"),
        (4711, False, None),
    ]
    assert told[1]["reason"] == "it is completed: only failed and cancelled jobs can be retried"
    assert told[2]["reason"] == "there is no such job"
    ran = cli("jobs", "cancel", str(done))
    assert ran.exit_code == 1
    assert ran.stderr == f"{done}: not changed: it is completed, and will not run any more\n"


def test_a_running_job_is_cancelled_only_when_that_is_asked_for(cli: Cli, jobs: JobQueue) -> None:
    def wait(payload: Any, *, ctx: Any) -> None:
        ctx.signal.wait(60)
        ctx.signal.raise_if_aborted()

    job_id = jobs.add_job("wait", None)
    processor = jobs.create_processor({"wait": wait}, lease=3)
    processor.start_in_background()
    try:
        until(lambda: job(jobs, job_id).status == JobStatus.PROCESSING, "the job runs")
        ran = cli("jobs", "cancel", str(job_id))
        assert ran.exit_code == 1
        assert "add --running" in ran.stderr
        ran = cli("jobs", "cancel", "--running", str(job_id))
        assert ran.exit_code == 0
        assert ran.stdout.startswith(f"{job_id}: ")
        until(lambda: job(jobs, job_id).status == JobStatus.CANCELLED, "the job is cancelled")
    finally:
        processor.stop_and_drain(10)
    assert cli("jobs", "cancel", "--running", str(job_id)).exit_code == 1


def test_nothing_is_changed_where_one_id_is_bad(cli: Cli, jobs: JobQueue) -> None:
    job_id = jobs.add_job("t", None)
    for verb in ("cancel", "retry"):
        ran = cli("jobs", verb, str(job_id), "x")
        assert ran.exit_code == 2
        assert "'x'" in ran.stderr
    assert cli("jobs", "cancel").exit_code == 2
    assert job(jobs, job_id).status == JobStatus.PENDING


def test_a_job_is_added_with_all_its_options(cli: Cli, jobs: JobQueue) -> None:
    first = jobs.add_job("t", None)
    options = (
        "--priority 3 --run-at 2030-01-02T03:04+01:00 --max-attempts 7 --timeout 1m30s --tag a --tag b "
        "--idempotency-key k --retry-delay 90 --no-retry-backoff --retry-delay-max 1h --group g --tier gold "
        f"--dead-letter-type dead --expires-in 2d --keep-result-for 1w --depends-on {first} --depends-on-tag x"
    )
    ran = cli("jobs", "add", "mail", '{"to": "ada", "n": 12345678901234567890}', *options.split())
    assert ran.exit_code == 0, ran.output
    made = job(jobs, int(ran.stdout))
    assert (made.job_type, made.payload) == ("mail", {"to": "ada", "n": 12345678901234567890})
    assert (made.priority, made.max_attempts, made.timeout) == (3, 7, timedelta(seconds=90))
    assert made.run_at == datetime(2030, 1, 2, 2, 4, tzinfo=UTC)
    assert (made.tags, made.idempotency_key) == (["a", "b"], "k")
    assert (made.retry_delay, made.retry_backoff, made.retry_delay_max) == (
        timedelta(seconds=90),
        False,
        timedelta(hours=1),
    )
    assert (made.group_id, made.group_tier, made.dead_letter_job_type) == ("g", "gold", "dead")
    assert made.expires_at == made.run_at + timedelta(days=2)
    assert made.keep_result_for == timedelta(weeks=1)
    assert (made.depends_on_job_ids, made.depends_on_tags) == ([first], ["x"])
    assert cli.json("jobs", "add", "other", "1", "--idempotency-key", "k") == {"id": made.id, "created": False}
    again = cli("jobs", "add", "other", "1", "--idempotency-key", "k")
    assert (again.stdout, "Nothing was added" in again.stderr) == (f"{made.id}\n", True)


def test_a_payload_comes_from_standard_input_and_may_be_null(cli: Cli, jobs: JobQueue) -> None:
    ran = cli.run("jobs", "add", "mail", "-", "--in", "1h", stdin='{"to": "Zoë"}\n'.encode())
    assert ran.returncode == 0, ran.stderr
    made = job(jobs, int(ran.stdout))
    assert made.payload == {"to": "Zoë"}
    assert timedelta(minutes=59) < made.run_at - made.created_at < timedelta(minutes=61)
    assert job(jobs, int(cli("jobs", "add", "mail", "null").stdout)).payload is None
    for bad in (b"\xff", b"{", b""):
        ran = cli.run("jobs", "add", "mail", "-", stdin=bad)
        assert ran.returncode == 2
        assert "standard input is not JSON" in ran.stderr
    assert jobs.count_jobs() == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["t", "{to: ada}"], "is not JSON"),
        (["t", "NaN"], "it has no NaN"),
        (["t", "[" * 100_000], "is not JSON"),
        (["t", '"\\ud800"'], "payload"),
        (["", "1"], "job_type is empty"),
        (["x" * 256, "1"], "256 characters"),
        (["t", "1", "--max-attempts", "0"], "max_attempts"),
        (["t", "1", "--priority", "4294967296"], "priority"),
        (["t", "1", "--timeout", "soon"], "1h30m"),
        (["t", "1", "--timeout", "-1"], "--timeout"),
        (["t", "1", "--run-at", "2026-01-01"], "add Z"),
        (["t", "1", "--run-at", "2026-01-01T00:00Z", "--in", "5"], "--in and --run-at"),
        (["t", "1", "--in", "999999999999d"], "year 9999"),
        (["t", "1", "--tier", "gold"], "--tier needs --group"),
        (["t", "1", "--force-kill"], "timeout"),
        (["t", "1", "--tag", ""], "tags"),
        (["t", "1", "--depends-on", "4711"], "4711"),
        (["t", "1", "--unknown"], "--unknown"),
        (["t"], "JSON"),
    ],
)
def test_bad_input_adds_nothing(sqlite_store_url: str, tmp_path: Path, arguments: list[str], named: str) -> None:
    from dataqueue import JobQueue
    from tests.python.cli.conftest import Cli

    ran = Cli(sqlite_store_url, tmp_path)("jobs", "add", *arguments)
    assert (ran.exit_code, ran.stdout) == (2, ""), ran.output
    assert named in ran.stderr
    with JobQueue(sqlite_store_url) as jobs:
        assert jobs.count_jobs() == 0


def test_a_store_that_is_away_is_told_of_in_one_line(tmp_path: Path) -> None:
    from tests.python.cli.conftest import Cli

    cli = Cli("redis://127.0.0.1:1/0?connect_timeout=1", tmp_path)
    for command in (["jobs", "list"], ["jobs", "add", "t", "1"], ["paused"]):
        ran = cli.run(*command)
        assert ran.returncode == 1
        assert ran.stderr.startswith("Error: ")
        assert len(ran.stderr.splitlines()) == 1
