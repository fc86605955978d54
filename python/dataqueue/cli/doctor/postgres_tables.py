"""What is looked at in the tables of a queue in PostgreSQL: their indexes and their dead rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...pool import PoolHandle

__all__ = ["expected_indexes", "indexes", "rows"]

_MADE = re.compile(r"^CREATE (?:UNIQUE )?INDEX (\w+) ON \S+?\.(\w+) [^;]*;", re.MULTILINE)
_GONE = re.compile(r"^DROP (?:INDEX|TABLE) [^;]*?(\w+);", re.MULTILINE)
# Narrow rows that come and go with each job: however long the queue, they need no more than this each.
_HOT = ("job_ready", "job_scheduled", "job_claims", "job_terms", "job_line")
_ROOMY = 64 << 20
_BYTES_A_ROW = 2_000
_DEAD = 20_000


def expected_indexes(steps: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    """The indexes that migrations leave, each with the statement that makes it."""
    found: dict[str, tuple[str, str]] = {}
    for _, _, sql in steps:
        for change in sorted((*_MADE.finditer(sql), *_GONE.finditer(sql)), key=re.Match.start):
            if change.re is _MADE:
                found[change[1]] = (change[2], " ".join(change[0].split()))
            else:
                # An index goes with its table.
                found = {name: one for name, one in found.items() if change[1] not in (name, one[0])}
    return {name: statement for name, (_, statement) in found.items()}


def indexes(queue: JobQueue, pool: PoolHandle, schema: str) -> Iterable[Finding]:
    """Whether each index of the applied migrations is there, and valid."""
    store = queue._requests.store
    applied, _ = store.migration_state().wait()
    expected = expected_indexes(step for step in store.migration_sql(None, []) if step[0] in applied)
    valid = {
        row["name"]: row["valid"]
        for row in pool.fetch(
            """SELECT c.relname AS name, i.indisvalid AND i.indisready AS valid FROM pg_index i
               JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1::text""",
            schema,
        )
    }
    bad = 0
    for name, statement in expected.items():
        if name not in valid:
            bad += 1
            making = statement.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
            yield problem("indexes", f"{name} is missing: what used it reads whole tables", f"make it anew: {making}")
    for name, is_valid in valid.items():
        if not is_valid:
            bad += 1
            yield problem(
                "indexes",
                f"{name} is not valid: it costs at each write, and no query uses it",
                f'run REINDEX INDEX CONCURRENTLY "{schema}"."{name}"',
            )
    if not bad:
        yield ok("indexes", f"all {len(expected)} are there and valid")


def rows(pool: PoolHandle, schema: str) -> Iterable[Finding]:
    """Whether the vacuum keeps up with the rows that jobs leave behind."""
    found = pool.fetch(
        """SELECT c.relname AS name, s.n_live_tup AS live, s.n_dead_tup AS dead, pg_relation_size(c.oid) AS size,
               greatest(s.last_autovacuum, s.last_vacuum)::text AS vacuumed,
               coalesce((SELECT option_value::bool FROM pg_options_to_table(c.reloptions)
                   WHERE option_name = 'autovacuum_enabled'), true) AS enabled,
               coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions)
                   WHERE option_name = 'autovacuum_vacuum_threshold'),
                   current_setting('autovacuum_vacuum_threshold')::float8)
               + s.n_live_tup * coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions)
                   WHERE option_name = 'autovacuum_vacuum_scale_factor'),
                   current_setting('autovacuum_vacuum_scale_factor')::float8) AS due,
               current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS on
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_all_tables s ON s.relid = c.oid
           WHERE n.nspname = $1::text AND c.relkind = 'r' ORDER BY c.relname""",
        schema,
    )
    if found and not found[0]["on"]:
        yield problem(
            "dead rows",
            "the server's autovacuum is off: dead rows stay, and claims become slower with each job",
            "set autovacuum = on and track_counts = on",
        )
    findings = [finding for row in found for finding in _of_table(row, schema)]
    yield from findings
    if not findings:
        yield ok("dead rows", f"{sum(row['dead'] for row in found):,} in {len(found)} tables; autovacuum keeps up")


def _of_table(row: dict[str, Any], schema: str) -> Iterable[Finding]:
    table = f'"{schema}"."{row["name"]}"'
    if not row["enabled"]:
        yield problem(
            "dead rows",
            f"autovacuum is off for {row['name']}, which has {row['dead']:,} dead rows",
            f"run ALTER TABLE {table} RESET (autovacuum_enabled)",
        )
    if row["dead"] > max(_DEAD, 3 * row["due"]):
        yield warning(
            "dead rows",
            f"{row['name']} has {row['dead']:,} dead rows beside {row['live']:,} live ones; autovacuum begins at "
            f"{row['due']:,.0f}, and ran last at {row['vacuumed'] or 'no time'}",
            f"end what holds them back (see oldest transaction and horizon), then run VACUUM {table}; give autovacuum "
            "more workers, or a lower autovacuum_vacuum_cost_delay",
        )
    if row["name"] in _HOT and row["size"] > max(_ROOMY, _BYTES_A_ROW * row["live"]):
        yield warning(
            "dead rows",
            f"{row['name']} takes {row['size'] >> 20:,} MiB for {row['live']:,} rows: it is bloated",
            f"run VACUUM FULL {table} while few jobs run (it locks the table for moments), or pg_repack",
        )
