"""Handlers that write down what they do."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from pathlib import Path

from dataqueue import AsyncJobContext, JobContext, JobHandlers
from tests.chaos.ledger import VARIABLE, note, write

handlers = JobHandlers()


@handlers.job("mark")
def mark(payload: float, *, ctx: JobContext) -> int:
    """Takes a moment on a thread."""
    note("began", ctx)
    time.sleep(payload)
    note("ended", ctx)
    return ctx.job.attempts


@handlers.job("mark_async")
async def mark_async(payload: float, *, ctx: AsyncJobContext) -> int:
    """Takes a moment on the loop."""
    note("began", ctx)
    await asyncio.sleep(payload)
    note("ended", ctx)
    return ctx.job.attempts


@handlers.job("fails_twice", retry_delay=0.05, retry_backoff=False)
def fails_twice(payload: float, *, ctx: JobContext) -> int:
    """Fails until its third attempt."""
    note("began", ctx)
    time.sleep(payload)
    note("ended", ctx)
    if ctx.job.attempts < 3:
        raise ValueError("not yet")
    return ctx.job.attempts


@handlers.job("gate")
def gate(payload: str, *, ctx: JobContext) -> int:
    """Returns once the file `payload` is there."""
    note("began", ctx)
    while not Path(payload).exists():
        time.sleep(0.01)
    note("ended", ctx)
    return ctx.job.attempts


@handlers.job("heeds")
def heeds(payload: None, *, ctx: JobContext) -> str | None:
    """Runs until it is told to stop, and answers why it was."""
    note("began", ctx)
    ctx.signal.wait(600)
    note("ended", ctx)
    return ctx.signal.reason


@handlers.job("heeds_async")
async def heeds_async(payload: None, *, ctx: AsyncJobContext) -> None:
    """Runs until it is told to stop."""
    note("began", ctx)
    try:
        await ctx.signal.wait(600)
    finally:
        note("ended", ctx)


@handlers.job("holds_interpreter")
def holds_interpreter(payload: float, *, ctx: JobContext) -> None:
    """Keeps the interpreter to itself, as a careless extension in C does."""
    note("began", ctx)
    ctypes.PyDLL(None).usleep(int(payload * 1_000_000))
    note("ended", ctx)


@handlers.job("holds_loop")
async def holds_loop(payload: float, *, ctx: AsyncJobContext) -> None:
    """Keeps the event loop to itself."""
    note("began", ctx)
    time.sleep(payload)  # noqa: ASYNC251 - that is the point
    note("ended", ctx)


def die_once(ctx: JobContext | AsyncJobContext, place: str, point: str) -> None:
    """Kills this process when the job's payload names this point, the first time that it comes here."""
    if place != point:
        return
    mark = Path(f"{os.environ[VARIABLE]}.{ctx.job.id}")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@handlers.job("onboard", max_attempts=5)
async def onboard(payload: str, *, ctx: AsyncJobContext) -> str:
    """Two steps with a wait between them; it dies where the payload says."""

    def step(name: str) -> str:
        die_once(ctx, payload, f"in {name}")
        write(what="effect", job=ctx.job.id, step=name)
        die_once(ctx, payload, f"after {name}")
        return name

    first = await ctx.run("welcome", lambda: step("welcome"))
    die_once(ctx, payload, "between steps")
    await ctx.wait_for(0.2)
    die_once(ctx, payload, "after the wait")
    second = await ctx.run("survey", lambda: step("survey"))
    die_once(ctx, payload, "at the end")
    return f"{first}, {second}"


@handlers.job("onboard_sync", max_attempts=5)
def onboard_sync(payload: str, *, ctx: JobContext) -> str:
    """The same on a thread."""

    def step(name: str) -> str:
        die_once(ctx, payload, f"in {name}")
        write(what="effect", job=ctx.job.id, step=name)
        die_once(ctx, payload, f"after {name}")
        return name

    first = ctx.run("welcome", lambda: step("welcome"))
    die_once(ctx, payload, "between steps")
    ctx.wait_for(0.2)
    die_once(ctx, payload, "after the wait")
    second = ctx.run("survey", lambda: step("survey"))
    die_once(ctx, payload, "at the end")
    return f"{first}, {second}"


@handlers.job("late", max_attempts=3, timeout=600)
def late(payload: dict[str, str], *, ctx: JobContext) -> str:
    """Waits for the sign to its attempt, and then reports in one of the ways there are."""
    note("began", ctx)
    own = f"attempt {ctx.job.attempts}"
    while not Path(f"{payload['sign']}.{ctx.job.attempts}").exists():
        time.sleep(0.01)
    try:
        match payload["how"]:
            case "fails":
                raise ValueError(own)
            case "progress":
                ctx.set_progress(ctx.job.attempts)
            case "output":
                ctx.set_output(own)
            case "step":
                ctx.run("a step", lambda: own)
            case "prolong":
                ctx.prolong(300)
            case "wait":
                ctx.wait_for(0.01)
            case "completes":
                pass
        return own
    finally:
        note("ended", ctx)
