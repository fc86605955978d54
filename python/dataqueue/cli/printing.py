"""How commands print: JSON, tables, spans of time."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import click

__all__ = ["Cell", "ago", "as_json", "clean", "color_of", "cut", "fit", "print_json", "span", "table", "terminal_width"]

Cell: TypeAlias = str | tuple[str, str | None]
"""A text, or a text and its colour."""

_GAP = "  "
_WIDEST = 32
_COLORS = {
    "pending": "cyan",
    "processing": "blue",
    "completed": "green",
    "failed": "red",
    "cancelled": "bright_black",
    "waiting": "magenta",
    "active": "green",
    "paused": "yellow",
}


def as_json(value: Any) -> Any:
    """A record, or what holds records, of what JSON has: fields by their names, times in ISO 8601, spans in seconds."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value


def print_json(value: Any) -> None:
    """Prints one JSON document on one line."""
    click.echo(json.dumps(as_json(value)))


def color_of(status: str) -> str | None:
    """The colour in which a status is shown."""
    return _COLORS.get(status)


def clean(text: str) -> str:
    """A text in which no character commands the terminal: what users stored may hold any."""
    return "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in text)


def span(seconds: float) -> str:
    """A length of time in at most two units, such as `2d4h`; below a second in milliseconds."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f}ms"
    whole = int(seconds)
    for size, unit, part, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size}{unit}{rest}{smaller}" if rest else f"{whole // size}{unit}"
    return f"{whole}s"


def ago(moment: datetime, now: datetime) -> str:
    """A time as seen from now: `5m ago` or `in 5m`."""
    seconds = (now - moment).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"


def terminal_width() -> int | None:
    """The columns of the terminal, None where the output goes elsewhere and is not to be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fit(text: str, width: int | None) -> str:
    """A text on one line, cut to so many columns."""
    return cut(clean(" ".join(text.split())), width)


def cut(line: str, width: int | None) -> str:
    """A line without what lies beyond so many columns."""
    if width is None or _columns(line) <= width:
        return line
    taken, kept = 0, []
    for one in line:
        taken += _columns(one)
        if taken > width - 1:
            break
        kept.append(one)
    return "".join(kept) + "…" if width > 0 else ""


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]], width: int | None = None) -> list[str]:
    """The lines of a table: columns as wide as they need be, the last one cut where the terminal ends."""
    most = None if width is None else _WIDEST
    texts = [[fit(_text(cell), most if at < len(row) - 1 else None) for at, cell in enumerate(row)] for row in rows]
    widths = [max(_columns(line[at]) for line in (header, *texts)) for at in range(len(header) - 1)]
    left = None if width is None else max(width - sum(widths) - len(_GAP) * len(widths), 0)
    lines = [click.style(cut(_line(header, widths, left), width), bold=True)]
    for row, cells in zip(rows, texts, strict=True):
        colors = [cell[1] if isinstance(cell, tuple) else None for cell in row]
        lines.append(_line(cells, widths, left, colors))
    return lines


def _line(
    cells: Sequence[str], widths: Sequence[int], left: int | None, colors: Sequence[str | None] | None = None
) -> str:
    padded = [cell + " " * (wide - _columns(cell)) for cell, wide in zip(cells, widths, strict=False)]
    padded.append(cut(cells[-1], left))
    if colors is not None:
        padded = [click.style(cell, fg=color) if color else cell for cell, color in zip(padded, colors, strict=True)]
    return _GAP.join(padded).rstrip()


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(one) in "WF" else 0 if unicodedata.combining(one) else 1 for one in text
    )
