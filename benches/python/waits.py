"""What jobs cost that wait, and how quickly they go on when their time comes together.

    python -m benches.python.waits [--jobs N] [--idle SECONDS] [--store NAME]

A processor runs the jobs until each waits, and then idles: what the store does meanwhile is set beside what it does for
an empty queue. When their time comes, all go on at once, and fresh jobs of two priorities are added every few
milliseconds: how long these wait tells whether the others keep them from their turn.
"""

from __future__ import annotations

import argparse
import queue as thread_queue
import sys
import time
from datetime import UTC, datetime, timedelta

from benches.python import conditions, stores
from dataqueue import AsyncJobContext, Job, JobHandlers, JobQueue

GIVE_UP = 600.0
BATCH = 5_000
PAUSE = 0.02

handlers = JobHandlers()
began: thread_queue.SimpleQueue[tuple[str, float]] = thread_queue.SimpleQueue()


@handlers.job("sleeper")
async def sleeper(until: float, *, ctx: AsyncJobContext) -> None:
    """Waits once."""
    await ctx.wait_until(datetime.fromtimestamp(until, UTC))


@handlers.job("fresh")
async def fresh(added: float) -> None:
    """Tells how long it waited."""
    began.put(("same priority", time.perf_counter() - added))


@handlers.job("urgent")
async def urgent(added: float) -> None:
    """As `fresh`, with a higher priority."""
    began.put(("higher priority", time.perf_counter() - added))


def idle(store: stores.Store, queue: JobQueue, seconds: float) -> str:
    """What a processor without work asks of its store."""
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    time.sleep(2)
    work, used = store.work()
    time.sleep(seconds)
    work_after, used_after = store.work()
    processor.stop_and_drain(10)
    done = work_after.since(work)
    parts = []
    if done.statements is not None:
        parts.append(f"{done.statements * 60 / seconds:.0f} commands")
    if done.wal_bytes is not None:
        parts.append(f"{done.wal_bytes * 60 / seconds / 1024:.0f} KiB of WAL")
    if store.name == "sqlite":
        parts.append(f"{used_after.since(used).written * 60 / seconds / 1024:.0f} KiB written")
    return ", ".join(parts) + " a minute"


def run(name: str, jobs: int, seconds: float) -> None:
    """Measures one store."""
    with stores.fresh(name) as store, JobQueue(store.url) as queue:
        print(f"\n{name}: {store.place.conditions()}", flush=True)
        print(f"  idle, empty queue:             {idle(store, queue, seconds)}", flush=True)
        until = time.time() + jobs / 1_000 + 2 * seconds + 60
        for first in range(0, jobs, BATCH):
            queue.add_jobs([Job("sleeper", until) for _ in range(first, min(first + BATCH, jobs))])
        processor = queue.create_processor(handlers, concurrency=300, batch_size=1_000)
        start = time.perf_counter()
        processor.start_in_background()
        _until(lambda: queue.count_jobs(status="waiting") == jobs, start)
        took = time.perf_counter() - start
        print(f"  began to wait:                 {jobs / took:,.0f} per second", flush=True)
        processor.stop_and_drain(10)
        print(f"  idle, {jobs:,} jobs wait:       {idle(store, queue, seconds)}", flush=True)
        left = until - time.time()
        if left < 1:
            sys.exit(f"the jobs' time came {-left:.0f} s too early: wait for longer")
        processor = queue.create_processor(handlers, concurrency=300, batch_size=1_000)
        processor.start_in_background()
        time.sleep(max(0.0, until - time.time()))
        _resume(queue, jobs)
        processor.stop_and_drain(10)


def _resume(queue: JobQueue, jobs: int) -> None:
    start = time.perf_counter()
    added = 0
    while queue.count_jobs(job_type="sleeper", status="completed") < jobs:
        if time.perf_counter() - start > GIVE_UP:
            sys.exit(f"not all jobs went on within {GIVE_UP:g} s")
        queue.add_job("fresh", time.perf_counter())
        queue.add_job("urgent", time.perf_counter(), priority=1)
        added += 2
        time.sleep(PAUSE)
    took = time.perf_counter() - start
    print(f"  went on, to their end:         {jobs / took:,.0f} per second", flush=True)
    waited: dict[str, list[float]] = {"same priority": [], "higher priority": []}
    for _ in range(added):
        kind, span = began.get(timeout=GIVE_UP)
        waited[kind].append(span * 1e3)
    for kind, spans in waited.items():
        spans.sort()
        print(f"  fresh jobs, {kind + ':':<18} p50 {_at(spans, 0.5):,.0f} ms, longest {spans[-1]:,.0f} ms", flush=True)


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _until(condition: object, start: float) -> None:
    while not condition():  # type: ignore[operator]
        if time.perf_counter() - start > GIVE_UP:
            sys.exit(f"the jobs did not come to wait within {GIVE_UP:g} s")
        time.sleep(timedelta(milliseconds=200).total_seconds())


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=100_000, help="jobs that wait (100,000)")
    options.add_argument("--idle", type=float, default=60.0, help="seconds of idling that are looked at (60)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    for name in chosen.store or stores.NAMES:
        run(name, chosen.jobs, chosen.idle)


if __name__ == "__main__":
    main()
