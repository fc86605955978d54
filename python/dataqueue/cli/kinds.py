"""Kinds of arguments: spans of time, points in time, ids of jobs."""

from __future__ import annotations

import re
from datetime import datetime

import click

__all__ = ["JOB_ID", "duration", "moment"]

JOB_ID = click.IntRange(1, 2**63 - 1)

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|[smhdw])", re.ASCII)
_PLAIN = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)


def duration(value: str) -> float:
    """A span of time, in seconds.

    Raises:
        click.BadParameter: It is none.
    """
    text = value.strip()
    if _PLAIN.fullmatch(text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{value!r} is not a span of time: write it as 90, 90s, 10m, 1h30m or 7d")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def moment(value: str) -> datetime:
    """A point in time.

    Raises:
        click.BadParameter: It is none, or does not say in which zone.
    """
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time: write it as 2026-12-24T18:00+01:00") from None
    if found.utcoffset() is None:
        raise click.BadParameter(f"{value!r} does not say in which zone: add Z for UTC, or an offset such as +01:00")
    return found
