"""Fills a store with finished jobs of ours that look as real ones do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from .drains import drain
from .places import Place
from .registry import Contestant
from .stage import Stage

__all__ = ["fill"]

# Rows of one transaction.
_STEP = 500_000
# Jobs whose events are told of together.
_BATCH = 500
_DRAINED = 100_000

# Ids of events are drawn ahead, since a statement that draws one for each row would draw them in no order.
_POSTGRES = (
    """
    INSERT INTO job_queue (id, {columns}, added_event, claimed_event, completed_event)
    SELECT nextval('job_queue_id_seq'), {columns}, e.id, e.id + 1, e.id + 2
    FROM job_queue, generate_series(0, %(count)s - 1) n,
        (SELECT nextval('job_events_id_seq') AS first OFFSET 0) s, LATERAL (SELECT s.first + n / %(batch)s * 3 AS id) e
    WHERE job_queue.id = %(model)s
    """,
    "SELECT setval('job_events_id_seq', max(completed_event)) FROM job_queue",
    """
    INSERT INTO job_event_batches (id, event_type, job_ids)
    SELECT e.id, e.kind, array_agg(j.id) FROM job_queue j, unnest(
        ARRAY[added_event, claimed_event, completed_event], ARRAY['added', 'processing', 'completed']
    ) AS e (id, kind)
    WHERE j.id > %(after)s GROUP BY e.id, e.kind ORDER BY e.id
    """,
)
_SQLITE = (
    """
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :count)
    INSERT INTO job_queue ({columns}) SELECT {columns} FROM job_queue, n WHERE id = :model
    """,
    """
    INSERT INTO job_events (job_id, {events})
    SELECT j.id, {from_events} FROM job_queue j, job_events e WHERE e.job_id = :model AND j.id > :after
    ORDER BY e.id, j.id
    """,
)


def fill(stage: Stage, contestant: Contestant, place: Place, count: int) -> None:
    """Leaves so many finished jobs in the queue of a place.

    On PostgreSQL and SQLite one real job is run and its row is copied, whatever a migration adds to it, with events as
    batches have them. Redis keeps a job in many structures at once: there all of them are real.
    """
    if contestant.store == "redis":
        for start in range(0, count, _DRAINED):
            drain(stage, contestant, place, "async", min(_DRAINED, count - start))
        return
    drain(stage, contestant, place, "async", 1)
    if contestant.store == "postgres":
        with psycopg.connect(place.url, autocommit=True) as connection:
            _copy_postgres(connection, count - 1)
    else:
        with closing(sqlite3.connect(place.url, isolation_level=None)) as connection:
            _copy_sqlite(connection, count - 1)


def _copy_postgres(connection: psycopg.Connection[Any], count: int) -> None:
    def columns(table: str, but: tuple[str, ...]) -> list[str]:
        query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        return [name for (name,) in connection.execute(query, [table]) if name not in but]

    own = columns("job_queue", ("id", "added_event", "claimed_event", "completed_event"))
    statements = _statements(_POSTGRES, own, [])
    model = _newest(connection)
    for start in range(0, count, _STEP):
        named = {"count": min(_STEP, count - start), "model": model, "after": _newest(connection), "batch": _BATCH}
        with connection.transaction():
            for statement in statements:
                connection.execute(statement, named)
    connection.execute("VACUUM (ANALYZE)")


def _copy_sqlite(connection: sqlite3.Connection, count: int) -> None:
    def columns(table: str, but: tuple[str, ...]) -> list[str]:
        told = connection.execute("SELECT name FROM pragma_table_info(?)", [table])
        return [name for (name,) in told if name not in but]

    statements = _statements(_SQLITE, columns("job_queue", ("id",)), columns("job_events", ("id", "job_id")))
    model = _newest(connection)
    for start in range(0, count, _STEP):
        named = {"count": min(_STEP, count - start), "model": model, "after": _newest(connection)}
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement, named)
        connection.execute("COMMIT")


def _statements(texts: tuple[str, ...], columns: list[str], events: list[str]) -> list[str]:
    from_events = ", ".join(f"e.{name}" for name in events)
    return [
        text.format(columns=", ".join(columns), events=", ".join(events), from_events=from_events) for text in texts
    ]


def _newest(connection: Any) -> int:
    (newest,) = connection.execute("SELECT max(id) FROM job_queue").fetchone()
    return int(newest)
