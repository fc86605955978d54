"""A contestant whose library is called by blocking calls. The commands are the same for all of them; the calls differ.

It runs in each library's own environment, so it needs nothing but the standard library.
"""

from __future__ import annotations

import queue
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from contestant import JOB_PATIENCE, MOST_SAMPLES, STEADY_STEP, Contestant, Counter, payload_of


class SyncContestant(Contestant, ABC):
    """A queue whose library blocks: many callers are threads."""

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.kind = "sync"
        self.began: queue.SimpleQueue[tuple[float, float]] = queue.SimpleQueue()

    @abstractmethod
    def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        """Adds jobs that do nothing by the library's best bulk way."""

    @abstractmethod
    def add_one(self, handler: str, payload: Any) -> None:
        """Adds one job for `noop_async`, `noop_sync`, `probe_async` or `probe_sync`. A probe's payload is a number."""

    @abstractmethod
    def start(self, kind: str, *, latency: bool) -> None:
        """Starts a worker and does not wait for jobs."""

    @abstractmethod
    def finish(self) -> None:
        """Stops the worker with every result recorded; does nothing where there is none."""

    def add(self, count: int, bytes: int, kind: str, delay: float = 0) -> dict[str, float]:  # noqa: A002
        """Adds jobs; with a delay, such as are due only later."""
        payload = payload_of(bytes)
        began = time.perf_counter()
        self.add_many(kind, payload, count, delay)
        return {"seconds": time.perf_counter() - began}

    def add_single(self, count: int, callers: int, bytes: int) -> dict[str, float]:  # noqa: A002
        """Adds one by one, with as many threads as there are callers."""
        payload, handler = payload_of(bytes), self.single_handler
        left, lock = iter(range(count)), threading.Lock()
        ready = threading.Barrier(callers + 1)

        def caller() -> None:
            ready.wait(JOB_PATIENCE)
            while True:
                with lock:
                    if next(left, None) is None:
                        return
                self.add_one(handler, payload)

        with ThreadPoolExecutor(callers) as threads:
            running = [threads.submit(caller) for _ in range(callers)]
            ready.wait(JOB_PATIENCE)
            began = time.perf_counter()
            for one in running:
                one.result()
            return {"seconds": time.perf_counter() - began}

    single_handler = "noop_sync"

    def work(self, kind: str, latency: bool = False) -> None:
        """Starts the worker."""
        self.kind = kind
        self.start(kind, latency=latency)

    def latency(self, count: int, pause: float) -> dict[str, list[float]]:
        """From before each add to the first line of its handler."""
        taken = []
        for _ in range(count):
            time.sleep(pause)
            self.add_one(f"probe_{self.kind}", time.perf_counter())
            taken.append(self._delay())
        return {"milliseconds": taken}

    def steady(self, rate: int, seconds: float) -> dict[str, list[float]]:
        """From the moment at which each job was to be added to the first line of its handler."""
        began, added, total = time.perf_counter(), 0, int(rate * seconds)
        while added < total:
            due = min(int((time.perf_counter() - began) * rate), total)
            for number in range(added, due):
                self.add_one(f"probe_{self.kind}", began + number / rate)
            added = due
            time.sleep(STEADY_STEP)
        taken = [self._delay() for _ in range(total)]
        return {"milliseconds": taken[:: max(1, -(-total // MOST_SAMPLES))]}

    def stop(self) -> dict[str, int]:
        """Stops the worker with every result recorded."""
        self.finish()
        return {"done": self.counter.count}

    def close(self) -> None:
        self.finish()

    def note(self, due: float) -> None:
        """Tells that a probe has begun; safe to use from every thread."""
        self.began.put((due, time.perf_counter()))

    def _delay(self) -> float:
        due, began = self.began.get(timeout=JOB_PATIENCE)
        return (began - due) * 1e3
