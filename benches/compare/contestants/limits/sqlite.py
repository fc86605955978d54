"""What SQLite gives by hand: a bare table of four columns, claimed and completed in one transaction a batch."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from contestant import main, payload_of
from limits.limit import EMPTY_PAUSE, STOP_LOOK, Limit

BATCH = 500
INSERTED = 5_000
BUSY_SECONDS = 60.0

TABLE = """
DROP TABLE IF EXISTS bare;
CREATE TABLE bare (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'pending', payload TEXT NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (unixepoch()));
CREATE INDEX bare_pending ON bare (id) WHERE status = 'pending';
"""
COMPLETE = "UPDATE bare SET status = 'completed' WHERE id = ?"
CLAIM = """
UPDATE bare SET status = 'processing' WHERE id IN (SELECT id FROM bare WHERE status = 'pending' ORDER BY id LIMIT ?)
RETURNING id, payload
"""
INSERT = "INSERT INTO bare (payload) VALUES (?)"
LEFT = "SELECT count(*) FROM bare WHERE status <> 'completed'"


class SqliteLimit(Limit):
    """The bare table, with one connection for all of its work."""

    store = "sqlite"
    told = threading.Event()
    notes = f"bare table, WAL, synchronous FULL, batch {BATCH}, a batch is completed and the next claimed by one commit"

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def prepare(self) -> None:
        with closing(self._connect()) as connection:
            connection.executescript(TABLE)

    def add(self, count: int, bytes: int, kind: str) -> dict[str, float]:  # noqa: A002
        row = (payload_of(bytes),)
        with closing(self._connect()) as connection:
            began = time.perf_counter()
            for start in range(0, count, INSERTED):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(INSERT, [row] * min(INSERTED, count - start))
                connection.execute("COMMIT")
            return {"seconds": time.perf_counter() - began}

    def add_single(self, count: int, callers: int, bytes: int) -> dict[str, float]:  # noqa: A002
        row = (payload_of(bytes),)
        # There is one writer at a time in any case: callers that take turns on one connection are the quickest.
        turn, left = threading.Lock(), iter(range(count))
        with closing(self._connect()) as connection, ThreadPoolExecutor(callers) as pool:

            def caller() -> None:
                while True:
                    with turn:
                        if next(left, None) is None:
                            return
                        connection.execute(INSERT, row)

            began = time.perf_counter()
            for ended in [pool.submit(caller) for _ in range(callers)]:
                ended.result()
            return {"seconds": time.perf_counter() - began}

    def drain(self) -> None:
        with closing(self._connect()) as connection:
            self._work(connection)

    def _work(self, connection: sqlite3.Connection) -> None:
        claimed: list[int] = []
        while claimed or not self.stopping.is_set():
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(COMPLETE, [(number,) for number in claimed])
            wanted = 0 if self.stopping.is_set() else BATCH
            rows = connection.execute(CLAIM, (wanted,)).fetchall()
            connection.execute("COMMIT")
            self.counter.add(len(claimed))
            claimed = [row[0] for row in rows]
            if not claimed:
                time.sleep(EMPTY_PAUSE)

    def wait_for_jobs(self) -> None:
        with closing(self._connect()) as connection:
            while not self.stopping.is_set():
                # SQLite tells nobody.
                if self.told.wait(STOP_LOOK):
                    self.told.clear()
                    self.begin(len(connection.execute(CLAIM, (BATCH,)).fetchall()))

    def latency(self, count: int, pause: float) -> dict[str, list[float]]:
        taken = []
        with closing(self._connect()) as connection:
            for _ in range(count):
                time.sleep(pause)
                due = time.perf_counter()
                connection.execute(INSERT, ("1",))
                self.told.set()
                taken.append(self.delay(due))
        return {"milliseconds": taken}

    def left(self) -> dict[str, int]:
        with closing(self._connect()) as connection:
            return {"count": connection.execute(LEFT).fetchone()[0]}

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.url, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=16
        )
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
        return connection


if __name__ == "__main__":
    main(SqliteLimit)
