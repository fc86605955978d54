"""A frame as lines of text."""

from __future__ import annotations

from datetime import UTC

import click

from ...flow import Paused
from ..printing import Cell, ago, clean, color_of, cut, fit, span, table
from .reading import Frame

__all__ = ["draw"]

_LEAST = 3


def draw(frame: Frame, width: int | None = None, height: int | None = None) -> list[str]:
    """The lines of a frame, within so many columns and rows; None is without bound."""
    lines = [
        click.style(cut(f"dataqueue top  {clean(frame.store)}  {frame.at.astimezone(UTC):%H:%M:%S}Z", width), bold=True)
    ]
    lines += ["", _counts(frame, width), _rates(frame, width)]
    if frame.paused:
        paused = ", ".join(_named(one) for one in frame.paused)
        lines.append(click.style(fit(f"paused: {paused}", width), fg="yellow"))
    sections = [_types(frame, width), _running(frame, width), _failures(frame, width)]
    left = None if height is None else max(height - len(lines) - 1, 0)
    for section, rows in zip(sections, _shares(left, [len(one) for one in sections]), strict=True):
        if section and rows >= _LEAST:
            lines += ["", *section[: rows - 1]]
    return lines if height is None else lines[: max(height - 1, 1)]


def _counts(frame: Frame, width: int | None) -> str:
    parts = [f"{count} {status}" for status, count in frame.counts.items()]
    plain = "  ".join(parts)
    if width is not None and len(plain) > width:
        return cut(plain, width)
    return "  ".join(click.style(part, fg=color_of(part.split(" ")[-1])) for part in parts)


def _rates(frame: Frame, width: int | None) -> str:
    failed = frame.failed_per_second
    line = f"{frame.completed_per_second:,.1f} completed/s  {failed:,.1f} failed/s"
    return click.style(cut(line, width), fg="red" if failed else None)


def _types(frame: Frame, width: int | None) -> list[str]:
    if not frame.types:
        return []
    rows: list[list[Cell]] = [
        [
            one.job_type,
            str(one.ready),
            str(one.scheduled),
            "" if one.oldest_due_at is None else ago(one.oldest_due_at, frame.at),
            ("paused", "yellow") if one.is_paused else "" if one.is_handled else ("no worker", "red"),
        ]
        for one in frame.types
    ]
    return table(("TYPE", "READY", "SCHEDULED", "OLDEST DUE", "STATE"), rows, width)


def _running(frame: Frame, width: int | None) -> list[str]:
    rows: list[list[Cell]] = [
        [
            str(job.id),
            job.job_type,
            span(job.running_for),
            "" if job.progress is None else f"{job.progress} %",
            str(job.attempt),
            job.locked_by or "",
        ]
        for job in frame.running
    ]
    return table(("RUNNING", "TYPE", "FOR", "PROGRESS", "ATTEMPT", "WORKER"), rows, width) if rows else []


def _failures(frame: Frame, width: int | None) -> list[str]:
    rows: list[list[Cell]] = [
        [
            str(one.id),
            one.job_type or "",
            ago(one.at, frame.at),
            "" if one.will_retry is None else "yes" if one.will_retry else ("no", "red"),
            one.message,
        ]
        for one in frame.failures
    ]
    return table(("FAILED", "TYPE", "WHEN", "RETRIED", "WHY"), rows, width) if rows else []


def _shares(left: int | None, wanted: list[int]) -> list[int]:
    """The rows of each section, an empty one before it among them: small ones whole, the rest by equal parts."""
    needed = [lines + 1 if lines else 0 for lines in wanted]
    if left is None:
        return needed
    given = [0] * len(needed)
    order = sorted(range(len(needed)), key=needed.__getitem__)
    for place, at in enumerate(order):
        given[at] = min(needed[at], left // (len(order) - place))
        left -= given[at]
    return given


def _named(one: Paused) -> str:
    if one.job_type is not None:
        return f"type {clean(one.job_type)}"
    return "everything" if one.group is None else f"group {clean(one.group)}"
