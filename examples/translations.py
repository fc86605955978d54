"""A client of an API that allows for so many calls a second, and says so when there were more.

Two job types share the allowance. What the API refuses all the same is tried again when it says:

    DATAQUEUE_URL=sqlite:///jobs.db python examples/translations.py "good morning" "good night"
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from dataqueue import Job, JobHandlers, JobQueue, RateLimit, RateLimited

LEDGER = "EXAMPLE_LEDGER"
ALLOWED = RateLimit(5, per=0.5, key="translation-api")


class TooManyRequestsError(Exception):
    """The API's answer 429, with its Retry-After."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"429 Too Many Requests, Retry-After: {retry_after}")
        self.retry_after = retry_after


handlers = JobHandlers()


@handlers.job("translate", rate_limit=ALLOWED, max_attempts=2)
def translate(text: str) -> str:
    """Translates a text."""
    return asked("translate", text)


@handlers.job("detect", rate_limit=ALLOWED, max_attempts=2)
def detect(text: str) -> str:
    """Tells the language of a text."""
    return asked("detect", text)


def asked(what: str, text: str) -> str:
    """The API's answer; where it wants to be asked later, so be it."""
    try:
        return call(what, text)
    except TooManyRequestsError as error:
        raise RateLimited(error.retry_after) from error


def call(what: str, text: str) -> str:
    """Stands for the API, and keeps a line about each call in the file that `$EXAMPLE_LEDGER` names."""
    if ledger := os.environ.get(LEDGER):
        with Path(ledger).open("a") as lines:
            lines.write(f"{time.time()} {what} {text}\n")
    return text[::-1] if what == "translate" else "en"


def main() -> None:
    """Has texts translated and runs a worker until they are."""
    parser = argparse.ArgumentParser(description="Translate texts.")
    parser.add_argument("texts", nargs="+")
    jobs: list[Job[Any]] = []
    for text in parser.parse_args().texts:
        jobs += [Job(detect, text), Job(translate, text)]
    with JobQueue() as queue:
        queue.migrate()
        ids = queue.add_jobs(jobs)
        processor = queue.create_processor(handlers, concurrency=20)
        processor.start_in_background()
        answers = [queue.wait_for_job(job_id).output for job_id in ids]
        processor.stop_and_drain()
    print(answers)


if __name__ == "__main__":
    main()
