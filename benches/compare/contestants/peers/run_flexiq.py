"""flexiq, on each of its stores through its own engine in Rust."""

from __future__ import annotations

import os
import threading
from importlib.metadata import version
from typing import Any

from contestant import JOB_PATIENCE, Counter, main
from flexiq import Queue
from sync_contestant import SyncContestant

ADD_BATCH = 5_000
THREADS = 4
ASYNC_CONCURRENCY = 100
CLAIM_BATCH = 100
POLL_MS = 1
QUEUE = "default"


class FlexiqContestant(SyncContestant):
    """A queue for adding, and another for each time that it works."""

    name = "flexiq"
    notes = (
        f"{THREADS} worker threads, async_concurrency {ASYNC_CONCURRENCY}, scheduler_batch_size {CLAIM_BATCH}, polling "
        f"every {POLL_MS} ms, {ADD_BATCH} jobs an enqueue_many, finished jobs kept, log level WARNING; for latency "
        "its default batch size, and push_dispatch on Redis"
    )

    def __init__(self, url: str, counter: Counter) -> None:
        # It logs two lines for each job otherwise.
        os.environ.setdefault("FLEXIQ_LOG_LEVEL", "WARNING")
        self.backend = url.partition(":")[0] if "://" in url else "sqlite"
        self.store = "postgres" if self.backend == "postgresql" else self.backend  # type: ignore[misc]
        super().__init__(url, counter)
        self.queue = self._queue()
        self.worker: Queue | None = None
        self.thread: threading.Thread | None = None

    def version(self) -> str:
        return version("flexiq")

    def prepare(self) -> None:
        self.queue.purge(QUEUE)
        self.queue.purge_completed(0)
        self.queue.purge_dead(0)

    def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        for begin in range(0, count, ADD_BATCH):
            arguments = [(payload,)] * min(ADD_BATCH, count - begin)
            self.queue.enqueue_many(f"noop_{kind}", arguments, delay=delay or None)

    def add_one(self, handler: str, payload: Any) -> None:
        self.queue.enqueue(handler, (payload,))

    def start(self, kind: str, *, latency: bool) -> None:
        # With push_dispatch, its default on Redis, it takes only a few jobs of a backlog every two seconds.
        fast = {} if latency else {"push_dispatch": False, "scheduler_batch_size": CLAIM_BATCH}
        self.worker = self._queue(scheduler_poll_interval_ms=POLL_MS, **fast)
        self.thread = threading.Thread(target=self.worker.run_worker, name="flexiq worker", daemon=True)
        self.thread.start()

    def finish(self) -> None:
        if self.worker is None or self.thread is None:
            return
        self.worker.shutdown()
        self.thread.join(JOB_PATIENCE)
        self.worker.close()
        self.worker = self.thread = None

    def left(self) -> dict[str, int]:
        """What waits and what runs."""
        stats = self.queue.stats()
        return {"count": stats["pending"] + stats["running"]}

    def close(self) -> None:
        super().close()
        self.queue.close()

    def _queue(self, **options: Any) -> Queue:
        place = {"db_path": self.url} if self.backend == "sqlite" else {"db_url": self.url}
        queue = Queue(
            backend=self.backend,
            workers=THREADS,
            async_concurrency=ASYNC_CONCURRENCY,
            **place,
            **options,
        )
        count = self.counter.add

        @queue.task(name="noop_sync")
        def noop_sync(payload: str) -> None:
            count()

        @queue.task(name="noop_async")
        async def noop_async(payload: str) -> None:
            count()

        @queue.task(name="probe_sync")
        def probe_sync(due: float) -> None:
            self.note(due)
            count()

        @queue.task(name="probe_async")
        async def probe_async(due: float) -> None:
            self.note(due)
            count()

        return queue


if __name__ == "__main__":
    main(FlexiqContestant)
