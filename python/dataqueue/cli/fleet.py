"""The parent of a fleet: it starts worker processes, replaces those that die, and ends them."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from .ends import DRAINED, MISTAKE
from .process import SURELY_UP, Process

if TYPE_CHECKING:
    from ..metrics import ProcessorMetrics

__all__ = ["FIRST_PAUSE", "GRACE", "LONGEST_PAUSE", "STOPPED_AT_ONCE", "TICK", "Fleet", "how"]

TICK = 0.05
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
_GIVE_UP_AFTER = 3
STOPPED_AT_ONCE = 130
GRACE = 10.0
"""How long beyond the time of the handlers a process may take to give back what runs, record results and end."""


class Fleet:
    """Keeps worker processes alive until a signal ends them."""

    def __init__(self, target: str, processes: int, options: Mapping[str, Any]) -> None:
        self._request = json.dumps({"target": target, **options})
        self._drain_timeout = options["drain_timeout"]
        self._children: list[Process] = []
        # When to start which worker. The others follow the first one, so that a mistake which stops them all is told
        # once.
        self._due = {1: 0.0}
        self._following = list(range(2, processes + 1))
        self._was_up = False
        # How often in a row each worker died early.
        self._early_deaths: Counter[int] = Counter()
        self._processes = processes
        # Those that somebody asked, in the store, to drain: nobody takes their place.
        self._drained: set[int] = set()
        self._kill_at: float | None = None
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
        if self._signals > 1:
            for child in self._children:
                child.kill()
        elif first:
            click.echo(f"stopping: jobs have {self._drain_timeout:g} s to end; a second signal stops at once", err=True)
        self._drain()

    def health(self) -> dict[str, Any]:
        """How the fleet and each of its processes are. Called from any thread."""
        running = {child.number: child.health() for child in list(self._children)}
        away = {"pid": None, "live": True, "ready": False, "reason": "it does not run"}
        numbers = [number for number in range(1, self._processes + 1) if number not in self._drained]
        each = [running.get(number, {"worker": number, **away}) for number in numbers]
        return {
            "live": all(one["live"] for one in each),
            "ready": not self._is_stopping and all(one["ready"] for one in each),
            "reason": "it is stopping" if self._is_stopping else None,
            "processes": each,
        }

    def metrics(self) -> list[tuple[str, ProcessorMetrics]]:
        """What each of its processes did, by its number. Called from any thread."""
        told = [(str(child.number), child.metrics()) for child in list(self._children)]
        return [(number, metrics) for number, metrics in told if metrics is not None]

    def _drain(self) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._drain_timeout + GRACE
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
            child = Process(number, self._request)
            self._children.append(child)
            click.echo(f"worker {number} started, process {child.pid}", err=True)

    def _look_after(self, child: Process) -> None:
        code = child.poll()
        child.listen()
        if code is None and not child.is_killed and (child.is_overdue or self._is_late()):
            click.echo(f"worker {child.number} (process {child.pid}) did not end: killing it", err=True)
            child.kill()
        if child.is_up and not self._was_up:
            self._was_up = True
            self._due.update(dict.fromkeys(self._following, 0.0))
            self._following.clear()
        if code is not None:
            self._children.remove(child)
            child.close()
            self._ended(child, code)

    def _is_late(self) -> bool:
        return self._kill_at is not None and time.monotonic() > self._kill_at

    def _ended(self, child: Process, code: int) -> None:
        if self._is_stopping:
            # A process that was not up yet had nothing to drain.
            self._clean = self._clean and (code in {0, DRAINED} or (not child.is_up and code < 0))
            return
        if child.is_up and code == DRAINED:
            self._drained.add(child.number)
            click.echo(f"worker {child.number} (process {child.pid}) was asked to drain, and has ended", err=True)
            return
        if not self._was_up and code == MISTAKE:
            # It said itself what is wrong.
            self._give_up()
            return
        click.echo(f"worker {child.number} (process {child.pid}) ended {how(code)}", err=True)
        lived_well = child.is_up and child.age >= SURELY_UP
        deaths = self._early_deaths[child.number] = 0 if lived_well else self._early_deaths[child.number] + 1
        if not self._was_up and deaths >= _GIVE_UP_AFTER:
            click.echo("the workers do not start: giving up", err=True)
            self._give_up()
            return
        pause = 0.0 if lived_well else min(FIRST_PAUSE * 2 ** min(deaths - 1, 16), LONGEST_PAUSE)
        self._due[child.number] = time.monotonic() + pause


def how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
