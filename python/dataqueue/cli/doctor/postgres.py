"""What is looked at in PostgreSQL: the server, its connections, and what keeps rows from being cleaned away."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..printing import clean, span
from . import store
from .finding import Check, Finding, notice, ok, problem, warning
from .postgres_tables import indexes, rows

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...config import PostgresConfig
    from ...pool import PoolHandle

__all__ = ["checks"]

_OLDEST_VERSION = 130_000
_OLD, _TOO_OLD = 60.0, 600.0
_POOLED_TRIES = 5


def checks(queue: JobQueue, config: PostgresConfig) -> Iterator[Check]:
    """The checks, in the order in which they are told."""
    from ..._core import whereabouts

    pool, told = queue.get_pool(), whereabouts(queue._requests.store)
    yield "round trip", lambda: store.round_trip(lambda: pool.fetch("SELECT 1"))
    yield "server", lambda: _server(pool)
    yield "schema", lambda: store.schema(queue)
    yield "indexes", lambda: indexes(queue, pool, told["schema"])
    yield "dead rows", lambda: rows(pool, told["schema"])
    yield "oldest transaction", lambda: _oldest_transaction(pool)
    yield "horizon", lambda: _horizon(pool)
    yield "connections", lambda: _connections(pool)
    yield "pooler", lambda: _pooler(config, told["pgbouncer"])
    yield "durability", lambda: store.durability(queue)
    yield "clock", lambda: store.clock(lambda: _now(pool))


def _now(pool: PoolHandle) -> datetime:
    (row,) = pool.fetch("SELECT clock_timestamp() AS now")
    return datetime.fromisoformat(row["now"])


def _server(pool: PoolHandle) -> Iterable[Finding]:
    (row,) = pool.fetch(
        "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version, "
        "pg_is_in_recovery() AS standby"
    )
    if row["standby"]:
        yield problem(
            "server",
            f"PostgreSQL {row['version']}, a standby, which takes no writes",
            "let the URL lead to the primary",
        )
    elif row["number"] < _OLDEST_VERSION:
        yield problem("server", f"PostgreSQL {row['version']}, older than 13", "upgrade the server")
    else:
        yield ok("server", f"PostgreSQL {row['version']}")


def _oldest_transaction(pool: PoolHandle) -> Iterable[Finding]:
    """A transaction that stays open keeps every row that was deleted since; claims then read them all again."""
    (right,) = pool.fetch("SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS has, current_user AS role")
    if not right["has"]:
        yield notice(
            "oldest transaction",
            f"those of other roles are hidden from {right['role']}",
            f'run this as a role that sees them, or GRANT pg_read_all_stats TO "{right["role"]}"',
        )
    found = pool.fetch(
        """SELECT pid, usename, application_name, state,
               extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age,
               left(regexp_replace(query, '\\s+', ' ', 'g'), 60) AS query
           FROM pg_stat_activity
           WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND datname = current_database()
               AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL OR state LIKE 'idle in transaction%')
           ORDER BY xact_start LIMIT 1"""
    )
    if not found or found[0]["age"] < _OLD:
        age = "none is open" if not found else f"it is {span(found[0]['age'])} old"
        yield ok("oldest transaction", age)
        return
    row = found[0]
    told = (
        f"open for {span(row['age'])}: pid {row['pid']}, user {row['usename']}, application "
        f"{row['application_name'] or '(none)'}, {row['state'] or 'its state is hidden'}: {clean(row['query'] or '')}"
    )
    remedy = (
        f"finish it, or end it with SELECT pg_terminate_backend({row['pid']}): while it is open, dead rows "
        "stay, and claims become slower. idle_in_transaction_session_timeout ends such by themselves"
    )
    yield (problem if row["age"] >= _TOO_OLD else warning)("oldest transaction", told, remedy)


def _horizon(pool: PoolHandle) -> Iterable[Finding]:
    """Slots and prepared transactions hold rows back as open transactions do, and show up nowhere else."""
    count = 0
    for row in pool.fetch(
        """SELECT slot_name, slot_type, active, greatest(age(xmin), age(catalog_xmin)) AS age FROM pg_replication_slots
           WHERE xmin IS NOT NULL OR (NOT active AND restart_lsn IS NOT NULL) ORDER BY age DESC NULLS LAST LIMIT 20"""
    ):
        count += 1
        behind = "it keeps log files" if row["age"] is None else f"it holds back {row['age']} transactions"
        if row["active"]:
            yield notice("horizon", f"replication slot {row['slot_name']} is in use; {behind}")
        else:
            yield warning(
                "horizon",
                f"replication slot {row['slot_name']} ({row['slot_type']}) is used by nobody; {behind}",
                f"connect its consumer, or drop it with SELECT pg_drop_replication_slot('{row['slot_name']}')",
            )
    for row in pool.fetch(
        """SELECT gid, owner, extract(epoch FROM clock_timestamp() - prepared)::float8 AS age FROM pg_prepared_xacts
           WHERE database = current_database() ORDER BY prepared LIMIT 20"""
    ):
        count += 1
        yield (warning if row["age"] >= _OLD else notice)(
            "horizon",
            f"prepared transaction {row['gid']!r} of {row['owner']} is {span(row['age'])} old",
            "COMMIT PREPARED or ROLLBACK PREPARED it: it holds dead rows back, and locks",
        )
    if not count:
        yield ok("horizon", "no replication slot and no prepared transaction holds dead rows back")


def _connections(pool: PoolHandle) -> Iterable[Finding]:
    (row,) = pool.fetch(
        """SELECT count(*)::int AS used, current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int AS most
           FROM pg_stat_activity WHERE datid IS NOT NULL"""
    )
    told = f"{row['used']} of {row['most']} are used"
    if row["used"] >= 0.9 * row["most"]:
        yield problem("connections", told, "lower pool_max of the workers, raise max_connections, or use PgBouncer")
    elif row["used"] >= 0.7 * row["most"]:
        yield warning("connections", told, "lower pool_max of the workers, or use PgBouncer, before it is full")
    else:
        yield ok("connections", told)


def _pooler(config: PostgresConfig, is_told: bool) -> Iterable[Finding]:
    """Two connections that are open at once and served by one process of the server have a pooler before it."""
    if _shares_backends(config):
        if is_told:
            yield notice(
                "pooler",
                "a transaction pooler, and pgbouncer=true: workers are not woken, and look for jobs at intervals",
                "give workers a URL past the pooler, if jobs are to begin at once",
            )
        else:
            yield problem(
                "pooler",
                "a transaction pooler, and pgbouncer=true is not set: statements may fail, and LISTEN hears nothing",
                "add ?pgbouncer=true to the URL, or pgbouncer=True to PostgresConfig",
            )
    elif is_told:
        yield notice(
            "pooler",
            "pgbouncer=true is set, and no transaction pooler was seen; it shows only while it is not busy",
            "leave pgbouncer=true out where there is none: workers are then woken by new jobs",
        )
    else:
        yield ok("pooler", "no transaction pooler was seen")


def _shares_backends(config: PostgresConfig) -> bool:
    from dataclasses import replace

    from ...blocking import JobQueue

    alone = replace(config, pool_min=0, pool_max=1, pgbouncer=True)
    with ExitStack() as stack:
        handles = [stack.enter_context(JobQueue(alone)).get_pool() for _ in range(2)]
        for attempt in range(_POOLED_TRIES):
            one, other = (_pid(handle) for handle in handles)
            if one == other:
                return True
            if attempt:
                time.sleep(0.05)
    return False


def _pid(pool: PoolHandle) -> Any:
    return pool.fetch("SELECT pg_backend_pid() AS pid")[0]["pid"]
