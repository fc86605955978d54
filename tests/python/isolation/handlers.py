"""Handlers that can be run in another process."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dataqueue import AsyncJobContext, JobContext, JobHandlers

handlers = JobHandlers()
plain: list[Any] = []


class Picture(BaseModel):
    """A payload that is checked."""

    width: int
    height: int


@handlers.job("spin")
def spin(payload: Any) -> None:
    """Never ends."""
    while True:
        pass


@handlers.job("spin_async")
async def spin_async(payload: Any) -> None:
    """Never ends, and never gives its loop a turn."""
    while True:
        pass


@handlers.job("area", run_in="process")
def area(payload: Picture) -> dict[str, int]:
    """Works on a payload of its declared type."""
    assert isinstance(payload, Picture)
    return {"area": payload.width * payload.height, "pid": os.getpid()}


@handlers.job("area_async", run_in="process")
async def area_async(payload: Picture) -> dict[str, int]:
    """As `area`, on a loop."""
    await asyncio.sleep(0)
    return area(payload)


@handlers.job("where")
def where(payload: Any) -> int:
    """Where it runs."""
    return os.getpid()


@handlers.job("die", run_in="process", retry_delay=0.01, retry_backoff=False)
def die(payload: str) -> None:
    """Takes its process along."""
    match payload:
        case "segfault":
            sys.stderr.flush()
            ctypes.string_at(1)
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            os.closerange(3, 256)


@handlers.job("leave", run_in="process")
def leave(payload: str) -> None:
    """Raises what ends a program."""
    raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt(), "base": BaseException("base")}[payload]


def total(payload: Any, *, ctx: JobContext) -> list[Any]:
    """What the jobs put out that this one waited for."""
    return ctx.results


@handlers.job("report", run_in="process")
def report(payload: Any, *, ctx: JobContext) -> str:
    """Says what it does."""
    ctx.log(f"logged by attempt {ctx.job.attempts}")
    logging.getLogger("dataqueue.job").debug("too quiet")
    ctx.set_progress(40)
    ctx.set_output({"set": True})
    return "returned"


@handlers.job("report_async", run_in="process")
async def report_async(payload: Any, *, ctx: AsyncJobContext) -> str:
    """Says what it does."""
    ctx.log(f"logged by attempt {ctx.job.attempts}")
    await ctx.set_progress(40)
    await ctx.set_output({"set": True})
    return "returned"


@handlers.job("journey", run_in="process")
def journey(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Steps, a wait, a token and another job."""
    first = ctx.run("first", os.getpid)
    ctx.wait_for(0.05)
    token = ctx.create_token(timeout="1h", tags=["a"])
    child = ctx.add_job(area, Picture(width=2, height=3))
    ended = ctx.wait_for_job(child)
    return {"first": first, "token": token.id, "child": int(child), "area": ended.output["area"]}


@handlers.job("journey_async", run_in="process")
async def journey_async(payload: Any, *, ctx: AsyncJobContext) -> dict[str, Any]:
    """Steps, a wait, a token and another job."""
    first = await ctx.run("first", os.getpid)
    await ctx.wait_for(0.05)
    token = await ctx.create_token(timeout="1h", tags=["a"])
    child = await ctx.add_job(area, Picture(width=2, height=3))
    ended = await ctx.wait_for_job(child)
    return {"first": first, "token": token.id, "child": int(child), "area": ended.output["area"]}


@handlers.job("missing_token", run_in="process")
def missing_token(payload: str, *, ctx: JobContext) -> None:
    """Fails with an error of the queue's own."""
    ctx.wait_for_token(payload)


@handlers.job("stubborn")
def stubborn(payload: Any, *, ctx: JobContext) -> None:
    """Tries to escape its deadline."""
    ctx.on_timeout(lambda: 600)
    ctx.prolong(600)
    spin.func(payload)


@handlers.job("prolonged", run_in="process")
def prolonged(payload: float, *, ctx: JobContext) -> str:
    """Is given more time when it asks for it."""
    asked = threading.Event()

    def more() -> float:
        asked.set()
        return 60

    ctx.on_timeout(more)
    assert asked.wait(60)
    return "had more time"


@handlers.job("waits")
def waits(payload: Any, *, ctx: JobContext) -> None:
    """Waits."""
    ctx.wait_for(1)


@handlers.job("heeds", run_in="process")
def heeds(payload: str, *, ctx: JobContext) -> str | None:
    """Runs until it is told to stop, and writes down why it was."""
    Path(payload).write_text("began")
    ctx.signal.wait(600)
    Path(payload).write_text(str(ctx.signal.reason))
    ctx.signal.raise_if_aborted()
    return None


@handlers.job("heeds_async", run_in="process")
async def heeds_async(payload: str, *, ctx: AsyncJobContext) -> None:
    """Runs until it is told to stop, and writes down why it was."""
    written = Path(payload).write_text
    written("began")
    try:
        await asyncio.sleep(600)
    finally:
        written(str(ctx.signal.reason))


@handlers.job("forks", run_in="process")
def forks(payload: Any) -> int:
    """Its child comes back from the handler too."""
    os.fork()
    return os.getpid()


@handlers.job("starts")
def starts(payload: str) -> None:
    """Starts a program that outlives it, and never ends."""
    program = subprocess.Popen(["sleep", "600"])
    Path(payload).write_text(str(program.pid))
    spin.func(None)


@handlers.job("grows", run_in="process")
def grows(payload: int) -> int:
    """Keeps memory."""
    plain.append(bytearray(payload))
    return os.getpid()


@handlers.job("shown", run_in="process")
def shown(payload: str) -> None:
    """Prints."""
    print(payload)


def undecorated(payload: Picture) -> int:
    """A handler that is given in a mapping."""
    return payload.width
