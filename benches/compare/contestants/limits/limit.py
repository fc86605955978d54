"""The worker of a limit: one thread that completes and claims until it is told to stop."""

from __future__ import annotations

import os
import queue
import threading
import time
import traceback
from abc import abstractmethod
from collections.abc import Callable

from contestant import JOB_PATIENCE, Contestant, Counter

EMPTY_PAUSE = 0.001
STOP_DEADLINE = 30.0
# How often a worker that waits for jobs looks whether it is to stop.
STOP_LOOK = 0.2


class Limit(Contestant):
    """A queue by hand."""

    name = "by hand"

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.worker: threading.Thread | None = None
        self.stopping = threading.Event()
        self.begun: queue.SimpleQueue[float] = queue.SimpleQueue()

    @abstractmethod
    def drain(self) -> None:
        """Completes and claims until `stopping` is set and nothing is claimed."""

    @abstractmethod
    def wait_for_jobs(self) -> None:
        """Claims each job as soon as the store tells of it and says when that was, until `stopping` is set."""

    def work(self, kind: str, latency: bool = False) -> None:
        """Starts the worker; there are no handlers, so of neither kind."""
        self.stopping.clear()
        work = self.wait_for_jobs if latency else self.drain
        self.worker = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.worker.start()

    def begin(self, jobs: int) -> None:
        """So many jobs would begin now."""
        now = time.perf_counter()
        for _ in range(jobs):
            self.begun.put(now)

    def delay(self, due: float) -> float:
        """Waits for the begin of a job; answers the milliseconds since it was due."""
        return (self.begun.get(timeout=JOB_PATIENCE) - due) * 1e3

    def stop(self) -> dict[str, int]:
        """Ends the worker.

        Raises:
            TimeoutError: It goes on.
        """
        self.stopping.set()
        if self.worker is not None:
            self.worker.join(STOP_DEADLINE)
            if self.worker.is_alive():
                raise TimeoutError(f"the worker did not stop within {STOP_DEADLINE:g} s")
        return {"done": self.counter.count}

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException:
            # Whoever waits for its jobs sees that the program has ended, and why.
            traceback.print_exc()
            os._exit(1)
