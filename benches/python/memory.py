"""How much of a Redis server's memory a job takes, pending and finished.

    python -m tests.servers -- python benches/python/memory.py [--jobs N]

The figures are what the server's `used_memory` grew by, divided by the number of jobs; events are kept, and the payload
is that of the throughput bench.
"""

from __future__ import annotations

import argparse

import conditions
import redis
import stores
import throughput

from dataqueue import Job, JobQueue


def used(server: redis.Redis) -> int:
    """The server's memory in use, in bytes."""
    return int(server.info("memory")["used_memory"])


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=100_000, help="jobs (100,000)")
    jobs = options.parse_args().jobs
    print(conditions.machine())
    with stores.fresh("redis") as store, JobQueue(store.url) as queue:
        assert isinstance(store, stores.Redis)
        print(f"redis: {store.conditions()}; {jobs:,} jobs")
        queue.count_jobs()
        empty = used(store.admin)
        throughput.add(queue, "noop_async", jobs)
        pending = used(store.admin)
        print(f"  a pending job    {(pending - empty) / jobs:,.0f} bytes")
        throughput.drain(queue, jobs, 500, 100)
        print(f"  a finished job   {(used(store.admin) - empty) / jobs:,.0f} bytes")
        tagged = used(store.admin)
        queue.add_jobs([Job("noop_sync", throughput.PAYLOAD, tags=["one"]) for _ in range(jobs // 10)])
        print(f"  a tag adds       {(used(store.admin) - tagged) / (jobs // 10) - (pending - empty) / jobs:,.0f} bytes")
        queue.cancel_all_upcoming_jobs()
        queue.cleanup_old_jobs(0)
        print(f"  after a clean-up {(used(store.admin) - empty) / jobs:,.0f} bytes a job are left")


if __name__ == "__main__":
    main()
