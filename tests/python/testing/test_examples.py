"""The examples, a week in milliseconds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataqueue import Job, JobQueue
from dataqueue.testing import Drained, WorkerDied
from examples import approval, map_reduce, newsletter, onboarding, report, translations

if TYPE_CHECKING:
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


def test_no_customer_has_more_mails_under_way_than_paid_for(
    store_url: str, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def send(wanted: newsletter.Mail) -> None:
        running[wanted.customer] += 1
        most[wanted.customer] = max(most[wanted.customer], running[wanted.customer])
        await asyncio.sleep(0.01)
        running[wanted.customer] -= 1

    monkeypatch.setattr(newsletter, "send", send)
    with JobQueue(store_url) as queue:
        jobs = [*newsletter.mails("acme", 30, None), *newsletter.mails("globex", 30, "gold")]
        ids = queue.add_jobs([*jobs, *newsletter.mails("initech", 1, None)])
        processor = queue.create_processor(
            newsletter.handlers, concurrency=20, batch_size=20, group_concurrency=newsletter.LIMITS
        )
        processor.start_in_background()
        assert all(queue.wait_for_job(job_id, 60).status == "completed" for job_id in ids)
        assert processor.stop_and_drain(60)
    assert (most["acme"], most["initech"]) == (2, 1)
    assert 2 < most["globex"] <= 8


def test_an_api_is_called_no_more_often_than_it_allows_and_later_where_it_says_so(
    opening: Opening, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []
    queue = opening(translations.handlers)

    def call(what: str, text: str) -> str:
        calls.append(queue.now().timestamp())
        if len(calls) == 7:
            raise translations.TooManyRequestsError(30)
        return f"{what} {text}"

    monkeypatch.setattr(translations, "call", call)
    ids = queue.add_jobs([Job(translations.detect if at % 2 else translations.translate, str(at)) for at in range(12)])
    queue.advance(minutes=2)
    records = [queue.wait_for_job(job_id, 0) for job_id in ids]
    assert {record.status for record in records} == {"completed"}
    assert {record.attempts for record in records} == {1}
    assert len(calls) == 13
    for at, first in enumerate(calls):
        assert sum(at < first + 0.5 for at in calls[at:]) <= 5
    assert calls[7] >= calls[6] + 30


def test_what_was_counted_file_by_file_is_added_up(opening: Opening, ledger: Path, tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("one.txt", "two.txt", "three.txt")]
    for file, text in zip(files[:2], ("a b a", "b a c d"), strict=True):
        (tmp_path / file).write_text(text)
    queue = opening(map_reduce.handlers)
    ids = queue.add_workflow(map_reduce.word_count(files))
    assert queue.drain() == Drained(completed=2, retried=1)
    assert queue.get_job(ids[-1]).pending_reason.startswith("waits for jobs")  # type: ignore[union-attr]
    (tmp_path / files[2]).write_text("c c")
    assert queue.advance(seconds=2) == Drained(completed=2)
    assert queue.wait_for_job(ids[-1], 0).output == [["a", 3], ["c", 3], ["b", 2]]
    assert sorted(ledger.read_text().splitlines()) == sorted(files)


ARGUMENTS = {
    "onboarding": (["ada@example.com", "--day", "0.01"], "completed: {'mails': 3}", 3),
    "newsletter": (["acme:9", "globex:3:gold", "initech:1"], "13 mails were sent", 13),
    "translations": (["good morning"], "['en', 'gninrom doog']", 2),
    "report": ([str(Path(report.__file__))], "completed at 100% after 1 attempts", 1),
    "map_reduce": ([str(Path(report.__file__))], "completed: [[", 1),
}


@pytest.mark.parametrize("example", ARGUMENTS)
def test_an_example_runs_as_a_program_on_each_store(example: str, store_url: str, ledger: Path) -> None:
    arguments, told, lines = ARGUMENTS[example]
    program = str(Path(report.__file__).with_name(f"{example}.py"))
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
    assert len(ledger.read_text().splitlines()) == lines
