"""Handlers in processes: how late one that never ends is killed, what a run costs, and what a replacement costs.

    python -m benches.python.processes [--samples N] [--store NAME]

Lateness is by the store's clock: from the deadline, which counts from the claim, to the recorded failure.
"""

from __future__ import annotations

import argparse
import time

from benches.python import conditions, stores
from benches.python.process_handlers import handlers
from dataqueue import JobQueue

PATIENCE = 60.0
TIMEOUT = 0.1


def run(name: str, samples: int) -> None:
    """Measures one store."""
    with stores.fresh(name) as store, JobQueue(store.url) as queue:
        print(f"\n{name}: {store.place.conditions()}", flush=True)
        late = lateness(queue, samples)
        print(
            f"  killed after the deadline: p50 {_at(late, 0.5):.1f} ms, p99 {_at(late, 0.99):.1f} ms, "
            f"longest {late[-1]:.1f} ms, {samples} handlers one after the other",
            flush=True,
        )
        for kind in ("nothing", "nothing_here"):
            print(f"  {kind:<12} {rate(queue, kind, samples * 20):,.0f} jobs per second", flush=True)
        print(f"  killed and replaced: {replaced(queue, samples):.1f} ms each, one at a time", flush=True)


def lateness(queue: JobQueue, samples: int) -> list[float]:
    """Milliseconds from deadline to failure, ordered."""
    processor = queue.create_processor(handlers, concurrency=1)
    processor.start_in_background()
    late = []
    for number in range(samples + 3):
        job_id = queue.add_job("spin", None, timeout=TIMEOUT, force_kill_on_timeout=True, max_attempts=1)
        queue.wait_for_job(job_id, PATIENCE)
        events = {event.event_type.value: event.created_at for event in queue.get_job_events(job_id)}
        if number >= 3:
            late.append(((events["failed"] - events["processing"]).total_seconds() - TIMEOUT) * 1e3)
    processor.stop_and_drain(10)
    return sorted(late)


def rate(queue: JobQueue, kind: str, count: int) -> float:
    """Jobs per second, with two processes or threads."""
    from dataqueue import Job

    queue.add_jobs([Job(kind, None) for _ in range(count)])
    processor = queue.create_processor(handlers, concurrency=2, batch_size=500)
    began = time.perf_counter()
    processor.start_in_background()
    while queue.count_jobs(job_type=kind, status="completed") < count:
        time.sleep(0.01)
    taken = time.perf_counter() - began
    processor.stop_and_drain(10)
    queue.cleanup_old_jobs(0)
    return count / taken


def replaced(queue: JobQueue, samples: int) -> float:
    """Milliseconds that a killed job takes beyond its time limit."""
    timeout = 0.001
    ids = [
        queue.add_job("spin", None, timeout=timeout, force_kill_on_timeout=True, max_attempts=1) for _ in range(samples)
    ]
    processor = queue.create_processor(handlers, concurrency=1)
    processor.start_in_background()
    queue.wait_for_job(ids[0], PATIENCE)
    began = time.perf_counter()
    for job_id in ids:
        queue.wait_for_job(job_id, PATIENCE)
    taken = time.perf_counter() - began
    processor.stop_and_drain(10)
    return (taken / (samples - 1) - timeout) * 1e3


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--samples", type=int, default=100, help="handlers that are killed (100)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    for name in chosen.store or stores.NAMES:
        run(name, chosen.samples)


if __name__ == "__main__":
    main()
