"""The examples, a week in milliseconds."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dataqueue.testing import Drained, WorkerDied
from examples import approval, onboarding, report

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Opening


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger"
    path.touch()
    monkeypatch.setenv(onboarding.LEDGER, str(path))
    return path


def test_a_week_of_onboarding_sends_each_mail_on_its_day(opening: Opening, ledger: Path) -> None:
    queue = opening(onboarding.handlers)
    begun = queue.now()
    job_id = queue.add_job(onboarding.onboard, onboarding.Signup(email="ada@example.com"))
    assert queue.drain() == Drained(waiting=1)
    assert ledger.read_text().splitlines() == ["welcome ada@example.com"]
    assert queue.advance(days=3) == Drained(waiting=1)
    assert ledger.read_text().splitlines() == ["welcome ada@example.com", "tips ada@example.com"]
    assert queue.advance(days=4) == Drained(completed=1)
    assert ledger.read_text().splitlines()[2:] == ["survey ada@example.com"]
    job = queue.wait_for_job(job_id, 0)
    assert (job.completed_at, job.attempts, job.output) == (begun + timedelta(days=7), 1, {"mails": 3})


def test_onboarding_survives_a_dead_worker_and_a_mail_that_is_refused(
    opening: Opening, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = onboarding.send
    troubles: list[BaseException] = [WorkerDied(), ConnectionError("refused")]

    def unreliable(mail: str, to: str) -> None:
        if mail == "tips" and troubles:
            raise troubles.pop(0)
        send(mail, to)

    monkeypatch.setattr(onboarding, "send", unreliable)
    queue = opening(onboarding.handlers)
    job_id = queue.add_job(onboarding.onboard, onboarding.Signup(email="ada@example.com"))
    assert queue.advance(days=8) == Drained(completed=1, retried=1, waiting=2, died=1)
    assert [line.split()[0] for line in ledger.read_text().splitlines()] == ["welcome", "tips", "survey"]
    assert queue.wait_for_job(job_id, 0).attempts == 3


def test_a_report_goes_on_with_what_it_has(opening: Opening, ledger: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.txt", "two.txt", "three.txt")]
    files[0].write_text("one")
    files[2].write_text("three words here")
    queue = opening(report.handlers)
    job_id = queue.add_job(report.report, report.Report(files=[str(file) for file in files]))
    assert queue.drain() == Drained(retried=1)
    (waiting,) = queue.enqueued(report.report)
    assert (waiting.progress, waiting.error_history[0].type) == (33, "FileNotFoundError")
    files[1].write_text("two words")
    assert queue.advance(seconds=2) == Drained(completed=1)
    job = queue.wait_for_job(job_id, 0)
    assert (job.progress, job.attempts) == (100, 2)
    assert job.output == dict(zip(map(str, files), (1, 2, 3), strict=True))
    assert ledger.read_text().splitlines() == [str(file) for file in files]


EXPENSE = approval.Expense(text="train", amount=8.5, manager="grace@example.com")


@pytest.mark.parametrize(
    ("approved", "output", "effect"), [(True, "paid", "pay 8.50 for train"), (False, "declined", "decline train")]
)
def test_an_expense_waits_for_its_manager(
    opening: Opening, ledger: Path, approved: bool, output: str, effect: str
) -> None:
    queue = opening(approval.handlers)
    job_id = queue.add_job(approval.expense, EXPENSE)
    assert queue.drain() == Drained(waiting=1)
    asked = ledger.read_text().split()[-1]
    assert queue.advance(hours=47) == Drained()
    assert queue.complete_token(asked, {"approved": approved})
    assert queue.drain() == Drained(completed=1)
    assert queue.wait_for_job(job_id, 0).output == output
    assert ledger.read_text().splitlines() == [f"ask grace@example.com about train: {asked}", effect]
    assert not queue.complete_token(asked, {"approved": not approved})


def test_an_expense_that_nobody_decides_is_escalated(opening: Opening, ledger: Path) -> None:
    queue = opening(approval.handlers)
    job_id = queue.add_job(approval.expense, EXPENSE)
    assert queue.advance(days=3) == Drained(completed=1, waiting=1)
    job = queue.wait_for_job(job_id, 0)
    assert (job.output, job.attempts) == ("escalated", 1)
    assert job.completed_at == job.created_at + timedelta(hours=48)
    assert ledger.read_text().splitlines()[1:] == ["escalate train"]


@pytest.mark.parametrize("example", ["onboarding", "report"])
def test_an_example_runs_as_a_program_on_each_store(example: str, store_url: str, ledger: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("four words are here")
    arguments = {"onboarding": ["ada@example.com", "--day", "0.01"], "report": [str(words)]}[example]
    told = {"onboarding": "completed: {'mails': 3}", "report": "completed at 100% after 1 attempts"}[example]
    program = str((onboarding if example == "onboarding" else report).__file__)
    done = subprocess.run(
        [sys.executable, program, *arguments],
        env={**os.environ, "DATAQUEUE_URL": store_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    assert len(ledger.read_text().splitlines()) == {"onboarding": 3, "report": 1}[example]
