"""The worker: `python worker.py`, or with more processes `dataqueue worker jobs:handlers --env-path .env`."""

from __future__ import annotations

import signal
import threading

import environment
from jobs import handlers

from dataqueue import JobQueue


def main() -> None:
    """Works on jobs until SIGTERM or Ctrl-C; jobs that run then have half a minute to end."""
    environment.load()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with JobQueue() as queue:
        processor = queue.create_processor(handlers, concurrency=4)
        processor.start_in_background()
        print("The worker waits for jobs. Ctrl-C ends it.", flush=True)
        stopping.wait()
        processor.stop_and_drain(timeout=30)


if __name__ == "__main__":
    main()
