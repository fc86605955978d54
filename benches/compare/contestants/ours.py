"""This library, by its public API, on each of its stores."""

from __future__ import annotations

import asyncio
import queue as thread_queue
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from contestant import MOST_SAMPLES, STEADY_STEP, Contestant, Counter, main, payload_of

from dataqueue import AsyncJobQueue, Job, JobHandlers, JobQueue
from dataqueue.processor import Processor

ADD_BATCH = 5_000
BATCH_SIZE = 500
CONCURRENCY = 100
# How long a job may stay away before a measurement is given up.
PATIENCE = 60.0
# Single adds of many callers at once may use as many connections as this.
CONNECTIONS = 50
OPEN = ("pending", "processing", "waiting")


class Ours(Contestant):
    """A queue, and the processor of this program."""

    name = "dataqueue"
    notes = f"batch_size {BATCH_SIZE}, concurrency {CONCURRENCY}; for latency the defaults; events and history kept"

    def __init__(self, url: str, counter: Counter) -> None:
        self.store, self.queue_url = _address(url)  # type: ignore[misc]
        super().__init__(url, counter)
        # Two queues, so that the wake-up goes through the store also where one process adds and works.
        self.adding = JobQueue(self.queue_url)
        self.working = JobQueue(self.queue_url)
        self.processor: Processor | None = None
        self.kind = "async"
        self.began: thread_queue.SimpleQueue[tuple[float, float]] = thread_queue.SimpleQueue()
        self.handlers = self._handlers()

    def version(self) -> str:
        return version("dataqueue")

    def prepare(self) -> None:
        """Sets up the tables, and removes what an earlier measurement left."""
        self.adding.migrate()
        if self.adding.count_jobs():
            self.adding.cancel_all_upcoming_jobs()
            self.adding.cleanup_old_jobs(0)

    def add(self, count: int, bytes: int, kind: str, delay: float = 0) -> dict[str, float]:  # noqa: A002
        """Adds in batches; with a delay, jobs that are due only later."""
        payload = payload_of(bytes)
        run_at = datetime.now(UTC) + timedelta(seconds=delay) if delay else None
        began = time.perf_counter()
        for start in range(0, count, ADD_BATCH):
            part = min(ADD_BATCH, count - start)
            self.adding.add_jobs([Job(f"noop_{kind}", payload, run_at=run_at) for _ in range(part)])
        return {"seconds": time.perf_counter() - began}

    def add_single(self, count: int, callers: int, bytes: int) -> dict[str, float]:  # noqa: A002
        """Adds one by one: blocking with one caller, tasks of one event loop with several."""
        payload = payload_of(bytes)
        if callers > 1:
            return {"seconds": asyncio.run(self._add_together(count, callers, payload))}
        self.adding.count_jobs()
        began = time.perf_counter()
        for _ in range(count):
            self.adding.add_job("noop_async", payload)
        return {"seconds": time.perf_counter() - began}

    async def _add_together(self, count: int, callers: int, payload: str) -> float:
        async with AsyncJobQueue(_with_connections(self.queue_url)) as queue:
            left = iter(range(count))

            async def caller() -> None:
                for _ in left:
                    await queue.add_job("noop_async", payload)

            # Connections are made before the clock starts.
            await asyncio.gather(*(queue.count_jobs() for _ in range(callers)))
            began = time.perf_counter()
            await asyncio.gather(*(caller() for _ in range(callers)))
            return time.perf_counter() - began

    def work(self, kind: str, latency: bool = False) -> None:
        """Starts the processor."""
        self.kind = kind
        options: dict[str, int] = {} if latency else {"batch_size": BATCH_SIZE, "concurrency": CONCURRENCY}
        self.processor = self.working.create_processor(self.handlers, **options)  # type: ignore[arg-type]
        self.processor.start_in_background()

    def latency(self, count: int, pause: float) -> dict[str, list[float]]:
        """From before each add to the first line of its handler."""
        taken = []
        for _ in range(count):
            time.sleep(pause)
            due = time.perf_counter()
            self.adding.add_job(f"probe_{self.kind}", due)
            taken.append(self._delay())
        return {"milliseconds": taken}

    def steady(self, rate: int, seconds: float) -> dict[str, list[float]]:
        """From the moment at which each job was to be added to the first line of its handler."""
        began, added, total = time.perf_counter(), 0, int(rate * seconds)
        while added < total:
            now = time.perf_counter() - began
            due = min(int(now * rate), total)
            jobs = [Job(f"probe_{self.kind}", began + number / rate) for number in range(added, due)]
            if jobs:
                self.adding.add_jobs(jobs)
                added = due
            time.sleep(STEADY_STEP)
        taken = [self._delay() for _ in range(total)]
        return {"milliseconds": taken[:: max(1, -(-total // MOST_SAMPLES))]}

    def left(self) -> dict[str, int]:
        """What has not ended."""
        return {"count": sum(self.adding.count_jobs(status=status) for status in OPEN)}

    def stop(self) -> dict[str, int]:
        """Ends the processor with every result recorded."""
        if self.processor is not None:
            self.processor.stop_and_drain(PATIENCE)
            self.processor = None
        return {"done": self.counter.count}

    def close(self) -> None:
        self.stop()
        self.adding.close()
        self.working.close()

    def _delay(self) -> float:
        due, began = self.began.get(timeout=PATIENCE)
        return (began - due) * 1e3

    def _handlers(self) -> JobHandlers:
        handlers = JobHandlers()
        count, note, now = self.counter.add, self.began.put, time.perf_counter

        @handlers.job("noop_async")
        async def noop_async(payload: str) -> None:
            count()

        @handlers.job("noop_sync")
        def noop_sync(payload: str) -> None:
            count()

        @handlers.job("probe_async")
        async def probe_async(due: float) -> None:
            note((due, now()))
            count()

        @handlers.job("probe_sync")
        def probe_sync(due: float) -> None:
            note((due, now()))
            count()

        return handlers


def _address(url: str) -> tuple[str, str]:
    if url.startswith("postgres"):
        return "postgres", url
    return ("redis", url) if url.startswith("redis") else ("sqlite", f"sqlite:///{url}")


def _with_connections(url: str) -> Any:
    from dataqueue import PostgresConfig

    return PostgresConfig(url, pool_max=CONNECTIONS) if url.startswith("postgres") else url


if __name__ == "__main__":
    main(Ours)
