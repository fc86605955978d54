"""Moves the next tick of a schedule, with the store's own tools: a test does not wait for minutes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.redis_servers import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from dataqueue import JobQueue

__all__ = ["mover"]

# Two SQLite libraries on one file in one process would drop each other's locks.
_SQLITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for line in sys.stdin:
    schedule_id, micros = line.split()
    changed = connection.execute("update cron_schedules set next_run_at = ? where id = ?", (micros, schedule_id))
    print(changed.rowcount, flush=True)
"""
# The record's fourth member is the next tick, as in the driver's shared/schedules.lua.
_REDIS = """
local schedule = cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1]))
local member = string.format('%016d', ARGV[1])
redis.call('ZREM', KEYS[2], schedule[4] .. member)
schedule[4] = ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack(schedule))
return redis.call('ZADD', KEYS[2], 0, schedule[4] .. member)
"""
_BIAS = 10**17


@contextmanager
def mover(url: str) -> Iterator[Callable[[int, datetime], None]]:
    """A function that makes a schedule due at another time; processors are not told of it."""
    with ExitStack() as stack:
        if url.startswith("sqlite"):
            move = _on_sqlite(stack, url)
        elif url.startswith("redis"):
            move = _on_redis(stack, url)
        else:
            move = _on_postgres(stack, url)

        def moved(schedule_id: int, at: datetime) -> None:
            assert move(schedule_id, at) == 1, f"there is no schedule {schedule_id}"

        yield moved


def make_due(queue: JobQueue, url: str, schedule_id: int, at: datetime) -> None:
    """Moves the next tick of one schedule once, and lets processors know."""
    with mover(url) as move:
        move(schedule_id, at)
    schedule = queue.get_cron_job(schedule_id)
    assert schedule is not None
    assert queue.edit_cron_job(schedule_id, priority=schedule.priority)


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _on_postgres(stack: ExitStack, url: str) -> Callable[[int, datetime], int]:
    parts = urlsplit(url)
    schema = parse_qs(parts.query)["schema"][0]
    connection = stack.enter_context(psycopg.connect(parts._replace(query="").geturl(), autocommit=True))

    def move(schedule_id: int, at: datetime) -> int:
        statement = f'update "{schema}".cron_schedules set next_run_at = %s where id = %s'
        return connection.execute(statement.encode(), (at, schedule_id)).rowcount

    return move


def _on_sqlite(stack: ExitStack, url: str) -> Callable[[int, datetime], int]:
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", _SQLITE, url.removeprefix("sqlite:///")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )

    def move(schedule_id: int, at: datetime) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{schedule_id} {_micros(at)}\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    return move


def _on_redis(stack: ExitStack, url: str) -> Callable[[int, datetime], int]:
    parts = urlsplit(url)
    tag = parse_qs(parts.query)["key_prefix"][0].rstrip(":")
    client = connect(parts._replace(query="").geturl())
    stack.callback(client.close)
    keys = [f"{{{tag}}}:schedules", f"{{{tag}}}:schedules_due"]

    def move(schedule_id: int, at: datetime) -> int:
        return int(client.eval(_REDIS, 2, *keys, schedule_id, f"{_micros(at) + _BIAS:018d}"))

    return move
