"""The handlers of a storm: of each kind there is, and each answers the name of the run that ended its job."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

from dataqueue import AsyncJobContext, JobContext, JobHandlers
from tests.chaos.ledger import noted, write

__all__ = ["AT_A_TIME", "CHILDREN", "OF_A_GROUP", "SHARES", "handlers"]

handlers = JobHandlers()

CHILDREN = 3
"""How many jobs a parent adds and waits for."""

OF_A_GROUP = 2
"""How many jobs of a group run at a time; the fleets are told so."""

AT_A_TIME = 3
"""How many jobs of the limited type run at a time."""

SHARES = {
    "quick": 8,
    "quick_async": 8,
    "fails_twice": 4,
    "long": 2,
    "stepped": 3,
    "stepped_async": 3,
    "parent": 1,
    "in_process": 4,
    "crashes": 1,
    "forced": 1,
    "tenant": 5,
    "scarce": 3,
}
"""Of each type that is added, how many among how many."""


@handlers.job("quick")
def quick(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Takes a moment on a thread."""
    with noted(ctx) as run:
        time.sleep(0.002)
        return {"run": run}


@handlers.job("quick_async")
async def quick_async(payload: Any, *, ctx: AsyncJobContext) -> dict[str, Any]:
    """Takes a moment on the loop."""
    with noted(ctx) as run:
        await asyncio.sleep(0.01)
        return {"run": run}


@handlers.job("fails_twice")
def fails_twice(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Fails until its third attempt."""
    with noted(ctx) as run:
        if ctx.job.attempts < 3:
            raise ValueError("not yet")
        return {"run": run}


@handlers.job("long")
async def long(payload: Any, *, ctx: AsyncJobContext) -> dict[str, Any]:
    """Takes longer than a lease, and reports; told to stop, it does."""
    with noted(ctx) as run:
        for percent in range(0, 100, 10):
            await ctx.set_progress(percent)
            await ctx.signal.wait(0.5)
            ctx.signal.raise_if_aborted()
        return {"run": run}


@handlers.job("in_process", run_in="process")
def in_process(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Takes a moment in a process of its own."""
    with noted(ctx) as run:
        ctx.set_progress(50)
        time.sleep(0.005)
        return {"run": run}


@handlers.job("crashes", run_in="process")
def crashes(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Kills its process, the first time."""
    with noted(ctx) as run:
        if ctx.job.attempts > 1:
            return {"run": run}
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@handlers.job("forced")
def forced(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Runs until it is killed, the first time."""
    with noted(ctx, tells=True) as run:
        while ctx.job.attempts < 2:
            write(what="alive", job=ctx.job.id, run=run)
            time.sleep(0.01)
        return {"run": run}


def _effect(ctx: JobContext | AsyncJobContext, step: str, run: str) -> str:
    write(what="effect", job=ctx.job.id, step=step, run=run)
    return run


@handlers.job("stepped")
def stepped(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Two steps with a wait between them, on a thread."""
    with noted(ctx) as run:
        for step in ("first", "second"):
            ctx.run(step, lambda step=step: _effect(ctx, step, run))  # type: ignore[misc]
            write(what="recorded", job=ctx.job.id, step=step, run=run)
            if step == "first":
                ctx.wait_for(0.3)
        return {"run": run}


@handlers.job("stepped_async")
async def stepped_async(payload: Any, *, ctx: AsyncJobContext) -> dict[str, Any]:
    """The same on the loop."""
    with noted(ctx) as run:
        for step in ("first", "second"):
            await ctx.run(step, lambda step=step: _effect(ctx, step, run))
            write(what="recorded", job=ctx.job.id, step=step, run=run)
            if step == "first":
                await ctx.wait_for(0.3)
        return {"run": run}


@handlers.job("parent")
async def parent(payload: Any, *, ctx: AsyncJobContext) -> dict[str, Any]:
    """Adds jobs, and waits for each."""
    with noted(ctx) as run:
        ids = [await ctx.add_job("child", [ctx.job.id, number], max_attempts=50) for number in range(CHILDREN)]
        results = [await ctx.wait_for_job(job_id) for job_id in ids]
        return {"run": run, "children": [int(job_id) for job_id in ids], "ended": [result.status for result in results]}


@handlers.job("tenant")
async def tenant(payload: Any, *, ctx: AsyncJobContext) -> dict[str, Any]:
    """Takes a while, and belongs to a group."""
    with noted(ctx) as run:
        await asyncio.sleep(0.05)
        return {"run": run}


@handlers.job("scarce", max_running=AT_A_TIME)
def scarce(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """Takes a while, and few run at a time."""
    with noted(ctx) as run:
        time.sleep(0.05)
        return {"run": run}


@handlers.job("child")
def child(payload: Any, *, ctx: JobContext) -> dict[str, Any]:
    """What a parent waits for."""
    with noted(ctx) as run:
        return {"run": run}
