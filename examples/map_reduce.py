"""Counts the words of files: a job for each file, side by side, and one that adds up what they found.

DATAQUEUE_URL=sqlite:///jobs.db python examples/map_reduce.py README.md ARCHITECTURE.md
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import Any

from dataqueue import Job, JobContext, JobHandlers, JobQueue, Workflow, chord

LEDGER = "EXAMPLE_LEDGER"
SHOWN = 3

handlers = JobHandlers()


@handlers.job("count_words", retry_delay=2, retry_backoff=False)
def count_words(file: str) -> dict[str, int]:
    """Counts the words of one file, and keeps a line about it in the file that `$EXAMPLE_LEDGER` names."""
    words = Counter(Path(file).read_text().lower().split())
    if ledger := os.environ.get(LEDGER):
        with Path(ledger).open("a") as lines:
            lines.write(f"{file}\n")
    return dict(words)


@handlers.job("add_up")
def add_up(payload: Any, *, ctx: JobContext) -> list[tuple[str, int]]:
    """The words that are most frequent in all files together."""
    words: Counter[str] = Counter()
    for found in ctx.results:
        words.update(found)
    return sorted(words.items(), key=lambda found: (-found[1], found[0]))[:SHOWN]


def word_count(files: list[str]) -> Workflow:
    """A job for each file, and one that waits for all of them."""
    return chord([Job(count_words, file) for file in files], Job(add_up, None))


def main() -> None:
    """Adds the jobs, and runs a worker until the last of them is done."""
    parser = argparse.ArgumentParser(description="Find the most frequent words of files.")
    parser.add_argument("files", nargs="+")
    files = parser.parse_args().files
    with JobQueue() as queue:
        queue.migrate()
        ids = queue.add_workflow(word_count(files))
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        job = queue.wait_for_job(ids[-1])
        processor.stop_and_drain()
    print(f"job {job.id} {job.status}: {job.output or job.cancel_reason}")


if __name__ == "__main__":
    main()
