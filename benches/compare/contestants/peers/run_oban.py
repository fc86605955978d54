"""Oban for Python, on PostgreSQL through psycopg."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from async_contestant import AsyncContestant
from contestant import Counter, main
from oban import Oban, worker
from oban.schema import install, uninstall
from psycopg_pool import AsyncConnectionPool

ADD_BATCH = 1_000
LIMIT = 100
CONNECTIONS = 10
CALLERS_CONNECTIONS = 50
QUEUE = "bench"
NAME = "bench"


class ObanContestant(AsyncContestant):
    """An instance without queues for adding, and one with a queue for each time that it works."""

    name = "oban"
    store = "postgres"
    notes = (
        f"psycopg pool of {CONNECTIONS}, queue limit {LIMIT}, {ADD_BATCH} jobs an enqueue_many, finished jobs kept, "
        "uvloop; the same for latency; has async handlers only"
    )

    def __init__(self, url: str, counter: Counter) -> None:
        self.handlers = {"noop_async": _noop(counter), "probe_async": _probe(self, counter)}
        super().__init__(url, counter)

    async def open(self) -> None:
        self.pool = await _pool(self.url, CALLERS_CONNECTIONS)
        self.adding = Oban(pool=self.pool, name=NAME)
        self.working: Oban | None = None
        self.working_pool: AsyncConnectionPool | None = None

    def version(self) -> str:
        return version("oban")

    async def empty(self) -> None:
        async with self.pool.connection() as connection:
            found = await connection.execute("SELECT to_regclass('oban_jobs') IS NOT NULL")
            row = await found.fetchone()
        if row and row[0]:
            await uninstall(self.pool)
        await install(self.pool)

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        handler = self._handler(f"noop_{kind}")
        later = {"schedule_in": delay} if delay else {}
        for begin in range(0, count, ADD_BATCH):
            part = min(ADD_BATCH, count - begin)
            await self.adding.enqueue_many([handler.new({"payload": payload}, **later) for _ in range(part)])

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.adding.enqueue(self._handler(handler).new({"payload": payload}))

    async def prepare_callers(self, callers: int) -> None:
        await self.pool.resize(min(callers, CALLERS_CONNECTIONS), CALLERS_CONNECTIONS)
        await self.pool.wait()

    async def start(self, kind: str, *, latency: bool) -> None:
        self._handler(f"noop_{kind}")
        self.working_pool = await _pool(self.url, CONNECTIONS)
        self.working = Oban(pool=self.working_pool, name="working", queues={QUEUE: LIMIT})
        await self.working.start()

    async def finish(self) -> None:
        if self.working is None or self.working_pool is None:
            return
        await self.working.stop()
        await self.working_pool.close()
        self.working = self.working_pool = None

    async def count_left(self) -> int:
        async with self.pool.connection() as connection:
            found = await connection.execute(
                "SELECT count(*) FROM oban_jobs WHERE state IN ('available', 'scheduled', 'executing', 'retryable')"
            )
            row = await found.fetchone()
        return int(row[0]) if row else 0

    async def shut(self) -> None:
        await self.pool.close()

    def _handler(self, name: str) -> Any:
        if name not in self.handlers:
            raise NotImplementedError("Oban has async handlers only")
        return self.handlers[name]


async def _pool(url: str, connections: int) -> AsyncConnectionPool:
    pool = AsyncConnectionPool(url, min_size=1, max_size=connections, open=False)
    await pool.open(wait=True)
    return pool


def _noop(counter: Counter) -> Any:
    @worker(queue=QUEUE, oban=NAME)
    class Noop:
        async def process(self, job: Any) -> None:
            counter.add()

    return Noop


def _probe(contestant: ObanContestant, counter: Counter) -> Any:
    @worker(queue=QUEUE, oban=NAME)
    class Probe:
        async def process(self, job: Any) -> None:
            contestant.note(job.args["payload"])
            counter.add()

    return Probe


if __name__ == "__main__":
    main(ObanContestant)
