"""What handlers really did, written outside of the store: a line for each beginning and each end of a run."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue import AsyncJobContext, JobContext

__all__ = ["VARIABLE", "Run", "note", "noted", "read_lines", "read_runs", "write"]

VARIABLE = "DATAQUEUE_TEST_LEDGER"


@dataclass
class Run:
    """One run of a job."""

    job_id: int
    attempt: int
    pid: int
    began: int
    ended: int | None = None
    """In nanoseconds; None when its process died under it."""
    reason: str | None = None
    """Why it was told to stop, as it knew at its end."""
    name: str | None = None
    """What it calls itself in what it records, where it does."""
    seen: int | None = None
    """When it last said that it goes on, where it does."""


_parent = os.getppid()


def _worker() -> int:
    """The worker that a line is of: a process of handlers is forked by one that the worker started."""
    return _parent if "dataqueue.isolation.child" in sys.modules else os.getpid()


def write(**entry: Any) -> None:
    """Appends a line, whole or not at all, also when the process is killed meanwhile."""
    line = json.dumps({**entry, "pid": _worker(), "at": time.time_ns()}) + "\n"
    file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def note(what: str, ctx: JobContext | AsyncJobContext) -> None:
    """Writes that the run of `ctx` began or ended."""
    write(what=what, job=ctx.job.id, attempt=ctx.job.attempts, reason=ctx.signal.reason)


@contextmanager
def noted(ctx: JobContext | AsyncJobContext, *, tells: bool = False) -> Iterator[str]:
    """Writes that the run of `ctx` began, and that it ended, however it does; gives it a name of its own.

    A handler that does not heed its signal may run beside a later run of its job, in one process too. One that `tells`
    writes that it is alive for as long as it runs: it may be killed before it did so once.
    """
    name = uuid.uuid4().hex
    write(what="began", job=ctx.job.id, attempt=ctx.job.attempts, run=name, tells=tells)
    try:
        yield name
    finally:
        write(what="ended", job=ctx.job.id, attempt=ctx.job.attempts, reason=ctx.signal.reason, run=name)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every line, in the order of writing."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def read_runs(path: Path) -> dict[int, list[Run]]:
    """The runs of each job, in the order of their beginning."""
    runs: dict[int, list[Run]] = defaultdict(list)
    for line in read_lines(path):
        if line["what"] == "began":
            run = Run(line["job"], line["attempt"], line["pid"], line["at"], name=line.get("run"))
            run.seen = run.began if line.get("tells") else None
            runs[line["job"]].append(run)
        elif line["what"] == "alive":
            next(run for run in runs[line["job"]] if run.name == line["run"]).seen = line["at"]
        elif line["what"] == "ended":
            # Without a name, the newest run of its job in its process is the one that ended.
            name, pid = line.get("run"), line["pid"]
            run = next(run for run in reversed(runs[line["job"]]) if (run.name, run.pid) == (name, pid))
            run.ended, run.reason = line["at"], line["reason"]
    return runs
