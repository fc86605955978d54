"""How many jobs per second one process adds and runs, with handlers that do nothing.

    python -m tests.servers -- python benches/python/throughput.py [--jobs N] [--rounds N] [--store NAME]

A round adds the jobs in batches and then drains them with one processor, events and history kept, in a fresh store.
The drain is timed from the start of the processor to the end of its drain, when every result is recorded.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import conditions
import stores

from dataqueue import Job, JobHandlers, JobQueue

# About a hundred bytes, as the field's benches use.
PAYLOAD = {"to": "ada@example.com", "subject": "Welcome aboard", "template": "welcome-2", "user_id": 123456, "try": 1}
ADD_BATCH = 5_000
FILL = 100_000
GIVE_UP = 300.0

handlers = JobHandlers()


@handlers.job("noop_async")
async def noop_async(payload: dict[str, object]) -> None:
    """Does nothing, on the event loop."""


@handlers.job("noop_sync")
def noop_sync(payload: dict[str, object]) -> None:
    """Does nothing, on a thread."""


@dataclass(frozen=True)
class Round:
    """One measurement."""

    rate: float
    work: stores.Work
    cpu: float


def measure(store: stores.Store, jobs: int, action: Callable[[], None]) -> Round:
    """Runs `action`, which handles `jobs` jobs, and tells how it went."""
    before, cpu, began = store.work(), _cpu(), time.perf_counter()
    action()
    took = time.perf_counter() - began
    return Round(jobs / took, store.work().since(before), (_cpu() - cpu) / jobs)


def add(queue: JobQueue, handler: str, jobs: int) -> None:
    """Adds jobs in batches."""
    for start in range(0, jobs, ADD_BATCH):
        queue.add_jobs([Job(handler, PAYLOAD) for _ in range(min(ADD_BATCH, jobs - start))])


def add_singly(queue: JobQueue, handler: str, jobs: int) -> None:
    """Adds jobs one by one, each durable before the next."""
    for _ in range(jobs):
        queue.add_job(handler, PAYLOAD)


def drain(queue: JobQueue, jobs: int, batch: int, concurrency: int) -> None:
    """Runs all jobs to their recorded end."""
    processor = queue.create_processor(handlers, batch_size=batch, concurrency=concurrency)
    processor.start_in_background()
    give_up = time.monotonic() + GIVE_UP
    while processor.counts()["completed"] < jobs:
        if time.monotonic() > give_up:
            sys.exit(f"the drain did not end within {GIVE_UP:g} s: {processor.counts()}")
        time.sleep(0.005)
    processor.stop_and_drain(30)


def report(what: str, rounds: list[Round], jobs: int) -> None:
    """Prints the median, the spread and the cost."""
    rates = [one.rate for one in rounds]
    middle = sorted(rounds, key=lambda one: one.rate)[len(rounds) // 2]
    print(
        f"  {what:<22} {statistics.median(rates):>9,.0f} jobs/s  ({min(rates):,.0f} to {max(rates):,.0f})   "
        f"{middle.work.per_job(jobs)}, {middle.cpu * 1e6:.1f} µs of this process's CPU",
        flush=True,
    )


def fill(queue: JobQueue, history: int, batch: int, concurrency: int) -> None:
    """Leaves so many finished jobs in the store."""
    for start in range(0, history, FILL):
        part = min(FILL, history - start)
        add(queue, "noop_async", part)
        drain(queue, part, batch, concurrency)


def run(name: str, jobs: int, rounds: int, batch: int, concurrency: int, history: int) -> None:
    """Measures one store."""
    few = max(jobs // 50, 1)
    results: dict[str, list[Round]] = {}
    for number in range(rounds):
        with stores.fresh(name) as store, JobQueue(store.url) as queue:
            if number == 0:
                print(f"\n{name}: {store.conditions()} · {history:,} finished jobs before", flush=True)
            fill(queue, history, batch, concurrency)
            steps: list[tuple[str, int, Callable[[], None]]] = [
                ("bulk add", jobs, lambda: add(queue, "noop_async", jobs)),
                ("drain, async handler", jobs, lambda: drain(queue, jobs, batch, concurrency)),
                ("bulk add again", jobs, lambda: add(queue, "noop_sync", jobs)),
                ("drain, sync handler", jobs, lambda: drain(queue, jobs, batch, concurrency)),
                ("single adds, one caller", few, lambda: add_singly(queue, "noop_async", few)),
            ]
            for what, count, action in steps:
                results.setdefault(what, []).append(measure(store, count, action))
            done = queue.count_jobs(status="completed") - history
            if done != 2 * jobs:
                sys.exit(f"not every job is recorded as completed: {done} of {2 * jobs}")
    for what, measured in results.items():
        report(what, measured, few if what.startswith("single") else jobs)
    print(f"  peak memory of this process so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=30_000, help="jobs of each kind in a round (30,000)")
    options.add_argument("--rounds", type=int, default=3, help="rounds, of which the median is told (3)")
    options.add_argument("--batch-size", type=int, default=500, help="jobs per claim (500)")
    options.add_argument("--concurrency", type=int, default=100, help="handlers at once (100)")
    options.add_argument("--history", type=int, default=0, help="finished jobs that a round begins with (0)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    print(
        f"{chosen.jobs:,} jobs a round, {chosen.rounds} rounds, median and range; "
        f"payload of {len(json.dumps(PAYLOAD))} bytes; added {ADD_BATCH:,} a call; "
        f"batch_size {chosen.batch_size}, concurrency {chosen.concurrency}; one process, every job's events kept"
    )
    for name in chosen.store or stores.NAMES:
        run(name, chosen.jobs, chosen.rounds, chosen.batch_size, chosen.concurrency, chosen.history)


if __name__ == "__main__":
    main()
