"""What a process and its children have used, as Linux tells it; nothing where there is no /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "usage"]

_PROC = Path("/proc")
# Fields of /proc/PID/stat after the name, which is in parentheses and may hold anything.
_PARENT, _FIRST_TIME, _AFTER_TIMES = 1, 11, 15


@dataclass(frozen=True)
class Usage:
    """CPU seconds, peak memory and bytes written by a tree of processes."""

    cpu: float = 0.0
    peak: int = 0
    """The sum of the peaks of those that live: more than the peak of the sum, if anything."""
    written: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu + other.cpu, self.peak + other.peak, self.written + other.written)

    def since(self, before: Usage) -> Usage:
        """What was used since `before`; the peak is that of the whole time."""
        return Usage(self.cpu - before.cpu, self.peak, self.written - before.written)


def usage(pid: int) -> Usage | None:
    """What a process and its children have used so far."""
    if not (_PROC / "self" / "stat").exists():
        return None
    return sum(map(_own, _tree(pid)), Usage())


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found.extend(children.get(parent, []))
    return found


def _own(pid: int) -> Usage:
    fields = _stat(pid)
    if not fields:
        return Usage()
    # With the times of children that have ended and been waited for.
    ticks = sum(map(int, fields[_FIRST_TIME:_AFTER_TIMES]))
    peak = _line(pid, "status", "VmHWM:") * 1024
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), peak, _line(pid, "io", "write_bytes:"))


def _stat(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _line(pid: int, file: str, name: str) -> int:
    try:
        lines = (_PROC / str(pid) / file).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
