"""The threads of a lane, born here, in Python."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

from .logs import say

__all__ = ["Hands"]


class Hands:
    """Threads that do the same work, as many as are asked for, one after the other.

    They live as long as the work, so that what a handler keeps in thread-locals (a database connection, say) serves its
    later runs too.
    """

    def __init__(self, work: Callable[[], None], name: str, most: int | None = None) -> None:
        self._work = work
        self._name = name
        self._most = most
        self._numbers = itertools.count(1)
        self._threads: list[threading.Thread] = []
        self._is_growing = False

    def __len__(self) -> int:
        return len(self._threads)

    def grow(self) -> None:
        """Starts one more, unless one was started that has not come to its work yet: that one is it then."""
        if self._is_growing or (self._most is not None and len(self._threads) >= self._most):
            return
        self._is_growing = True
        # A daemon: a handler that never returns must not keep the interpreter from exiting.
        thread = threading.Thread(target=self._begin, name=f"{self._name}-{next(self._numbers)}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._is_growing = False
            say(logging.WARNING, "no further thread for handlers, those that run go on: %s", error)
            return
        self._threads.append(thread)

    def join(self, timeout: float) -> None:
        """Waits up to `timeout` seconds for them to end; one whose handler runs on is left to itself."""
        deadline = time.monotonic() + timeout
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self) -> None:
        self._is_growing = False
        self._work()
