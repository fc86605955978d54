"""A long report, a file at a time: each is a step, which is done once, however often the job is tried.

It counts the words of files. One that cannot be read fails the job, which goes on from there when it is tried again:

    DATAQUEUE_URL=sqlite:///jobs.db python examples/report.py README.md ARCHITECTURE.md
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from dataqueue import JobContext, JobHandlers, JobQueue

LEDGER = "EXAMPLE_LEDGER"


class Report(BaseModel):
    """The files to report on."""

    files: list[str]


handlers = JobHandlers()


@handlers.job("report", max_attempts=4, retry_delay=2, retry_backoff=False)
def report(wanted: Report, *, ctx: JobContext) -> dict[str, int]:
    """Counts the words of each file, and reports how far it is."""
    words: dict[str, int] = {}
    for done, file in enumerate(wanted.files, start=1):
        words[file] = ctx.run(f"count {file}", partial(count, file), result_type=int)
        ctx.set_progress(100 * done / len(wanted.files))
    return words


def count(file: str) -> int:
    """Counts the words of a file, and keeps a line about it in the file that `$EXAMPLE_LEDGER` names."""
    words = len(Path(file).read_text().split())
    if ledger := os.environ.get(LEDGER):
        with Path(ledger).open("a") as lines:
            lines.write(f"{file}\n")
    return words


def main() -> None:
    """Orders a report and runs a worker until it is there."""
    parser = argparse.ArgumentParser(description="Count the words of files.")
    parser.add_argument("files", nargs="+")
    files = parser.parse_args().files
    with JobQueue() as queue:
        queue.migrate()
        job_id = queue.add_job(report, Report(files=files))
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        job = queue.wait_for_job(job_id)
        processor.stop_and_drain()
    print(f"job {job.id} {job.status} at {job.progress}% after {job.attempts} attempts: {job.output}")


if __name__ == "__main__":
    main()
