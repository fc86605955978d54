"""What every contestant in Python is made of: the loop that reads commands, and the count of finished jobs.

It runs in each library's own environment, so it needs nothing but the standard library. A contestant is a class whose
methods are named after the commands; the fields of a command are a method's arguments. `README.md` lists them.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, ClassVar

COMMANDS = (
    "hello",
    "prepare",
    "add",
    "add_single",
    "work",
    "latency",
    "steady",
    "left",
    "stop",
)


# How long a job may stay away before a measurement is given up.
JOB_PATIENCE = 60.0
# Under a steady load jobs are added this often, in seconds, and of at most so many the lateness is told.
STEADY_STEP = 0.005
MOST_SAMPLES = 100_000


class Counter:
    """How many handlers have ended in this process, where the orchestrator reads it. Safe to use from threads."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), 8)
        self._lock = threading.Lock()
        self._count = 0

    @property
    def count(self) -> int:
        """The count so far."""
        return self._count

    def add(self, jobs: int = 1) -> None:
        """Counts finished jobs."""
        with self._lock:
            self._count += jobs
            struct.pack_into("<Q", self._shared, 0, self._count)


class Contestant:
    """A queue of one library on one store."""

    name: ClassVar[str]
    store: ClassVar[str]
    notes: ClassVar[str] = ""

    def __init__(self, url: str, counter: Counter) -> None:
        self.url = url
        self.counter = counter

    def version(self) -> str:
        """The library's version."""
        return ""

    def hello(self) -> dict[str, Any]:
        """Who this is."""
        return {"name": self.name, "version": self.version(), "store": self.store, "notes": self.notes}

    def close(self) -> None:
        """Lets go of everything; called once, at the end."""


def payload_of(size: int) -> str:
    """A text that makes a payload of about so many bytes."""
    return "x" * max(size - 2, 0)


def main(kind: type[Contestant]) -> None:
    """Runs a contestant until it is told to quit or nobody is there to tell it anything."""
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--counter", required=True, type=Path)
    chosen = options.parse_args()
    answers = _own_answers()
    contestant = kind(chosen.url, Counter(chosen.counter))
    try:
        for line in sys.stdin:
            command = json.loads(line)
            if command["do"] == "quit":
                break
            answers.write(json.dumps(_answer(contestant, command)) + "\n")
            answers.flush()
    finally:
        contestant.close()


def _answer(contestant: Contestant, command: dict[str, Any]) -> dict[str, Any]:
    do = command.pop("do")
    method = getattr(contestant, do, None) if do in COMMANDS else None
    if method is None:
        return {"error": f"{contestant.name} cannot {do}"}
    try:
        return method(**command) or {}
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def _own_answers() -> Any:
    """The standard output, for answers alone: what a library prints goes to the error output from here on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers
