"""ArdiQ, on Redis streams through its own client in Rust."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from ardiq import Ardiq
from async_contestant import AsyncContestant
from contestant import JOB_PATIENCE, main
from redis.asyncio import Redis

ADD_BATCH = 5_000
CONCURRENCY = 100
PREFETCH = 500


class ArdiqContestant(AsyncContestant):
    """An app for adding, and another for each time that it works."""

    name = "ardiq"
    store = "redis"
    notes = (
        f"uvloop, concurrency {CONCURRENCY}, prefetch {PREFETCH}, one lane, {ADD_BATCH} jobs an enqueue_many, "
        "results for its default time; sync handlers in its own threads; for latency the defaults"
    )

    async def open(self) -> None:
        # It has no call that removes everything.
        self.admin = Redis.from_url(self.url)
        self.app, self.tasks = self._app()
        self.worker: Ardiq | None = None
        self.running: asyncio.Task[None] | None = None

    def version(self) -> str:
        return version("ardiq")

    async def empty(self) -> None:
        await self.admin.flushdb()

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        task = self.tasks[f"noop_{kind}"]
        if delay:
            task = task.options(delay_ms=int(delay * 1e3))
        for begin in range(0, count, ADD_BATCH):
            await self.app.enqueue_many([task.prepare(payload) for _ in range(min(ADD_BATCH, count - begin))])

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.tasks[handler].enqueue(payload)

    async def start(self, kind: str, *, latency: bool) -> None:
        options = {} if latency else {"concurrency": CONCURRENCY, "prefetch": PREFETCH}
        self.worker, _ = self._app(**options)
        self.running = asyncio.create_task(self.worker.run())

    async def finish(self) -> None:
        if self.worker is None or self.running is None:
            return
        self.worker.stop()
        await asyncio.wait_for(self.running, JOB_PATIENCE)
        self.worker = self.running = None

    async def count_left(self) -> int:
        return int(await self.app.queue_size())

    async def shut(self) -> None:
        await self.admin.aclose()

    def _app(self, **options: int) -> tuple[Ardiq, dict[str, Any]]:
        app = Ardiq(self.url, "bench", ["default"], **options)
        count = self.counter.add

        @app.task()
        async def noop_async(payload: str) -> None:
            count()

        @app.task()
        def noop_sync(payload: str) -> None:
            count()

        @app.task()
        async def probe_async(due: float) -> None:
            self.note(due)
            count()

        @app.task()
        def probe_sync(due: float) -> None:
            self.note_from_thread(due)
            count()

        tasks = (noop_async, noop_sync, probe_async, probe_sync)
        return app, {task.name: task for task in tasks}


if __name__ == "__main__":
    main(ArdiqContestant)
