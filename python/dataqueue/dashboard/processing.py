"""The button that runs one batch of jobs."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from .auth import Role
from .changes import Asked, Change, Outcome
from .site import BadInputError, Site

__all__ = ["CHANGES"]

_MOST_SECONDS = 300.0


async def _process(asked: Asked) -> Outcome:
    site = asked.site
    if site.handlers is None:
        raise BadInputError("this dashboard has no handlers: give them to create_dashboard(queue, handlers)")
    running, loop = site.processing, asyncio.get_running_loop()
    if running is not None and not running.done() and running.get_loop() is loop:
        return Outcome(ok=False, message="A batch is being processed already.", target="jobs")
    task = site.processing = asyncio.ensure_future(_batch(site))
    done, _ = await asyncio.wait({task}, timeout=_MOST_SECONDS)
    if not done:
        return Outcome(ok=True, message="The batch takes long, and goes on.", target="jobs", data={"processed": None})
    processed = task.result()
    words = "No job was due." if processed == 0 else f"{processed} {'job was' if processed == 1 else 'jobs were'} run."
    return Outcome(ok=True, message=words, target="jobs", data={"processed": processed})


async def _batch(site: Site) -> int:
    processor: Any = site.queue.create_processor(site.handlers or {}, **site.processor_options)
    if inspect.isawaitable(processor):
        processor = await processor
    if inspect.iscoroutinefunction(processor.start):
        return int(await processor.start())
    return int(await asyncio.to_thread(processor.start))


CHANGES = [Change("/process", "process jobs", Role.OPERATOR, _process)]
