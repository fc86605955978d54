"""The examples, killed inside, between and after their steps.

Each effect is in the ledger once. Only one after which the process died before it was recorded is there twice.
"""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from examples.onboarding import LEDGER
from tests.chaos.death import DEATH
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue, JobRecord

TARGET = "tests.chaos.example_handlers:handlers"
OPTIONS = ("--lease", "1", "--poll-interval", "600", "--concurrency", "1", "--batch-size", "1")

# What each example does to the world, in order.
EFFECTS = {
    "onboard": ["welcome", "tips", "survey"],
    "report": ["one.txt", "two.txt", "three.txt"],
    "expense": ["ask", "pay"],
}


@pytest.mark.parametrize("job_type", EFFECTS)
def test_each_effect_of_an_example_is_there_once_wherever_the_process_dies(
    job_type: str, queue: JobQueue, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, death = tmp_path / "ledger.txt", tmp_path / "death.txt"
    monkeypatch.setenv(LEDGER, str(ledger))
    monkeypatch.setenv(DEATH, str(death))
    for effect in EFFECTS[job_type]:
        for moment in ("before", "after"):
            ledger.write_text("")
            death.write_text(f"{moment} {effect}")
            # A worker of its own for each death: one whose processes die again and again pauses before the next.
            with Worker(TARGET, store_url, tmp_path, *OPTIONS) as worker:
                job = run(queue, job_type, tmp_path)
                assert (job.status, job.attempts, death.exists()) == ("completed", 2, False), (moment, effect)
                worker.send(signal.SIGTERM)
                assert worker.ends() == 0
            twice = effect if moment == "after" else None
            wanted = {one: 2 if one == twice else 1 for one in EFFECTS[job_type]}
            assert effects(ledger) == wanted, (moment, effect)


def payload_of(job_type: str, folder: Path) -> Any:
    """What an example is given."""
    if job_type == "onboard":
        return {"email": "ada@example.com", "day": 0.05}
    if job_type == "expense":
        return {"text": "train", "amount": 8.5, "manager": "grace@example.com"}
    files = [folder / name for name in EFFECTS["report"]]
    for file in files:
        file.write_text("some words of a file")
    return {"files": [str(file) for file in files]}


def run(queue: JobQueue, job_type: str, folder: Path) -> JobRecord:
    """A job that runs to its end, with somebody who approves what it asks for."""
    job_id = queue.add_job(job_type, payload_of(job_type, folder))
    if job_type == "expense":
        tokens: list[str] = []

        def asked() -> bool:
            job = queue.get_job(job_id)
            tokens.extend([] if job is None or job.wait_token_id is None else [job.wait_token_id])
            return bool(tokens)

        until(asked, "the job waits for its token")
        assert queue.complete_token(tokens[0], {"approved": True})
    return queue.wait_for_job(job_id, PATIENCE)


def effects(ledger: Path) -> Counter[str]:
    """How often each effect is in the ledger, by the first word of its line or the name of a file."""
    return Counter(line.split()[0].rpartition("/")[2] for line in ledger.read_text().splitlines())
