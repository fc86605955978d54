"""The jobs of this application: what each is given, and the handler that does it."""

from __future__ import annotations

import asyncio
import time

from pydantic import BaseModel, Field

from dataqueue import JobContext, JobHandlers

handlers = JobHandlers()


class Report(BaseModel):
    """What a report is made of."""

    pages: int = Field(default=30, ge=1, le=1_000)


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


@handlers.job("report", max_attempts=3, timeout=600)
def make_report(payload: Report, *, ctx: JobContext) -> dict[str, int]:
    """Makes a report page by page, and tells how far it is; it runs on a thread."""
    for page in range(1, payload.pages + 1):
        # Raises when the job was cancelled, its time is up, or the worker stops.
        ctx.signal.raise_if_aborted()
        time.sleep(0.1)  # your own work
        ctx.set_progress(100 * page / payload.pages)
    return {"pages": payload.pages}


@handlers.job("greet")
async def greet(payload: Greeting) -> str:
    """Greets somebody; it runs on an event loop, so it must not block."""
    await asyncio.sleep(0)
    return f"Hello, {payload.name}!"
