"""arq, on Redis."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
from async_contestant import AsyncContestant
from contestant import JOB_PATIENCE, main

MAX_JOBS = 100
POLL_DELAY = 0.01
# It has no bulk call: so many adds are under way at a time.
ADDING_AT_ONCE = 10


class ArqContestant(AsyncContestant):
    """A pool for adding, and a worker."""

    name = "arq"
    store = "redis"
    notes = (
        f"hiredis, uvloop, max_jobs {MAX_JOBS}, poll_delay {POLL_DELAY} s, results for its default time, results not "
        f"logged; {ADDING_AT_ONCE} enqueue_job at a time, as there is no bulk call; the same for latency; has async "
        "handlers only"
    )

    async def open(self) -> None:
        self.settings = RedisSettings.from_dsn(self.url)
        self.pool: ArqRedis = await create_pool(self.settings)
        self.worker: Worker | None = None
        self.running: asyncio.Task[None] | None = None

    def version(self) -> str:
        return version("arq")

    async def empty(self) -> None:
        await self.pool.flushdb()

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        _refuse_sync(kind)
        left = iter(range(count))

        async def adder() -> None:
            for _ in left:
                await self.pool.enqueue_job("noop_async", payload, _defer_by=delay or None)

        await asyncio.gather(*(adder() for _ in range(ADDING_AT_ONCE)))

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.pool.enqueue_job(handler, payload)

    async def start(self, kind: str, *, latency: bool) -> None:
        _refuse_sync(kind)
        count = self.counter.add

        async def noop_async(context: dict[Any, Any], payload: str) -> None:
            count()

        async def probe_async(context: dict[Any, Any], due: float) -> None:
            self.note(due)
            count()

        self.worker = Worker(
            [func(noop_async, name="noop_async"), func(probe_async, name="probe_async")],
            redis_settings=self.settings,
            max_jobs=MAX_JOBS,
            poll_delay=POLL_DELAY,
            handle_signals=False,
            log_results=False,
        )
        self.running = asyncio.create_task(self.worker.async_run())

    async def finish(self) -> None:
        if self.worker is None or self.running is None:
            return
        # Closing cancels what runs, so it is awaited before.
        self.worker.allow_pick_jobs = False
        await asyncio.wait_for(asyncio.gather(*self.worker.tasks.values()), JOB_PATIENCE)
        await self.worker.close()
        await asyncio.wait([self.running], timeout=JOB_PATIENCE)
        self.worker = self.running = None

    async def count_left(self) -> int:
        return int(await self.pool.zcard(self.pool.default_queue_name))

    async def shut(self) -> None:
        await self.pool.aclose()


def _refuse_sync(kind: str) -> None:
    if kind != "async":
        raise NotImplementedError("arq has async handlers only")


if __name__ == "__main__":
    main(ArqContestant)
