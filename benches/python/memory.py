"""How much of a Redis server's memory a job takes, pending and finished.

    python -m benches.python.memory [--jobs N]

The figures are what the server's `used_memory` grew by, divided by the number of jobs; events are kept, and the payload
has about a hundred bytes.
"""

from __future__ import annotations

import argparse
import sys
import time

import redis

from benches.python import conditions, stores
from dataqueue import Job, JobHandlers, JobQueue

PAYLOAD = {"to": "ada@example.com", "subject": "Welcome aboard", "template": "welcome-2", "user_id": 123456, "try": 1}
ADD_BATCH = 5_000
GIVE_UP = 300.0

handlers = JobHandlers()


@handlers.job("noop")
async def noop(payload: dict[str, object]) -> None:
    """Does nothing."""


def used(server: redis.Redis) -> int:
    """The server's memory in use, in bytes."""
    return int(server.info("memory")["used_memory"])


def drain(queue: JobQueue, jobs: int) -> None:
    """Runs all jobs to their recorded end."""
    processor = queue.create_processor(handlers, batch_size=500, concurrency=100)
    processor.start_in_background()
    give_up = time.monotonic() + GIVE_UP
    while processor.counts()["completed"] < jobs:
        if time.monotonic() > give_up:
            sys.exit(f"the drain did not end within {GIVE_UP:g} s: {processor.counts()}")
        time.sleep(0.005)
    processor.stop_and_drain(30)


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=100_000, help="jobs (100,000)")
    jobs = options.parse_args().jobs
    print(conditions.machine())
    with (
        stores.fresh("redis") as store,
        JobQueue(store.url) as queue,
        redis.Redis.from_url(store.url) as server,
    ):
        print(f"redis: {store.place.conditions()}; {jobs:,} jobs")
        queue.count_jobs()
        empty = used(server)
        for start in range(0, jobs, ADD_BATCH):
            queue.add_jobs([Job("noop", PAYLOAD) for _ in range(min(ADD_BATCH, jobs - start))])
        pending = used(server)
        print(f"  a pending job    {(pending - empty) / jobs:,.0f} bytes")
        drain(queue, jobs)
        print(f"  a finished job   {(used(server) - empty) / jobs:,.0f} bytes")
        tagged = used(server)
        queue.add_jobs([Job("other", PAYLOAD, tags=["one"]) for _ in range(jobs // 10)])
        print(f"  a tag adds       {(used(server) - tagged) / (jobs // 10) - (pending - empty) / jobs:,.0f} bytes")
        queue.cancel_all_upcoming_jobs()
        queue.cleanup_old_jobs(0)
        print(f"  after a clean-up {(used(server) - empty) / jobs:,.0f} bytes a job are left")


if __name__ == "__main__":
    main()
