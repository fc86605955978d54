"""Adds jobs without end, and writes down each that was accepted: `python -m tests.chaos.storm.load URL NAME RATE STOP`.

It keeps to `RATE` jobs a second, and ends when the file `STOP` is there. May be killed at any moment: another one goes
on under another name. What was not answered is added again under the same keys, until it is.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from dataqueue import BackendUnavailable, DependsOn, Job, JobFailed, JobGroup, JobId, JobQueue, batch_ref
from tests.chaos.ledger import write
from tests.chaos.storm.handlers import SHARES

_MOST = 12
_CANCELLED = 0.05
"""So often one of the jobs under way is cancelled."""
_TIED = 0.4
"""So often a job of a batch waits for others of it."""
_AHEAD = 20
"""So many calls may be ahead of the workers."""


def main(url: str, name: str, rate: float, stop: Path) -> None:
    """Adds jobs, alone and in batches of any size."""
    chance = random.Random(name)
    unfinished: deque[JobId] = deque()
    number = 0
    with JobQueue(url) as queue:
        for turn in itertools.count():
            if stop.exists():
                return
            size = 1 if turn % 3 else chance.randint(2, _MOST)
            began = time.monotonic()
            keys = [f"{name}-{number + at}" for at in range(size)]
            jobs = {key: _job(chance, key, at) for at, key in enumerate(keys)}
            unfinished.append(_add(queue, jobs))
            if chance.random() < _CANCELLED:
                _cancel(queue, unfinished[chance.randrange(len(unfinished))])
            number += size
            if len(unfinished) > _AHEAD:
                _await(queue, unfinished.popleft(), stop)
            time.sleep(max(0.0, size / rate - (time.monotonic() - began)))


def _job(chance: random.Random, key: str, at: int) -> Job[None]:
    [kind] = chance.choices(list(SHARES), list(SHARES.values()))
    limit = 0.5 if kind == "forced" else None
    before = chance.sample(range(at), min(at, chance.randint(1, 3))) if chance.random() < _TIED else []
    return Job(
        kind,
        None,
        idempotency_key=key,
        max_attempts=50,
        timeout=limit,
        force_kill_on_timeout=limit is not None,
        priority=chance.randrange(4),
        retry_delay=0.1,
        retry_backoff=False,
        group=JobGroup(f"tenant {chance.randrange(3)}") if kind == "tenant" else None,
        depends_on=DependsOn(job_ids=[batch_ref(place) for place in before]) if before else None,
    )


def _cancel(queue: JobQueue, job_id: JobId) -> None:
    # Whether it was asked for is for the store to know: its records are compared with its events.
    with suppress(BackendUnavailable):
        queue.cancel_job(job_id, running=True)


def _add(queue: JobQueue, jobs: dict[str, Job[None]]) -> JobId:
    while True:
        try:
            ids = queue.add_jobs(list(jobs.values()))
        except BackendUnavailable as error:
            print(error, file=sys.stderr)
            time.sleep(0.05)
            continue
        for key, job_id in zip(jobs, ids, strict=True):
            write(what="added", job=int(job_id), key=key)
        return ids[-1]


def _await(queue: JobQueue, job_id: JobId, stop: Path) -> None:
    while not stop.exists():
        try:
            queue.wait_for_job(job_id, 1)
        except (BackendUnavailable, JobFailed, TimeoutError):
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
