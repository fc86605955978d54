"""The verdict on a storm sees each kind of harm, here in a ledger that lies."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import JobContext, JobHandlers, JobQueue
from tests.chaos.ledger import noted, read_lines
from tests.chaos.storm.faults import Interruption
from tests.chaos.storm.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LEASE = 3.0
SECOND = 1_000_000_000


@pytest.fixture
def queue(sqlite_store_url: str) -> Iterator[JobQueue]:
    with JobQueue(sqlite_store_url) as queue:
        yield queue


@pytest.fixture
def done(queue: JobQueue, ledger: Path) -> dict[str, Any]:
    """A job that ran as it should: the lines of its run."""
    handlers = JobHandlers()

    @handlers.job("quick")
    def quick(payload: None, *, ctx: JobContext) -> dict[str, str]:
        with noted(ctx) as run:
            return {"run": run}

    job_id = queue.add_job(quick, None, idempotency_key="a")
    assert queue.create_processor(handlers).start() == 1
    write(ledger, {"what": "added", "job": job_id, "key": "a"})
    began, ended, _ = read_lines(ledger)
    return {"job": int(job_id), "began": began, "ended": ended}


def write(ledger: Path, line: dict[str, Any]) -> None:
    with ledger.open("a") as file:
        file.write(json.dumps({"pid": 1, "at": time.time_ns(), **line}) + "\n")


def judged(
    queue: JobQueue,
    ledger: Path,
    deaths: dict[int, list[int]] | None = None,
    interruptions: Sequence[Interruption] = (),
) -> Verdict:
    return judge(queue, ledger, deaths or {}, interruptions, LEASE)


def found(verdict: Verdict) -> list[str]:
    return [name for name, lines in verdict.findings().items() if lines]


def test_what_went_well_is_good(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    verdict = judged(queue, ledger)
    assert verdict.is_good
    assert (verdict.accepted, verdict.jobs, verdict.runs) == (1, 1, 1)


def test_a_job_that_is_not_there_is_lost(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    write(ledger, {"what": "added", "job": 99, "key": "b"})
    assert found(judged(queue, ledger)) == ["lost"]


def test_a_job_that_never_ends_is_lost(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    queue.add_job("nobody's", None)
    assert found(judged(queue, ledger)) == ["lost"]


def other_run(done: dict[str, Any], attempt: int, began: int) -> dict[str, Any]:
    return {"what": "began", "job": done["job"], "attempt": attempt, "run": "other", "pid": 7, "at": began}


def test_a_run_beside_another_is_overlapping(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    write(ledger, other_run(done, 0, done["began"]["at"] - SECOND))
    assert found(judged(queue, ledger)) == ["overlapping"]


def test_a_run_whose_process_died_before_is_not(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    began = done["began"]["at"]
    write(ledger, other_run(done, 0, began - 2 * SECOND))
    verdict = judged(queue, ledger, {7: [began - 60 * SECOND, began - SECOND]})
    assert verdict.is_good
    assert verdict.recoveries == [pytest.approx(1)]


def test_a_run_that_began_as_its_worker_died_is_not(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    began = done["began"]["at"] - 2 * SECOND
    write(ledger, other_run(done, 0, began))
    assert judged(queue, ledger, {7: [began - SECOND // 100]}).is_good


@pytest.mark.parametrize(
    ("span", "pid", "names"), [(LEASE, 7, []), (LEASE, 8, ["overlapping"]), (0.5, 7, ["overlapping"])]
)
def test_a_run_whose_worker_was_stalled_past_its_lease_is_not(
    queue: JobQueue, ledger: Path, done: dict[str, Any], span: float, pid: int, names: list[str]
) -> None:
    began = done["began"]["at"]
    write(ledger, other_run(done, 0, began - 5 * SECOND))
    stalled = [Interruption(began - 4 * SECOND, began - 4 * SECOND + int(span * SECOND), pid)]
    verdict = judged(queue, ledger, interruptions=stalled)
    assert found(verdict) == names
    assert verdict.stalled == (not names)


def test_a_result_of_a_run_that_had_lost_its_lease_is_stale(
    queue: JobQueue, ledger: Path, done: dict[str, Any]
) -> None:
    write(ledger, other_run(done, 2, done["ended"]["at"] + SECOND))
    assert found(judged(queue, ledger)) == ["stale"]


def test_a_step_that_is_done_again_is_doubled(queue: JobQueue, ledger: Path, done: dict[str, Any]) -> None:
    began = done["began"]["at"]
    write(ledger, other_run(done, 0, began - 2 * SECOND))
    step = {"job": done["job"], "step": "first"}
    write(ledger, {"what": "effect", **step, "run": "other"})
    write(ledger, {"what": "effect", **step, "run": done["began"]["run"]})
    deaths = {7: [began - 60 * SECOND, began - SECOND]}
    assert judged(queue, ledger, deaths).is_good, "it died before the record"
    write(ledger, {"what": "recorded", **step, "run": "other"})
    assert found(judged(queue, ledger, deaths)) == ["doubled"]


def test_a_parent_without_its_children_is_doubled(queue: JobQueue, ledger: Path) -> None:
    handlers = JobHandlers()

    @handlers.job("parent")
    def parent(payload: None, *, ctx: JobContext) -> dict[str, str]:
        with noted(ctx) as run:
            return {"run": run}

    queue.add_job(parent, None)
    assert queue.create_processor(handlers).start() == 1
    assert found(judged(queue, ledger)) == ["doubled"]
