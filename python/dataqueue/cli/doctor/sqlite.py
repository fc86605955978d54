"""What is looked at of an SQLite file.

Through the engine only: a second SQLite library on a file in one process drops the locks of the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BackendUnavailable
from . import store
from .finding import Check, Finding, notice, ok, problem, warning

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["checks"]

_CHECKED = 1 << 30
_ROOMY = 64 << 20
_LOG = 256 << 20
_LITTLE, _TOO_LITTLE = 1 << 30, 100 << 20


def checks(queue: JobQueue) -> Iterator[Check]:
    """The checks, in the order in which they are told."""
    from ..._core import examine_file, whereabouts

    core, path = queue._requests.store, whereabouts(queue._requests.store)["path"]
    yield "round trip", lambda: store.round_trip(lambda: examine_file(core, False).wait())
    yield "schema", lambda: store.schema(queue)
    yield "journal", lambda: _journal(examine_file(core, False).wait(), path)
    if path is None:
        return
    yield "file", lambda: _file(examine_file(core, False).wait(), Path(path))
    yield "disk", lambda: _disk(Path(path))
    yield "integrity", lambda: _integrity(core, Path(path))
    yield "durability", lambda: store.durability(queue)


def _journal(state: dict[str, Any], path: str | None) -> Iterable[Finding]:
    told = f"journal_mode {state['journal_mode']}, synchronous {state['synchronous']}"
    if path is None:
        yield warning(
            "journal",
            f"{told}: everything is in memory, and gone with this process",
            "name a file: sqlite:///jobs.db",
        )
    elif state["journal_mode"] != "wal" or state["synchronous"] not in ("full", "extra"):
        yield problem(
            "journal",
            told,
            "close every other program that opened the file: the queue sets wal and full itself when it opens it",
        )
    else:
        yield ok("journal", told)


def _file(state: dict[str, Any], path: Path) -> Iterable[Finding]:
    size, free = state["pages"] * state["page_size"], state["free_pages"] * state["page_size"]
    log = _size(path.with_name(f"{path.name}-wal"))
    told = f"{path}: {_mib(size)}, of which {_mib(free)} free; its log {_mib(log)}"
    if log > _LOG:
        yield warning(
            "file",
            told,
            "find the program that reads from the file without an end, and close it: the log grows until it does",
        )
    elif free > max(_ROOMY, size // 2):
        yield notice(
            "file",
            told,
            "new jobs use the free room; VACUUM in the sqlite3 shell gives it back, while no worker has the file open",
        )
    else:
        yield ok("file", told)


def _disk(path: Path) -> Iterable[Finding]:
    free = shutil.disk_usage(path.resolve().parent).free
    told = f"{_mib(free)} are free where {path} lies"
    if free < _TOO_LITTLE:
        yield problem("disk", told, "make room: when it is full, no job can be added, claimed or completed")
    elif free < _LITTLE:
        yield warning("disk", told, "make room before it is full, and no job can be added, claimed or completed")
    else:
        yield ok("disk", told)


def _integrity(core: Any, path: Path) -> Iterable[Finding]:
    from ..._core import examine_file

    size = _size(path)
    if size > _CHECKED:
        yield notice("integrity", f"not checked: {_mib(size)} would take long", "run PRAGMA quick_check on a copy")
        return
    try:
        damage = examine_file(core, True).wait()["damage"]
    except BackendUnavailable as error:
        yield notice("integrity", f"not checked to the end: {error}", "run PRAGMA quick_check on a copy")
        return
    if damage:
        yield problem(
            "integrity",
            f"the file is damaged: {'; '.join(damage)}",
            "stop all workers, and restore it from a backup, or run `.recover` in the sqlite3 shell",
        )
    else:
        yield ok("integrity", "quick_check finds no damage")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
