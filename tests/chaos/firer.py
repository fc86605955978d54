"""A worker that asks for due schedules all the time: `python -m tests.chaos.firer URL`, until it is killed."""

from __future__ import annotations

import sys
import time

from dataqueue import BackendUnavailable, JobQueue
from tests.chaos.handlers import handlers


def main(url: str) -> None:
    """Runs jobs, and fires what is due sooner than a processor looks by itself."""
    with JobQueue(url) as queue:
        queue.create_processor(handlers, lease=1, concurrency=1).start_in_background()
        print("up", flush=True)
        while True:
            try:
                queue.enqueue_due_cron_jobs()
            except BackendUnavailable as error:
                print(error, file=sys.stderr)
            time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
