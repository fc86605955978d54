"""procrastinate, on PostgreSQL through psycopg."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from async_contestant import AsyncContestant
from contestant import JOB_PATIENCE, main
from procrastinate import App, PsycopgConnector

ADD_BATCH = 5_000
CONCURRENCY = 100
CONNECTIONS = 20
CALLERS_CONNECTIONS = 50


class ProcrastinateContestant(AsyncContestant):
    """An app for adding, and another for each time that it works."""

    name = "procrastinate"
    store = "postgres"
    notes = (
        f"psycopg pool of {CONNECTIONS}, concurrency {CONCURRENCY}, {ADD_BATCH} jobs a batch_defer_async, "
        "finished jobs kept; sync handlers in its own threads; the same for latency, with LISTEN"
    )

    async def open(self) -> None:
        self.app = await self._connected(CALLERS_CONNECTIONS)
        self.working: App | None = None
        self.running: asyncio.Task[None] | None = None

    def version(self) -> str:
        return version("procrastinate")

    async def empty(self) -> None:
        if not await self.app.check_connection_async():
            await self.app.schema_manager.apply_schema_async()
        await self.app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        later = {"schedule_in": {"seconds": delay}} if delay else {}
        deferrer = self.app.tasks[f"noop_{kind}"].configure(**later)
        for begin in range(0, count, ADD_BATCH):
            await deferrer.batch_defer_async(*[{"payload": payload}] * min(ADD_BATCH, count - begin))

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.app.tasks[handler].defer_async(payload=payload)

    async def prepare_callers(self, callers: int) -> None:
        await asyncio.gather(*(self.app.check_connection_async() for _ in range(callers)))

    async def start(self, kind: str, *, latency: bool) -> None:
        self.working = await self._connected(CONNECTIONS)
        worker = self.working.run_worker_async(concurrency=CONCURRENCY, install_signal_handlers=False)
        self.running = asyncio.create_task(worker)

    async def finish(self) -> None:
        if self.running is None or self.working is None:
            return
        # Its documented way to end a worker that is a task: the jobs that run are awaited.
        self.running.cancel()
        await asyncio.wait([self.running], timeout=JOB_PATIENCE)
        await self.working.close_async()
        self.working = self.running = None

    async def count_left(self) -> int:
        states = await self.app.job_manager.list_queues_async()
        return sum(int(row["todo"]) + int(row["doing"]) for row in states)

    async def shut(self) -> None:
        await self.app.close_async()

    async def _connected(self, connections: int) -> App:
        app = App(connector=PsycopgConnector(conninfo=self.url, min_size=1, max_size=connections))
        count = self.counter.add

        @app.task(name="noop_async")
        async def noop_async(payload: str) -> None:
            count()

        @app.task(name="noop_sync")
        def noop_sync(payload: str) -> None:
            count()

        @app.task(name="probe_async")
        async def probe_async(payload: float) -> None:
            self.note(payload)
            count()

        @app.task(name="probe_sync")
        def probe_sync(payload: float) -> None:
            self.note_from_thread(payload)
            count()

        await app.open_async()
        return app


if __name__ == "__main__":
    main(ProcrastinateContestant)
