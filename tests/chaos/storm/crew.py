"""The processes of a storm: fleets of workers and those that add jobs, and what is done to them."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.storm.handlers import OF_A_GROUP
from tests.processes import PATIENCE, Script, Worker, gone, until

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

__all__ = ["Crew", "Size"]

TARGET = "tests.chaos.storm.handlers:handlers"
# What a fleet says of results that came after the lease was lost: refused by the store, or dropped by the worker.
_REFUSED = re.compile(r"(\d+) results were refused|renewing leases \((\d+) jobs in hand\)")


@dataclass(frozen=True)
class Size:
    """How many of everything."""

    fleets: int = 2
    processes: int = 3
    adders: int = 2
    rate: float = 40.0
    """Jobs that each adder adds in a second."""
    lease: float = 3.0


class Crew:
    """Keeps fleets and adders at work. Whoever ends by itself is in `faults`."""

    def __init__(self, url: str, folder: Path, size: Size) -> None:
        self._url, self._folder, self.size = url, folder, size
        self._stop = folder / "stop"
        self._started = 0
        self._lock = threading.RLock()
        self._fleets = [self._start_fleet() for _ in range(size.fleets)]
        self._adders = [self._start_adder() for _ in range(size.adders)]
        self._logs: list[Worker] = list(self._fleets)
        self.deaths: defaultdict[int, list[int]] = defaultdict(list)
        """When each process that is no more had surely ended, or was killed."""
        self.faults: list[str] = []

    def _place(self, kind: str) -> Path:
        self._started += 1
        place = self._folder / f"{kind}{self._started}"
        place.mkdir()
        return place

    def _start_fleet(self) -> Worker:
        options = {
            "--processes": self.size.processes,
            "--concurrency": 8,
            "--lease": self.size.lease,
            "--poll-interval": 1,
            "--group-concurrency": OF_A_GROUP,
            "--drain-timeout": self.size.lease,
        }
        words = [str(word) for option in options.items() for word in option]
        # In some fleets groups take turns, beside others that take jobs by priority alone.
        words += ["--fair"] if self._started % 2 == 0 else []
        return Worker(TARGET, self._url, self._place("fleet"), *words)

    def _start_adder(self) -> Script:
        place = self._place("adder")
        arguments = [self._url, place.name, str(self.size.rate), str(self._stop)]
        return Script(["-m", "tests.chaos.storm.load", *arguments], place)

    def are_up(self) -> None:
        """Waits until every process of every fleet was started."""
        for fleet in self._fleets:
            fleet.children(self.size.processes)

    def workers(self) -> list[int]:
        """The worker processes that live."""
        with self._lock:
            return [pid for fleet in self._fleets for pid in _children(fleet) if not gone(pid)]

    def kill_worker(self, chance: Random) -> bool:
        """Kills a worker process, wherever it is."""
        living = self.workers()
        if living:
            self._kill(chance.choice(living))
        return bool(living)

    def kill_adder(self, chance: Random) -> bool:
        """Kills a process that adds jobs."""
        with self._lock:
            adder = chance.choice(self._adders)
            if adder.process.poll() is None:
                self._kill(adder.process.pid)
        return True

    def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.deaths[pid].append(time.time_ns())

    def pause_worker(self, chance: Random, seconds: float) -> int | None:
        """Stops a worker process and lets it go on after so long; answers which."""
        living = self.workers()
        if not living:
            return None
        pid = chance.choice(living)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
        return pid

    def redeploy(self, chance: Random) -> bool:
        """Ends a fleet in good order, and starts another."""
        with self._lock:
            at = chance.randrange(len(self._fleets))
            self._end_fleet(self._fleets[at])
            self._fleets[at] = self._start_fleet()
            self._logs.append(self._fleets[at])
        return True

    def _end_fleet(self, fleet: Worker) -> None:
        fleet.send(signal.SIGTERM)
        code = fleet.ends()
        # 1 where a handler was told to stop and its job went back. One that has said nothing yet is still being loaded.
        is_early = code == -signal.SIGTERM and not fleet.log
        if code not in (0, 1) and not is_early:
            self.faults.append(f"a fleet that was told to drain ended with {code}:\n{fleet.log[-2000:]}")
        for pid in _children(fleet):
            self.deaths[pid].append(time.time_ns())

    def look_after(self) -> None:
        """Starts anew which of the adders was killed. Nobody else may have ended."""
        with self._lock:
            for at, adder in enumerate(self._adders):
                code = adder.process.poll()
                if code is not None:
                    if code != -signal.SIGKILL:
                        self.faults.append(f"an adder ended with {code}:\n{adder.log[-2000:]}")
                    self._adders[at] = self._start_adder()
            for at, fleet in enumerate(self._fleets):
                code = fleet.process.poll()
                # One whose workers were all killed before any was up gives up; whoever runs it starts it anew.
                if code is not None and not (code == 1 and "the workers do not start" in fleet.log):
                    self.faults.append(f"a fleet ended with {code}:\n{fleet.log[-2000:]}")
                if code is not None:
                    self._fleets[at] = self._start_fleet()
                    self._logs.append(self._fleets[at])

    def stop_adding(self) -> None:
        """Ends the load."""
        self._stop.touch()
        for adder in self._adders:
            until(lambda adder=adder: adder.process.poll() is not None, "an adder ended", PATIENCE)  # type: ignore[misc]

    def end(self) -> None:
        """Ends the fleets in good order."""
        for fleet in self._fleets:
            self._end_fleet(fleet)

    def refused(self) -> int:
        """How many results came after their lease was lost, as the fleets tell."""
        return sum(
            int(by_store or by_worker) for log in self._logs for by_store, by_worker in _REFUSED.findall(log.log)
        )

    def clear_away(self) -> None:
        """Ends whatever is left, in no order at all."""
        for script in (*self._fleets, *self._adders):
            if script.process.poll() is None:
                script.process.kill()
            script.process.wait()


def _children(fleet: Worker) -> list[int]:
    return [int(pid) for pid in re.findall(r"worker \d+ started, process (\d+)", fleet.log)]
