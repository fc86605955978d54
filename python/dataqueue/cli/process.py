"""One worker process, as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ..metrics import ProcessorMetrics

__all__ = ["SURELY_UP", "Process"]

SURELY_UP = 5.0
"""Without a word from a process, it has started when it lived so long."""

# A process that said nothing for so long does not live. It is told of each second.
_SILENCE = 10.0
# How long a process that has drained may take to end: longer than it waits itself for what handlers left behind.
_LINGER = 7.0
# More than a report can be.
_MOST_UNREAD = 65_536


class Process:
    """One worker process, and the line to it: the request goes down, reports of its health come back.

    The line lies on the process's standard input. Its end tells it to drain, and it ends with this process too, however
    that dies: no worker outlives its parent for long.
    """

    def __init__(self, number: int, request: str) -> None:
        self.number = number
        self._started = self._heard = time.monotonic()
        self._report: dict[str, Any] = {}
        self._announced = False
        self._unread = b""
        self.is_killed = False
        self._line: socket.socket | None = None
        command = [sys.executable, "-m", "dataqueue.cli.child"]
        self._process: subprocess.Popen[bytes]
        if sys.platform == "win32":
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0)  # noqa: S603
            cast("IO[bytes]", self._process.stdin).write(request.encode() + b"\n")
        else:
            self._line, theirs = socket.socketpair()
            with theirs:
                # A session of its own: the terminal's Ctrl-C reaches the parent alone.
                self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)  # noqa: S603
            self._line.sendall(request.encode() + b"\n")
            self._line.setblocking(False)

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def age(self) -> float:
        """For how many seconds it has run."""
        return time.monotonic() - self._started

    @property
    def is_up(self) -> bool:
        """Whether nothing kept it from claiming jobs."""
        return self._announced if self._line is not None else self.age >= SURELY_UP

    @property
    def is_overdue(self) -> bool:
        """Whether it has nothing left to do, and does not end."""
        return bool(self._report.get("ended")) and time.monotonic() - self._heard > _LINGER

    def listen(self) -> None:
        """Takes in what it reported."""
        if self._line is None:
            return
        with contextlib.suppress(OSError, ValueError):
            while data := self._line.recv(_MOST_UNREAD):
                *whole, self._unread = (self._unread + data).split(b"\n")
                if whole:
                    # The first line is empty: it announces that jobs will be claimed.
                    self._announced = True
                    self._report, self._heard = json.loads(whole[-1]), time.monotonic()

    def health(self) -> dict[str, Any]:
        """How it is, by its last report."""
        known = {"worker": self.number, "pid": self.pid}
        if self._line is None:
            reason = None if self.is_up else "it is starting"
            return {**known, "live": True, "ready": self.is_up, "reason": reason}
        if not self._report:
            return {**known, "live": True, "ready": False, "reason": "it is starting"}
        told = {**known, **self._report}
        del told["ended"], told["metrics"]
        silence = time.monotonic() - self._heard
        if silence > _SILENCE and not self._report["ended"]:
            told.update(live=False, ready=False, reason=f"it said nothing for {silence:.1f} s")
        return told

    def metrics(self) -> ProcessorMetrics | None:
        """What it did, by its last report; None before the first."""
        from ..metrics import metrics_of

        return metrics_of(self._report["metrics"]) if self._report else None

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def drain(self) -> None:
        """Tells it to end in good order."""
        if self._line is None:
            self.close()
        else:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Gives up the line."""
        for line in (self._line, self._process.stdin):
            if line is not None:
                line.close()

    def kill(self) -> None:
        """Ends it, and what its handlers started, now."""
        self.is_killed = True
        if sys.platform == "win32":
            self._process.kill()
        elif self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
