"""Handlers that do to their process what no handler should."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from dataqueue import AsyncJobContext, JobContext, JobHandlers
from tests.chaos.ledger import note

handlers = JobHandlers()


class Odd(BaseException):
    """Nothing that is caught by whoever catches exceptions."""


def misbehave(how: str) -> str:
    """Does it."""
    match how:
        case "os._exit":
            os._exit(3)
        case "sys.exit":
            sys.exit(3)
        case "raises BaseException":
            raise Odd("odd")
        case "raises KeyboardInterrupt":
            raise KeyboardInterrupt
        case "raises GeneratorExit":
            raise GeneratorExit
        case "forks":
            child = os.fork()
            if child == 0:
                time.sleep(0.2)
                os._exit(0)
            os.waitpid(child, 0)
        case "forks and returns in both":
            os.fork()
        case "closes files":
            os.closerange(3, 256)
        case "leaks memory":
            _leaked.append(bytearray(8 << 20))
        case "leaks files":
            _leaked.append([open(os.devnull) for _ in range(50)])  # noqa: PTH123, SIM115
    return how


_leaked: list[Any] = []


@handlers.job("bad")
def bad(payload: str, *, ctx: JobContext) -> str:
    """Misbehaves once on a thread, and is good afterwards."""
    note("began", ctx)
    return misbehave(payload) if ctx.job.attempts == 1 else "good"


@handlers.job("bad_async")
async def bad_async(payload: str, *, ctx: AsyncJobContext) -> str:
    """Misbehaves once on the loop, and is good afterwards."""
    note("began", ctx)
    return misbehave(payload) if ctx.job.attempts == 1 else "good"


@handlers.job("fine")
def fine(payload: None) -> int:
    """Answers its process."""
    return os.getpid()
