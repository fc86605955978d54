"""Under which conditions a measurement was made: the machine, the versions, the stores' settings."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg
from redis import Redis

# What decides how durable and how quick a commit is, and what a planner may do.
_SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_compression",
    "shared_buffers",
    "max_wal_size",
)


def machine() -> str:
    """The machine and the interpreter, with the load it had before the run."""
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {_processor()} · {os.cpu_count()} cores · load {load} before · "
        f"{platform.system()} {platform.release()} · "
        f"CPython {sys.version.split()[0]} · dataqueue {version('dataqueue')}"
    )


def postgres(url: str) -> str:
    """The server's version and the settings that matter."""
    with psycopg.connect(url) as connection:
        shown = [f"{name} {_show(connection, name)}" for name in _SETTINGS]
    return "PostgreSQL " + " · ".join(shown)


def redis(server: Redis) -> str:
    """The server's version and how it persists."""
    info = server.info("server")
    version = info.get("valkey_version") or info["redis_version"]
    shown = [f"{name} {next(iter(server.config_get(name).values()), '?')}" for name in ("appendonly", "appendfsync")]
    return f"{'Valkey' if 'valkey_version' in info else 'Redis'} {version} · {' · '.join(shown)}"


def sqlite() -> str:
    """How the embedded store writes. The engine brings an SQLite of its own; this names what it is told."""
    return f"SQLite in the engine: WAL, synchronous FULL (this interpreter's own is {sqlite3.sqlite_version}, not used)"


def _show(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("select current_setting(%s)", [name]).fetchone()
    return "?" if row is None else str(row[0])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
