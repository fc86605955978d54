"""The worker of a limit: one thread that completes and claims until it is told to stop."""

from __future__ import annotations

import threading
from abc import abstractmethod

from contestant import Contestant, Counter

EMPTY_PAUSE = 0.001
STOP_DEADLINE = 30.0


class Limit(Contestant):
    """A queue by hand."""

    name = "by hand"

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.worker: threading.Thread | None = None
        self.stopping = threading.Event()
        self.fault: BaseException | None = None

    @abstractmethod
    def drain(self) -> None:
        """Completes and claims until `stopping` is set and nothing is claimed."""

    def work(self, kind: str) -> None:
        """Starts the worker; there are no handlers, so of neither kind."""
        self.stopping.clear()
        self.worker = threading.Thread(target=self._run, daemon=True)
        self.worker.start()

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
        if self.fault is not None:
            raise self.fault
        return {"done": self.counter.count}

    def _run(self) -> None:
        try:
            self.drain()
        except BaseException as error:
            self.fault = error
