"""The border alone: what a job takes the event loop's thread, from the engine's hand to the handler and back.

    python -m benches.python.border [--jobs N] [--rounds N] [--store NAME]

That thread does nothing for the store: it takes runs from the engine, decodes payloads, runs handlers that do nothing
and hands over their ends. So its processor time is what the border and Python take, whichever store jobs come from.
"""

from __future__ import annotations

import argparse
import statistics
import time

from benches.python import conditions, stores
from dataqueue import Job, JobHandlers, JobQueue

PAYLOAD = "x" * 100
BATCH = 5_000


class Lane:
    """A handler that does nothing, and the clock of the thread that it runs on."""

    def __init__(self) -> None:
        self.handlers = JobHandlers()
        self.handlers.job("nothing")(self._nothing)
        self.count = self.expected = 0
        self.began = self.ended = 0.0

    async def _nothing(self, payload: str) -> None:
        self.count += 1
        if self.count == 1:
            self.began = time.thread_time()
        elif self.count == self.expected:
            self.ended = time.thread_time()

    def rate(self, queue: JobQueue, count: int) -> float:
        """Jobs for each second of the thread's processor time."""
        self.count, self.expected, self.ended = 0, count, 0.0
        for _ in range(0, count, BATCH):
            queue.add_jobs([Job("nothing", PAYLOAD) for _ in range(BATCH)])
        processor = queue.create_processor(self.handlers, batch_size=500, concurrency=100)
        processor.start_in_background()
        while not self.ended:
            time.sleep(0.01)
        processor.stop_and_drain(10)
        return (count - 1) / (self.ended - self.began)


def main() -> None:
    """Prints the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=50_000, help=f"of a round, a multiple of {BATCH:,}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--store", choices=stores.NAMES, action="append")
    given = parser.parse_args()
    print(conditions.machine())
    for name in given.store or stores.NAMES:
        with stores.fresh(name) as store, JobQueue(store.url) as queue:
            lane = Lane()
            rates = [lane.rate(queue, given.jobs) for _ in range(given.rounds)]
        print(
            f"{name}: {statistics.median(rates):,.0f} jobs for each second of the loop's thread "
            f"({min(rates):,.0f} to {max(rates):,.0f}), {1e6 / statistics.median(rates):.1f} µs a job",
            flush=True,
        )


if __name__ == "__main__":
    main()
