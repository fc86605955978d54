"""The parent of a fleet: it starts worker processes, replaces those that die, and ends them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from types import FrameType
from typing import IO, Any, cast

import click

from .child import MISTAKE

__all__ = ["Fleet"]

_TICK = 0.05
# Without a word from a child, it has started when it lived so long.
_SURELY_UP = 5.0
# How long a process may take from closing its files to its end.
_ENDING = 2.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 30.0
_GIVE_UP_AFTER = 3
_STOPPED_AT_ONCE = 130


class Fleet:
    """Keeps worker processes alive until a signal ends them."""

    def __init__(self, target: str, processes: int, options: Mapping[str, Any]) -> None:
        self._request = json.dumps({"target": target, **options})
        self._drain_timeout = options["drain_timeout"]
        self._children: list[_Child] = []
        # When to start which worker. The others follow the first one, so that a mistake which stops them all is told
        # once.
        self._due = {1: 0.0}
        self._following = list(range(2, processes + 1))
        self._was_up = False
        # How often in a row each worker died early.
        self._early_deaths: Counter[int] = Counter()
        self._signals = 0
        self._heeded = 0
        self._clean = True

    def run(self) -> int:
        """Runs until every process has ended, and answers the exit code."""
        for caught in (signal.SIGTERM, signal.SIGINT):
            signal.signal(caught, self._on_signal)
        while self._children or self._due:
            self._heed_signals()
            self._start_those_due()
            for child in list(self._children):
                self._look_after(child)
            if self._children or self._due:
                time.sleep(_TICK)
        return _STOPPED_AT_ONCE if self._heeded > 1 else 0 if self._clean else 1

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # It may come in the middle of anything: the loop acts on it.
        self._signals += 1

    def _heed_signals(self) -> None:
        if self._signals == self._heeded:
            return
        first = self._heeded == 0
        self._heeded = self._signals
        if self._signals > 1:
            for child in self._children:
                child.kill()
        elif first:
            click.echo(f"stopping: jobs have {self._drain_timeout:g} s to end; a second signal stops at once", err=True)
        self._drain()

    def _drain(self) -> None:
        self._due.clear()
        self._following.clear()
        for child in self._children:
            child.drain()

    def _give_up(self) -> None:
        self._clean = False
        self._drain()

    @property
    def _is_stopping(self) -> bool:
        return self._heeded > 0 or not self._clean

    def _start_those_due(self) -> None:
        now = time.monotonic()
        for number in [number for number, at in self._due.items() if at <= now]:
            del self._due[number]
            child = _Child(number, self._request)
            self._children.append(child)
            click.echo(f"worker {number} started, process {child.pid}", err=True)

    def _look_after(self, child: _Child) -> None:
        code = child.poll()
        if child.is_up and not self._was_up:
            self._was_up = True
            self._due.update(dict.fromkeys(self._following, 0.0))
            self._following.clear()
        if code is None and child.is_maimed:
            click.echo(
                f"worker {child.number} (process {child.pid}) lost its files and can do nothing: killing it", err=True
            )
            child.kill()
        if code is not None:
            self._children.remove(child)
            child.close()
            self._ended(child, code)

    def _ended(self, child: _Child, code: int) -> None:
        if self._is_stopping:
            # A process that was not up yet had nothing to drain.
            self._clean = self._clean and (code == 0 or (not child.is_up and code < 0))
            return
        if not self._was_up and code == MISTAKE:
            # It said itself what is wrong.
            self._give_up()
            return
        click.echo(f"worker {child.number} (process {child.pid}) ended {_how(code)}", err=True)
        lived_well = child.is_up and child.age >= _SURELY_UP
        deaths = self._early_deaths[child.number] = 0 if lived_well else self._early_deaths[child.number] + 1
        if not self._was_up and deaths >= _GIVE_UP_AFTER:
            click.echo("the workers do not start: giving up", err=True)
            self._give_up()
            return
        pause = 0.0 if lived_well else min(_FIRST_PAUSE * 2 ** min(deaths - 1, 16), _LONGEST_PAUSE)
        self._due[child.number] = time.monotonic() + pause


class _Child:
    """One worker process, and the line to it: the request goes down, a sign that it is up comes back.

    The line lies on the child's standard input. Its end tells the child to drain, and it ends with this process too,
    however that dies: no worker outlives its parent for long.
    """

    def __init__(self, number: int, request: str) -> None:
        self.number = number
        self._started = time.monotonic()
        self._up = False
        self._cut_at: float | None = None
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
        return self._process.pid

    @property
    def age(self) -> float:
        return time.monotonic() - self._started

    @property
    def is_up(self) -> bool:
        """Whether it came so far as to claim jobs."""
        if not self._up and self._line is not None:
            with contextlib.suppress(OSError):
                self._up = bool(self._line.recv(1))
        elif not self._up:
            self._up = self.age >= _SURELY_UP
        return self._up

    @property
    def is_maimed(self) -> bool:
        """Whether its end of the line has been closed for a while though it runs.

        Whatever did that closed its other files too, and the engine cannot go on without those that it waits on.
        """
        if self._line is None or not self._up:
            return False
        with contextlib.suppress(OSError):
            if not self._line.recv(1) and self._cut_at is None:
                self._cut_at = time.monotonic()
        # A process that ends closes the line too, a moment before its end is seen.
        return self._cut_at is not None and time.monotonic() - self._cut_at > _ENDING

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
        if sys.platform == "win32":
            self._process.kill()
        elif self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)


def _how(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
