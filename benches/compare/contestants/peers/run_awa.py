"""awa, on PostgreSQL through its own driver in Rust."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import awa
from async_contestant import AsyncContestant
from contestant import main

ADD_BATCH = 5_000
WORKERS = 200
CLAIMERS = 2
LATENCY_WORKERS = 50
CONNECTIONS = 20
QUEUE = "bench"
STOP_DEADLINE_MS = 60_000


@dataclass
class Noop:
    """A job that does nothing."""

    text: str


@dataclass
class Probe:
    """A job that tells when it has begun."""

    due: float


class AwaContestant(AsyncContestant):
    """One client for adding, another for each time that it works."""

    name = "awa"
    store = "postgres"
    notes = (
        f"queue storage, max_workers {WORKERS}, claimers {CLAIMERS}, {ADD_BATCH} jobs an enqueue_many_copy; "
        f"for latency max_workers {LATENCY_WORKERS} and the defaults; has async handlers only"
    )

    async def open(self) -> None:
        self.client = awa.AsyncClient(self.url, max_connections=CONNECTIONS)
        self.worker: awa.AsyncClient | None = None

    def version(self) -> str:
        return version("awa-pg")

    async def empty(self) -> None:
        # Its own reset keeps counters of the terminal jobs, so everything is made anew.
        async with await self.client.transaction() as transaction:
            await transaction.execute("DROP SCHEMA IF EXISTS awa CASCADE")
        await self.client.migrate()
        await self.client.install_queue_storage()

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        _refuse_sync(kind)
        run_at = datetime.now(UTC) + timedelta(seconds=delay) if delay else None
        for begin in range(0, count, ADD_BATCH):
            jobs = [Noop(payload)] * min(ADD_BATCH, count - begin)
            await self.client.enqueue_many_copy(jobs, queue=QUEUE, run_at=run_at)

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.client.insert(Noop(payload) if handler == "noop_async" else Probe(payload), queue=QUEUE)

    async def start(self, kind: str, *, latency: bool) -> None:
        _refuse_sync(kind)
        count = self.counter.add
        worker = awa.AsyncClient(self.url, max_connections=CONNECTIONS)

        @worker.task(Noop, queue=QUEUE)
        async def noop(job: awa.Job[Noop]) -> None:
            count()

        @worker.task(Probe, queue=QUEUE)
        async def probe(job: awa.Job[Probe]) -> None:
            self.note(job.args.due)
            count()

        fast = {"name": QUEUE, "max_workers": WORKERS, "claimers": CLAIMERS}
        await worker.start([{"name": QUEUE, "max_workers": LATENCY_WORKERS} if latency else fast])
        self.worker = worker

    async def finish(self) -> None:
        if self.worker is None:
            return
        worker, self.worker = self.worker, None
        await worker.shutdown(timeout_ms=STOP_DEADLINE_MS)
        await worker.close()

    async def count_left(self) -> int:
        # Without statistics its count takes minutes.
        async with await self.client.transaction() as transaction:
            await transaction.execute("ANALYZE")
        await self.client.flush_admin_metadata()
        rows = await self.client.queue_stats()
        return sum(row.total_queued + row.running for row in rows)

    async def shut(self) -> None:
        await self.client.close()


def _refuse_sync(kind: str) -> None:
    if kind != "async":
        raise NotImplementedError("awa has async handlers only")


if __name__ == "__main__":
    main(AwaContestant)
