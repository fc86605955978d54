"""One batch, bounded in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from ...aio import AsyncJobQueue
from ...arguments import positive_seconds
from ...blocking import JobQueue
from ...handlers import JobHandlers
from ...supervisor import AsyncSupervisor, Supervisor

__all__ = ["Batch", "Handlers"]

Handlers: TypeAlias = "JobHandlers | Mapping[str, Callable[..., Any]]"

# How often a processor that is only about to start is told again that its time is up.
_AGAIN = 0.05


class Batch:
    """What each call does."""

    def __init__(
        self,
        queue: JobQueue | AsyncJobQueue,
        handlers: Handlers,
        time_limit: Any,
        upkeep: Supervisor | AsyncSupervisor | None,
        options: Mapping[str, Any],
    ) -> None:
        """A batch of a queue.

        Raises:
            TypeError: The queue is none, an option is not one of `create_processor`, or the supervisor is of another
                kind.
            ValueError: An option is out of its limits.
        """
        if not isinstance(queue, JobQueue | AsyncJobQueue):
            raise TypeError(f"queue must be a JobQueue or an AsyncJobQueue, not {type(queue).__name__}")
        wanted = AsyncSupervisor if isinstance(queue, AsyncJobQueue) else Supervisor
        if upkeep is not None and not isinstance(upkeep, wanted):
            raise TypeError(f"upkeep must be what create_supervisor() of this queue makes, not {type(upkeep).__name__}")
        self.time_limit = None if time_limit is None else positive_seconds("time_limit", time_limit)
        self._queue: Any = queue
        self._handlers, self._options, self._upkeep = JobHandlers.coerce(handlers), dict(options), upkeep
        # What is wrong with an option is said now, not by the first call.
        self._processor()

    @property
    def is_async(self) -> bool:
        """Whether its queue is the async twin."""
        return isinstance(self._queue, AsyncJobQueue)

    def run(self, limit: float | None) -> dict[str, Any]:
        """Runs it on a blocking queue, and answers what it did.

        Once `limit` seconds are over, jobs that have not started go back and handlers are told to stop.
        """
        processor, over = self._processor(), threading.Event()

        def watch() -> None:
            while not over.wait(limit if not late else _AGAIN):
                late.append(True)
                processor.stop_and_drain(0)

        late: list[bool] = []
        watcher = threading.Thread(target=watch, name="dataqueue-time-limit", daemon=True)
        if limit is not None:
            watcher.start()
        try:
            processed = processor.start()
        finally:
            over.set()
            if limit is not None:
                watcher.join()
        if self._upkeep is None or late:
            return {"processed": processed}
        did: Any = self._upkeep.start()
        return {"processed": processed, "upkeep": asdict(did)}

    async def run_async(self, limit: float | None) -> dict[str, Any]:
        """The same on either twin; a blocking one works on a thread."""
        if not self.is_async:
            return await asyncio.to_thread(self.run, limit)
        processor = self._processor()
        work = asyncio.ensure_future(processor.start())
        try:
            late = not (await asyncio.wait({work}, timeout=limit))[0]
            while not work.done():
                await processor.stop_and_drain(0)
                await asyncio.wait({work}, timeout=_AGAIN)
            processed = await work
        finally:
            # Where the request was given up, so is the batch.
            work.cancel()
        if self._upkeep is None or late:
            return {"processed": processed}
        supervisor: Any = self._upkeep
        return {"processed": processed, "upkeep": asdict(await supervisor.start())}

    def _processor(self) -> Any:
        return self._queue.create_processor(self._handlers, **self._options)
