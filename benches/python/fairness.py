"""What turns give and cost: runs of one large tenant and many small ones, with `fair` and without.

    python -m benches.python.fairness [--large N] [--tenants N] [--small N] [--runs N] [--rounds N] [--store NAME]

Each round adds some jobs of a low priority, then those of a large tenant, then those of the small tenants, to a fresh
store, and runs the first of them with one processor; with turns and without, in turn. It tells the shares of the large
tenant and of the small ones in these runs; how many jobs ran before the last of the small tenants' jobs, and before the
last of the low priority; and the ratio of the rates of the same round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass

from benches.python import conditions, stores
from dataqueue import Job, JobGroup, JobHandlers, JobQueue

GIVE_UP = 900.0
BATCH = 10_000
SLOTS = 50
LOW = 10


@dataclass(frozen=True)
class Sizes:
    """How much there is, and how much of it runs."""

    large: int
    tenants: int
    small: int
    runs: int


def fill(queue: JobQueue, sizes: Sizes) -> None:
    """Adds the jobs: some of a low priority, due for longest, then those that are in the way of the others."""
    queue.add_jobs([Job("work", "low", priority=-10) for _ in range(LOW)])
    for first in range(0, sizes.large, BATCH):
        count = min(BATCH, sizes.large - first)
        queue.add_jobs([Job("work", "large", group=JobGroup("large")) for _ in range(count)])
    names = [f"t{at:02}" for at in range(sizes.tenants)]
    queue.add_jobs([Job("work", name, group=JobGroup(name)) for name in names for _ in range(sizes.small)])


def first_runs(name: str, sizes: Sizes, fair: bool) -> tuple[list[str], float]:
    """What ran first on a fresh store, in order, and how many ran in a second."""
    ran: list[str] = []
    handlers = JobHandlers()

    @handlers.job("work")
    async def work(payload: str) -> None:
        ran.append(payload)

    with stores.fresh(name) as store, JobQueue(store.url) as queue:
        # What is added from now on stands in turn at once; what was there before is indexed when a fleet begins.
        queue.create_processor(handlers, fair=fair).start()
        fill(queue, sizes)
        processor = queue.create_processor(handlers, concurrency=SLOTS, batch_size=SLOTS, fair=fair)
        start = time.perf_counter()
        processor.start_in_background()
        try:
            while len(ran) < sizes.runs:
                if time.perf_counter() - start > GIVE_UP:
                    sys.exit(f"not run within {GIVE_UP:g} s: {processor.counts()}")
                time.sleep(0.001)
            return ran[: sizes.runs], len(ran) / (time.perf_counter() - start)
        finally:
            processor.stop_and_drain(30)


def last_place(ran: list[str], names: set[str], count: int) -> str:
    """How many jobs ran before the last of these."""
    places = [at for at, name in enumerate(ran) if name in names]
    return f"{places[-1]:,}" if len(places) >= count else f"not among the first {len(ran):,}"


def tell(what: str, ran: list[str], sizes: Sizes) -> None:
    """The shares of some runs, and the longest waits."""
    small = {name for name in ran if name not in ("large", "low")}
    shares = [ran.count(name) / len(ran) for name in small] + [0.0] * (sizes.tenants - len(small))
    print(
        f"    {what}: the large tenant {ran.count('large') / len(ran):.1%}, "
        f"each small one {min(shares):.2%} to {max(shares):.2%}; "
        f"before the last of the small tenants {last_place(ran, small, sizes.tenants * sizes.small)}, "
        f"before the last of the low priority {last_place(ran, {'low'}, LOW)}",
        flush=True,
    )


def run(name: str, sizes: Sizes, rounds: int) -> None:
    """Measures one store."""
    print(
        f"\n{name}: one tenant with {sizes.large:,} jobs, {sizes.tenants} with {sizes.small}, {LOW} of a low priority; "
        f"the first {sizes.runs:,} runs",
        flush=True,
    )
    ratios = []
    for at in range(rounds):
        rates = {}
        for fair in (False, True) if at % 2 == 0 else (True, False):
            ran, rates[fair] = first_runs(name, sizes, fair)
            if at == 0:
                tell("by turns" if fair else "without", ran, sizes)
        ratios.append(rates[True] / rates[False])
        print(f"  round {at + 1}: without turns {rates[False]:,.0f} jobs/s, with {rates[True]:,.0f}", flush=True)
    print(f"  with turns: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) of the rate without")


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--large", type=int, default=100_000, help="jobs of the large tenant (100,000)")
    options.add_argument("--tenants", type=int, default=99, help="small tenants (99)")
    options.add_argument("--small", type=int, default=10, help="jobs of each (10)")
    options.add_argument("--runs", type=int, default=5_000, help="how many are run (5,000)")
    options.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    options.add_argument("--store", choices=stores.NAMES, action="append", help="only this store; may be repeated")
    chosen = options.parse_args()
    print(conditions.machine())
    for name in chosen.store or stores.NAMES:
        run(name, Sizes(chosen.large, chosen.tenants, chosen.small, chosen.runs), chosen.rounds)


if __name__ == "__main__":
    main()
