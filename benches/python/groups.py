"""What limits cost: drains of the same jobs without limits, with a limit for each group, and behind a full group.

    python -m benches.python.groups [--groups N] [--jobs N] [--behind N] [--rounds N] [--store NAME]

Each round drains jobs of many groups without and with a limit of two for each, in turns, on a fresh store; and jobs of
no group while many of one group wait behind its limit. Ratios are of the same round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from benches.python import conditions, stores
from dataqueue import Job, JobGroup, JobHandlers, JobQueue

GIVE_UP = 900.0
BATCH = 10_000

handlers = JobHandlers()


@handlers.job("work")
async def work(payload: int) -> None:
    """Nothing."""


def fill(queue: JobQueue, groups: int, jobs: int) -> None:
    """Adds the jobs, those of a group one after the other: the order that costs most."""
    for first in range(0, jobs, BATCH):
        numbers = range(first, min(first + BATCH, jobs))
        queue.add_jobs([Job("work", at, group=JobGroup(f"g{at * groups // jobs}")) for at in numbers])


def drained(queue: JobQueue, jobs: int, *, limit: int | None) -> float:
    """Jobs per second, from the start of a worker to the end of the last one."""
    processor = queue.create_processor(handlers, concurrency=500, batch_size=500, group_concurrency=limit)
    start = time.perf_counter()
    processor.start_in_background()
    try:
        while processor.counts().get("completed", 0) < jobs:
            if time.perf_counter() - start > GIVE_UP:
                sys.exit(f"not drained within {GIVE_UP:g} s: {processor.counts()}")
            time.sleep(0.01)
        return jobs / (time.perf_counter() - start)
    finally:
        processor.stop_and_drain(30)


def of_groups(name: str, groups: int, jobs: int, limit: int | None) -> float:
    """The rate of one drain on a fresh store."""
    with stores.fresh(name) as store, JobQueue(store.url) as queue:
        fill(queue, groups, jobs)
        return drained(queue, jobs, limit=limit)


def behind(name: str, jobs: int, waiting: int) -> float:
    """The rate of jobs of no group while one group is full: one job of it runs and the others wait."""
    with stores.fresh(name) as store, JobQueue(store.url) as queue:
        fill(queue, 1, waiting)
        queue.pause(group="g0")
        processor = queue.create_processor(handlers, concurrency=500, batch_size=500, group_concurrency=1)
        processor.start_in_background()
        # What is looked at once is out of the way; this is the state that lasts.
        queue.wait_for_job(queue.add_job("work", -1), timeout=GIVE_UP)
        processor.stop_and_drain(30)
        for first in range(0, jobs, BATCH):
            queue.add_jobs([Job("work", at) for at in range(first, min(first + BATCH, jobs))])
        return drained(queue, jobs, limit=1)


def run(name: str, groups: int, jobs: int, waiting: int, rounds: int) -> None:
    """Measures one store."""
    print(f"\n{name}: {groups:,} groups, {jobs:,} jobs; {waiting:,} behind a full group", flush=True)
    of_limit, of_full = [], []
    for at in range(rounds):
        order = [None, 2] if at % 2 == 0 else [2, None]
        rates = {limit: of_groups(name, groups, jobs, limit) for limit in order}
        full = behind(name, jobs, waiting)
        of_limit.append(rates[2] / rates[None])
        of_full.append(full / rates[None])
        print(
            f"  round {at + 1}: without limits {rates[None]:,.0f} jobs/s, a limit of two {rates[2]:,.0f}, "
            f"behind a full group {full:,.0f}",
            flush=True,
        )
    for what, ratios in (("a limit of two", of_limit), ("behind a full group", of_full)):
        print(f"  {what}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) of the rate without")


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--groups", type=int, default=10_000, help="groups (10,000)")
    options.add_argument("--jobs", type=int, default=100_000, help="jobs of a drain (100,000)")
    options.add_argument("--behind", type=int, default=100_000, help="jobs behind a full group (100,000)")
    options.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    for name in chosen.store or stores.NAMES:
        run(name, chosen.groups, chosen.jobs, chosen.behind, chosen.rounds)


if __name__ == "__main__":
    main()
