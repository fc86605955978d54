"""Looks into an SQLite file, in a process of its own.

Two SQLite libraries in one process would drop each other's locks.
"""

from __future__ import annotations

import subprocess
import sys

__all__ = ["check_file"]

_CHECK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30)
print(connection.execute("pragma integrity_check").fetchall())
print(connection.execute("select (select count(*) from job_leases), (select count(*) from job_ready)").fetchone())
"""


def check_file(url: str) -> None:
    """An SQLite file is sound, and holds no lease and nothing to claim; other stores are passed over."""
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        shown = subprocess.run([sys.executable, "-c", _CHECK, path], capture_output=True, text=True, check=True)
        assert shown.stdout == "[('ok',)]\n(0, 0)\n", shown.stdout
