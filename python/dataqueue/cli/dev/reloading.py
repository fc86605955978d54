"""The parent of one worker process, which is started anew when a file was saved."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click

from ..ends import DRAINED, MISTAKE
from ..fleet import FIRST_PAUSE, GRACE, LONGEST_PAUSE, STOPPED_AT_ONCE, TICK, how
from ..process import SURELY_UP, Process

__all__ = ["Reloader"]

_NAMED = 3


class Reloader:
    """Keeps a worker process alive, on the code as it is saved, until a signal ends it."""

    def __init__(self, request: str, drain_timeout: float, changed: Callable[[], list[str]]) -> None:
        self._request, self._drain_timeout, self._changed = request, drain_timeout, changed
        self._child: Process | None = None
        # When to start the next one; None while it is a saved file that this waits for.
        self._due: float | None = 0.0
        self._kill_at: float | None = None
        self._early_deaths = 0
        self._signals = self._heeded = 0
        self._clean = True

    def run(self) -> int:
        """Runs until a signal has ended it, and answers the exit code."""
        for caught in (signal.SIGTERM, signal.SIGINT):
            signal.signal(caught, self._on_signal)
        while self._child is not None or not self._heeded:
            self._heed_signals()
            self._heed_changes()
            if self._child is not None:
                self._look_after(self._child)
            elif not self._heeded and self._due is not None and time.monotonic() >= self._due:
                self._due = None
                self._child = Process(1, self._request)
            time.sleep(TICK)
        return STOPPED_AT_ONCE if self._heeded > 1 else 0 if self._clean else 1

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # It may come in the middle of anything: the loop acts on it.
        self._signals += 1

    def _heed_signals(self) -> None:
        if self._signals == self._heeded:
            return
        first = self._heeded == 0
        self._heeded = self._signals
        if self._child is None:
            return
        if self._heeded > 1:
            self._child.kill()
        elif first:
            click.echo(f"stopping: jobs have {self._drain_timeout:g} s to end; a second signal stops at once", err=True)
            self._drain(self._child)

    def _heed_changes(self) -> None:
        changed = self._changed()
        if not changed or self._heeded:
            return
        named = ", ".join(_short(path) for path in changed[:_NAMED])
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        click.echo(f"{named}{more} changed: starting the worker anew", err=True)
        self._early_deaths = 0
        self._due = 0.0
        if self._child is not None:
            self._drain(self._child)

    def _drain(self, child: Process) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._drain_timeout + GRACE
            child.drain()

    def _look_after(self, child: Process) -> None:
        code = child.poll()
        child.listen()
        if code is None:
            late = self._kill_at is not None and time.monotonic() > self._kill_at
            if not child.is_killed and (child.is_overdue or late):
                click.echo(f"the worker (process {child.pid}) did not end: killing it", err=True)
                child.kill()
            return
        child.close()
        was_asked, self._child, self._kill_at = self._kill_at is not None, None, None
        if self._heeded:
            # A process that was not up yet had nothing to drain.
            self._clean = code in {0, DRAINED} or (not child.is_up and code < 0)
        elif was_asked:
            if code == 1:
                click.echo("a job that did not end in time went back to the queue", err=True)
        else:
            self._ended(child, code)

    def _ended(self, child: Process, code: int) -> None:
        if code == MISTAKE and not child.is_up:
            # It said itself what is wrong.
            click.echo("the worker does not start: mend that and save the file", err=True)
            return
        if code == DRAINED:
            click.echo("the worker was asked to drain, and has ended: save a file to start it anew", err=True)
            return
        lived_well = child.is_up and child.age >= SURELY_UP
        self._early_deaths = 0 if lived_well else self._early_deaths + 1
        pause = 0.0 if lived_well else min(FIRST_PAUSE * 2 ** min(self._early_deaths - 1, 16), LONGEST_PAUSE)
        click.echo(f"the worker (process {child.pid}) ended {how(code)}: starting it anew", err=True)
        self._due = time.monotonic() + pause


def _short(path: str) -> str:
    """A path as seen from the working directory, where it lies below that."""
    shown = os.path.relpath(path)
    return path if shown.startswith(os.pardir) else str(Path(shown))
