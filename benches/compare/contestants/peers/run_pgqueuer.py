"""pgqueuer, on PostgreSQL through asyncpg."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from async_contestant import AsyncContestant
from contestant import JOB_PATIENCE, main
from pgqueuer import PgQueuer, Queries
from pgqueuer.models import Job

BATCH_SIZE = 500
ADD_BATCH = 5_000
CONNECTIONS = 50
# What `run` takes by default, for a short way to the handler.
LATENCY_BATCH_SIZE = 10
STATEMENT_DEADLINE = 300


class PgQueuerContestant(AsyncContestant):
    """Queries for adding on one pool, a PgQueuer for working on another."""

    name = "pgqueuer"
    store = "postgres"
    notes = (
        f"asyncpg pool, uvloop, batch_size {BATCH_SIZE}, {ADD_BATCH} jobs an enqueue, durable tables; sync handlers by "
        f"asyncio.to_thread, as its documentation says; for latency batch_size {LATENCY_BATCH_SIZE}"
    )

    async def open(self) -> None:
        self.pool = await self._connect(CONNECTIONS)
        self.queries = Queries.from_asyncpg_pool(self.pool)
        self.working_pool: asyncpg.Pool | None = None
        self.worker: PgQueuer | None = None
        self.running: asyncio.Task[None] | None = None

    def version(self) -> str:
        return version("pgqueuer")

    async def empty(self) -> None:
        if not await self.queries.schema_is_installed():
            await self.queries.install()
        await self.queries.clear_queue()
        await self.queries.clear_queue_log()
        await self.queries.clear_statistics_log()

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        data, after = payload.encode(), timedelta(seconds=delay) if delay else None
        for begin in range(0, count, ADD_BATCH):
            part = min(ADD_BATCH, count - begin)
            await self.queries.enqueue([f"noop_{kind}"] * part, [data] * part, [0] * part, [after] * part)

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.queries.enqueue(handler, str(payload).encode())

    async def prepare_callers(self, callers: int) -> None:
        connections = [await self.pool.acquire() for _ in range(min(callers, CONNECTIONS))]
        for connection in connections:
            await self.pool.release(connection)

    async def start(self, kind: str, *, latency: bool) -> None:
        # As many connections as its own claim, log and listener keep busy.
        self.working_pool = await self._connect(4)
        self.worker = self._worker(self.working_pool)
        batch_size = LATENCY_BATCH_SIZE if latency else BATCH_SIZE
        self.running = asyncio.create_task(self.worker.run(batch_size=batch_size))

    async def finish(self) -> None:
        if self.worker is None or self.running is None:
            return
        self.worker.shutdown.set()
        await asyncio.wait_for(self.running, JOB_PATIENCE)
        self.worker = self.running = None
        if self.working_pool is not None:
            await self.working_pool.close()

    async def count_left(self) -> int:
        return sum(row.count for row in await self.queries.queue_size())

    async def shut(self) -> None:
        await self.pool.close()

    async def _connect(self, connections: int) -> asyncpg.Pool:
        return await asyncpg.create_pool(self.url, min_size=1, max_size=connections, command_timeout=STATEMENT_DEADLINE)

    def _worker(self, pool: asyncpg.Pool) -> PgQueuer:
        worker = PgQueuer.from_asyncpg_pool(pool)
        count = self.counter.add

        def probe_in_thread(due: float) -> None:
            self.note_from_thread(due)
            count()

        @worker.entrypoint("noop_async")
        async def noop_async(job: Job) -> None:
            count()

        @worker.entrypoint("noop_sync")
        async def noop_sync(job: Job) -> None:
            await asyncio.to_thread(count)

        @worker.entrypoint("probe_async")
        async def probe_async(job: Job) -> None:
            self.note(float(job.payload or b"nan"))
            count()

        @worker.entrypoint("probe_sync")
        async def probe_sync(job: Job) -> None:
            await asyncio.to_thread(probe_in_thread, float(job.payload or b"nan"))

        return worker


if __name__ == "__main__":
    main(PgQueuerContestant)
