"""How quickly a chain of jobs runs, each of which waits for the one before it, and how quickly a fan opens and closes.

    python -m benches.python.chain [--links N] [--width N] [--store NAME]

Both are added by one call. A link costs a claim, a run and a completion that releases the next one, one after another:
nothing of it can be done at once.
"""

from __future__ import annotations

import argparse
import time

from benches.python import conditions, stores
from dataqueue import Job, JobHandlers, JobQueue, Workflow, chain, group

GIVE_UP = 600.0

handlers = JobHandlers()


@handlers.job("link")
async def link(payload: None) -> None:
    """Does nothing."""


def measure(queue: JobQueue, workflow: Workflow, concurrency: int) -> tuple[float, float]:
    """The seconds that adding took, and those from the start of a processor to the end of the last job."""
    start = time.perf_counter()
    ids = queue.add_workflow(workflow)
    added = time.perf_counter() - start
    processor = queue.create_processor(handlers, concurrency=concurrency, batch_size=1_000)
    start = time.perf_counter()
    processor.start_in_background()
    queue.wait_for_job(ids[-1], GIVE_UP, raise_on_failure=True)
    took = time.perf_counter() - start
    processor.stop_and_drain(10)
    return added, took


def run(name: str, links: int, width: int) -> None:
    """Measures one store."""
    one = Job(link, None)
    with stores.fresh(name) as store, JobQueue(store.url) as queue:
        print(f"\n{name}: {store.place.conditions()}", flush=True)
        measure(queue, chain(one, one), 10)
        added, took = measure(queue, chain(*[one] * links), 10)
        print(
            f"  a chain of {links:,}:   added in {added * 1e3:,.0f} ms, {links / took:,.0f} links per second",
            flush=True,
        )
        added, took = measure(queue, chain(one, group(*[one] * width), one), 300)
        print(
            f"  a fan of {width:,}:     added in {added * 1e3:,.0f} ms, {width / took:,.0f} jobs per second", flush=True
        )


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--links", type=int, default=1_000, help="jobs of the chain (1,000)")
    options.add_argument("--width", type=int, default=10_000, help="jobs side by side (10,000)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    for name in chosen.store or stores.NAMES:
        run(name, chosen.links, chosen.width)


if __name__ == "__main__":
    main()
