"""Handlers whose runs are told in a ledger outside the store, one line each."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dataqueue import JobHandlers

if TYPE_CHECKING:
    from dataqueue import JobContext

handlers = JobHandlers()


def folder() -> Path:
    """Where the ledger lies, and where a test leaves its marks."""
    return Path(os.environ["CHAOS_FOLDER"])


def write(*words: object) -> None:
    """Appends one line to the ledger, whole even beside other processes."""
    line = " ".join(map(str, words)) + "\n"
    ledger = os.open(folder() / "ledger.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(ledger, line.encode())
    finally:
        os.close(ledger)


@handlers.job("held")
def held(payload: None, *, ctx: JobContext) -> int:
    """Runs until the test lets it go, or until it is told to stop."""
    write("start", ctx.job.id, ctx.job.attempts, os.getpid())
    while not (folder() / "go").exists() and not ctx.signal.aborted:
        time.sleep(0.01)
    write("end", ctx.job.id, ctx.job.attempts, os.getpid(), ctx.signal.reason)
    return os.getpid()


@handlers.job("quick", max_attempts=9)
def quick(payload: int, *, ctx: JobContext) -> int:
    """Ends after a moment."""
    write("start", ctx.job.id, ctx.job.attempts, os.getpid())
    time.sleep(0.005)
    write("end", ctx.job.id, ctx.job.attempts, os.getpid(), None)
    return payload
