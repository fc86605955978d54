"""Times, durations, numbers and sizes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from markupsafe import Markup

__all__ = ["ago", "duration", "exact", "number", "size", "time_tag", "titled"]

_NONE = "\N{EN DASH}"
_UNITS = ((86_400 * 365, "y"), (86_400 * 30, "mo"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def ago(at: datetime, now: datetime) -> str:
    """How far a time is from now: `just now`, `3 min ago`, `in 2 h`."""
    seconds = (now - at).total_seconds()
    far = abs(seconds)
    if far < 2:
        return "just now"
    unit, name = next((unit, name) for unit, name in _UNITS if far >= unit)
    shown = f"{int(far // unit)} {name}"
    return f"{shown} ago" if seconds > 0 else f"in {shown}"


def exact(at: datetime) -> str:
    """A time to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def time_tag(at: datetime | None, now: datetime, missing: str = _NONE) -> Markup:
    """A time as HTML: relative, with the exact one on hover, and for scripts that keep it up to date."""
    if at is None:
        return Markup('<span class="none">{}</span>').format(missing)
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, exact(at), ago(at, now))


def duration(span: timedelta | float | None) -> str:
    """A span of time: `12 ms`, `3.4 s`, `2 h 5 min`."""
    if span is None:
        return _NONE
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for unit, name, below, smaller in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // below
            return f"{whole // unit} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def number(value: float | None) -> str:
    """A number with its thousands apart."""
    if value is None:
        return _NONE
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def size(bytes_: int) -> str:
    """A number of bytes."""
    if bytes_ < 1_000:
        return f"{bytes_} bytes"
    return f"{bytes_ / 1_000:.1f} kB" if bytes_ < 1_000_000 else f"{bytes_ / 1_000_000:.1f} MB"


def titled(name: str) -> str:
    """A name of a state or an event as a word of a page."""
    return name.replace("_", " ").capitalize()
