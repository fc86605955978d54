"""One storm from its beginning to its verdict."""

from __future__ import annotations

import os
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataqueue import BackendUnavailable, JobQueue
from tests.chaos.ledger import VARIABLE
from tests.chaos.progress import is_done
from tests.chaos.storm import stores
from tests.chaos.storm.crew import Crew, Size
from tests.chaos.storm.faults import Interruption, Weather, of_processes, of_store
from tests.chaos.storm.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

__all__ = ["Report", "rage"]

_DRAIN = 180.0
"""Once nobody does harm any more, all that is left is done in so many seconds."""


@dataclass
class Report:
    """A storm, to be told of."""

    store: str
    seed: int
    seconds: float
    faults: Counter[str]
    verdict: Verdict
    size: Size = field(default_factory=Size)


def rage(kind: str, seconds: float, seed: int, folder: Path, size: Size | None = None) -> Report:
    """Runs a storm of so many seconds on a store of this kind; everything it writes is in the folder."""
    size = size or Size()
    ledger = folder / "ledger.jsonl"
    os.environ[VARIABLE] = str(ledger)
    interruptions: list[Interruption] = []
    with ExitStack() as stack:
        store = stack.enter_context(stores.open_store(kind, folder))
        with JobQueue(store.direct_url) as queue:
            queue.migrate()
            title = queue.durability().store
        crew = Crew(store.url, folder, size)
        stack.callback(crew.clear_away)
        crew.are_up()
        weathers = [
            Weather(of_processes(crew, interruptions), random.Random(f"{seed} processes"), (0.3, 2.0)),
            Weather(of_store(store, interruptions), random.Random(f"{seed} store"), (1.0, 4.0)),
        ]
        began = time.monotonic()
        for weather in weathers:
            weather.start()
        while time.monotonic() - began < seconds and not any(weather.errors for weather in weathers):
            crew.look_after()
            time.sleep(0.2)
        for weather in weathers:
            weather.stop()
        for error in (error for weather in weathers for error in weather.errors):
            raise error
        crew.look_after()
        crew.stop_adding()
        with JobQueue(store.direct_url) as queue:
            left = _drain(queue)
            crew.end()
            verdict = judge(queue, ledger, crew.deaths, interruptions, size.lease)
        verdict.refused = crew.refused()
        verdict.broken += [*crew.faults, *left]
        try:
            store.check()
        except AssertionError as damage:
            verdict.broken.append(f"the file: {damage}")
        return Report(title, seed, seconds, weathers[0].struck + weathers[1].struck, verdict, size)


def _drain(queue: JobQueue) -> list[str]:
    """Waits until all is done; what is not, is named."""
    deadline = time.monotonic() + _DRAIN
    while time.monotonic() < deadline:
        try:
            if is_done(queue)():
                return []
        except BackendUnavailable as error:
            print(error, file=sys.stderr)
        time.sleep(0.2)
    return [f"not everything was done within {_DRAIN:g} seconds"]
