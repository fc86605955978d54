"""What PostgreSQL gives by hand: a bare table of four columns, without history, leases, events or types."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from contestant import main, payload_of
from limits.limit import EMPTY_PAUSE, STOP_LOOK, Limit

BATCH = 500
COPIED = 5_000

TABLE = """
DROP TABLE IF EXISTS bare;
CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL DEFAULT 'pending',
    payload text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX bare_pending ON bare (id) WHERE status = 'pending';
"""
# Completes what the last claim gave, and claims the next.
TURN = """
WITH done AS (UPDATE bare SET status = 'completed' WHERE id = ANY ($1::bigint[]))
UPDATE bare SET status = 'processing' WHERE id = ANY (ARRAY(
    SELECT id FROM bare WHERE status = 'pending' ORDER BY id LIMIT $2::bigint FOR UPDATE SKIP LOCKED
)) RETURNING id, payload
"""
INSERT = "INSERT INTO bare (payload) VALUES ($1)"
INSERT_AND_TELL = "WITH added AS (INSERT INTO bare (payload) VALUES ($1)) SELECT pg_notify('bare', '')"
LEFT = "SELECT count(*) FROM bare WHERE status <> 'completed'"


class PostgresLimit(Limit):
    """The bare table, with one connection for all of its work."""

    store = "postgres"
    notes = f"bare table, one connection, batch {BATCH}, one statement completes a batch and claims the next; COPY"

    def version(self) -> str:
        return f"asyncpg {asyncpg.__version__}"

    def prepare(self) -> None:
        asyncio.run(self._once(lambda connection: connection.execute(TABLE)))

    def add(self, count: int, bytes: int, kind: str) -> dict[str, float]:  # noqa: A002
        payload = payload_of(bytes)

        async def copy(connection: Any) -> float:
            began = time.perf_counter()
            for start in range(0, count, COPIED):
                await self.put(connection, [payload] * min(COPIED, count - start))
            return time.perf_counter() - began

        return {"seconds": asyncio.run(self._once(copy))}

    async def put(self, connection: Any, payloads: list[str]) -> None:
        """Adds a batch."""
        rows = [(payload,) for payload in payloads]
        await connection.copy_records_to_table("bare", records=rows, columns=["payload"])

    def add_single(self, count: int, callers: int, bytes: int) -> dict[str, float]:  # noqa: A002
        return {"seconds": asyncio.run(self._singly(count, callers, payload_of(bytes)))}

    async def _singly(self, count: int, callers: int, payload: str) -> float:
        connections = await asyncio.gather(*(self._connect() for _ in range(callers)))
        left = iter(range(count))

        async def caller(connection: Any) -> None:
            insert = await connection.prepare(INSERT)
            for _ in left:
                await insert.fetch(payload)

        began = time.perf_counter()
        await asyncio.gather(*map(caller, connections))
        took = time.perf_counter() - began
        for connection in connections:
            await connection.close()
        return took

    def drain(self) -> None:
        asyncio.run(self._once(self._work))

    async def _work(self, connection: Any) -> None:
        turn = await connection.prepare(TURN)
        claimed: list[int] = []
        while claimed or not self.stopping.is_set():
            try:
                rows = await turn.fetch(claimed, 0 if self.stopping.is_set() else BATCH)
            except asyncpg.DeadlockDetectedError:
                # Several of these at a time come to it now and then, and nothing was done.
                continue
            self.counter.add(len(claimed))
            claimed = [row["id"] for row in rows]
            if not claimed:
                await asyncio.sleep(EMPTY_PAUSE)

    def wait_for_jobs(self) -> None:
        asyncio.run(self._once(self._listen))

    async def _listen(self, connection: Any) -> None:
        claimed: list[int] = []
        heard = asyncio.Event()
        await connection.add_listener("bare", lambda *_: heard.set())
        turn = await connection.prepare(TURN)
        while not self.stopping.is_set():
            heard.clear()
            rows = await turn.fetch(claimed, BATCH)
            self.begin(len(rows))
            claimed = [row["id"] for row in rows]
            if not claimed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(heard.wait(), STOP_LOOK)

    def latency(self, count: int, pause: float) -> dict[str, list[float]]:
        return {"milliseconds": asyncio.run(self._once(lambda connection: self._probe(connection, count, pause)))}

    async def _probe(self, connection: Any, count: int, pause: float) -> list[float]:
        insert, taken = await connection.prepare(INSERT_AND_TELL), []
        for _ in range(count):
            await asyncio.sleep(pause)
            due = time.perf_counter()
            await insert.fetch("1")
            taken.append(self.delay(due))
        return taken

    def left(self) -> dict[str, int]:
        return {"count": asyncio.run(self._once(lambda connection: connection.fetchval(LEFT)))}

    async def _connect(self) -> Any:
        return await asyncpg.connect(self.url, server_settings={"jit": "off"})

    async def _once(self, action: Any) -> Any:
        connection = await self._connect()
        try:
            return await action(connection)
        finally:
            await connection.close()


if __name__ == "__main__":
    main(PostgresLimit)
