"""How long an idle processor takes to pick up a job: from `add_job` returning to the handler's first line.

    python -m tests.servers -- python benches/python/latency.py [--samples N] [--store NAME]

The processor and the caller share a process and a clock, but not a queue: the wake-up goes through the store. Jobs are
added one at a time, each after a pause in which the processor has fallen idle. A negative figure is a handler that
started before `add_job` had returned to its caller.
"""

from __future__ import annotations

import argparse
import queue as thread_queue
import random
import sys
import time

import conditions
import stores

from dataqueue import JobHandlers, JobQueue

PATIENCE = 30.0
# Pauses are drawn from here, so that they do not beat with any timer of the engine.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.08
WARM_UP = 20


def run(name: str, samples: int) -> None:
    """Measures one store, with a handler of each kind."""
    with stores.fresh(name) as store:
        print(f"\n{name}: {store.conditions()}", flush=True)
        for kind in ("async", "sync"):
            taken = sorted(collect(store.url, kind, samples))
            print(
                f"  {kind + ' handler':<15} p50 {_at(taken, 0.5):.2f} ms, p90 {_at(taken, 0.9):.2f} ms, "
                f"p99 {_at(taken, 0.99):.2f} ms, from {taken[0]:.2f} to {taken[-1]:.2f} ms, {samples} samples",
                flush=True,
            )


def collect(url: str, kind: str, samples: int) -> list[float]:
    """The latencies in milliseconds."""
    handlers = JobHandlers()
    started: thread_queue.SimpleQueue[float] = thread_queue.SimpleQueue()

    @handlers.job("probe_async")
    async def probe_async(payload: None) -> None:
        started.put(time.perf_counter())

    @handlers.job("probe_sync")
    def probe_sync(payload: None) -> None:
        started.put(time.perf_counter())

    latencies = []
    with JobQueue(url) as working, JobQueue(url) as adding:
        processor = working.create_processor(handlers)
        processor.start_in_background()
        try:
            for number in range(WARM_UP + samples):
                time.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
                adding.add_job(f"probe_{kind}", None)
                returned = time.perf_counter()
                try:
                    began = started.get(timeout=PATIENCE)
                except thread_queue.Empty:
                    sys.exit(f"a job was not picked up within {PATIENCE:g} s")
                if number >= WARM_UP:
                    latencies.append((began - returned) * 1e3)
        finally:
            processor.stop_and_drain(10)
    return latencies


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--samples", type=int, default=300, help="jobs of each kind (300)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    print("one processor with its default options (concurrency 3, poll_interval 5 s), idle before each job")
    for name in chosen.store or stores.NAMES:
        run(name, chosen.samples)


if __name__ == "__main__":
    main()
