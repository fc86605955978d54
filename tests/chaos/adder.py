"""Adds jobs under keys and writes down each that was accepted: `python -m tests.chaos.adder URL NAME COUNT`.

May be killed at any moment and run again: what it added before it finds by the keys.
"""

from __future__ import annotations

import sys

from dataqueue import Job, JobQueue
from tests.chaos.ledger import write

TYPES = ("mark", "mark_async", "fails_twice")
_BATCH = 7


def main(url: str, name: str, count: int) -> None:
    """Adds `count` jobs, alone and in batches."""
    with JobQueue(url) as queue:
        number = 0
        while number < count:
            size = min(1 if number % 3 else _BATCH, count - number)
            jobs = [
                Job(
                    TYPES[n % len(TYPES)],
                    0.002,
                    idempotency_key=f"{name}-{n}",
                    max_attempts=20,
                    priority=n % 4,
                    retry_delay=0.05,
                    retry_backoff=False,
                )
                for n in range(number, number + size)
            ]
            for at, job_id in enumerate(queue.add_jobs(jobs)):
                write(what="added", job=int(job_id), key=f"{name}-{number + at}")
            number += size


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
