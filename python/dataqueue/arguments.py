"""Checks of arguments, before anything is stored: each error names the argument, its value and the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

__all__ = [
    "Duration",
    "check_bool",
    "check_count",
    "check_int32",
    "check_job_id",
    "check_name",
    "check_names",
    "check_text",
    "days_as_seconds",
    "delay_seconds",
    "minutes_as_seconds",
    "patience",
    "positive_seconds",
    "seconds",
    "timeout_ms",
    "timestamp",
]

Duration: TypeAlias = int | float | timedelta
"""Seconds, or a `timedelta`."""

MAX_NAME = 255
MAX_PAGE = 10_000
_INT32 = 2**31 - 1
_INT64 = 2**63 - 1
_YEAR = 366 * 24 * 3600
FOR_EVER = 10.0 * _YEAR
# No job is older than this, and times further back are beyond what stores can reckon with.
_LONGEST = 1_000 * _YEAR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Every store and every client can hold these; PostgreSQL's and Python's own limits lie further out.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def _kind(value: object) -> str:
    return type(value).__name__


def check_int(field: str, value: object, least: int, most: int) -> int:
    """An integer from `least` to `most`; no bool and no float."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{field} must be an int, not {_kind(value)}: {value!r:.80}")
    if not least <= value <= most:
        shown = str(value) if -(2**70) < value < 2**70 else "far out of range"
        raise ValueError(f"{field} is {shown}: it must be from {least} to {most}")
    return int(value)


def check_bool(field: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be True or False, not {_kind(value)}: {value!r:.80}")
    return value


def check_int32(field: str, value: object, least: int = -_INT32 - 1) -> int:
    """An integer of 32 bits, not below `least`."""
    return check_int(field, value, least, _INT32)


def check_job_id(field: str, value: object) -> int:
    """The id of a job: an integer of 64 bits."""
    return check_int(field, value, -_INT64 - 1, _INT64)


def check_count(field: str, value: object, most: int, *, least: int = 0) -> int:
    """A number of rows."""
    return check_int(field, value, least, most)


def check_name(field: str, value: object) -> str:
    """A text of 1 to 255 characters that every store can keep."""
    return check_text(field, value, MAX_NAME)


def check_text(field: str, value: object, most: int) -> str:
    """A text of 1 to `most` characters that every store can keep."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, not {_kind(value)}: {value!r:.80}")
    if not value:
        raise ValueError(f"{field} is empty: give it 1 to {most} characters")
    if len(value) > most:
        raise ValueError(f"{field} has {len(value)} characters: at most {most} are allowed")
    if "\0" in value:
        raise ValueError(f"{field} holds a NUL character (U+0000), which PostgreSQL cannot store: remove it")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"{field} holds half of a surrogate pair, which is not text: decode its source anew")
    return str(value)


def check_names(field: str, values: object) -> list[str]:
    """A collection of names; a lone str is refused, since it would be read letter by letter."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(f"{field} must be a list of str, not {_kind(values)}: {values!r:.80}")
    return [check_name(f"{field}[{at}]", value) for at, value in enumerate(values)]


def seconds(field: str, value: object) -> float:
    """A duration in seconds: finite and not negative."""
    if isinstance(value, timedelta):
        span = value.total_seconds()
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{field} must be seconds (int or float) or a timedelta, not {_kind(value)}: {value!r:.80}")
    else:
        try:
            span = float(value)
        except OverflowError:
            raise ValueError(f"{field} is far too long") from None
    if not math.isfinite(span):
        raise ValueError(f"{field} is {span}: give a finite number of seconds")
    if span < 0:
        raise ValueError(f"{field} is {span} seconds: it must not be negative")
    return span


def patience(field: str, value: object) -> float:
    """How long to wait, in seconds: ten years at most."""
    return min(seconds(field, value), FOR_EVER)


def positive_seconds(field: str, value: object) -> float:
    """A duration in seconds: above zero, and no longer than a time limit may be."""
    span = seconds(field, value)
    if span <= 0:
        raise ValueError(f"{field} is {value!r}: it must be positive")
    if span > _INT32 / 1000:
        raise ValueError(f"{field} is {span} seconds: at most {_INT32 // 1000} (about 24 days) are allowed")
    return span


def timeout_ms(field: str, value: object) -> int:
    """A time limit in whole milliseconds, from 1 to 2^31 - 1; fractions round up."""
    span = seconds(field, value)
    ms = math.ceil(round(span * 1000, 6))
    if ms < 1:
        raise ValueError(f"{field} is {span} seconds: it must be at least one millisecond, or None for no limit")
    if ms > _INT32:
        raise ValueError(f"{field} is {span} seconds: at most {_INT32 // 1000} (about 24 days) are allowed")
    return ms


def years_at_most(field: str, value: object) -> float:
    """A duration in seconds: above zero, ten years at most."""
    span = seconds(field, value)
    if span <= 0:
        raise ValueError(f"{field} is {value!r}: it must be positive")
    if span > FOR_EVER:
        raise ValueError(f"{field} is {span} seconds: at most {FOR_EVER:.0f} (about ten years) are allowed")
    return span


def delay_seconds(field: str, value: object) -> float:
    """A retry delay in seconds, at most a year."""
    span = seconds(field, value)
    if span > _YEAR:
        raise ValueError(f"{field} is {span} seconds: at most {_YEAR} (a year) are allowed")
    return span


def interval_of(field: str, rate: object) -> float:
    """The seconds between two of so many a second: from one in a year to a million."""
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise TypeError(f"{field} must be a number of jobs a second, not {_kind(rate)}: {rate!r:.80}")
    # Written so that NaN fails too.
    if not 1 / _YEAR <= rate <= 1_000_000:
        raise ValueError(f"{field} is {rate!r:.80} jobs a second: it must be from one in a year to a million")
    return 1 / rate


def days_as_seconds(field: str, value: object) -> float:
    """A number of days, finite and not negative, in seconds."""
    return _units(field, value, 86_400)


def minutes_as_seconds(field: str, value: object) -> float:
    """A number of minutes, finite and not negative, in seconds."""
    return _units(field, value, 60)


def _units(field: str, value: object, unit: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{field} must be a number, not {_kind(value)}: {value!r:.80}")
    # Written so that NaN fails too.
    if not 0 <= value < math.inf:
        raise ValueError(f"{field} is {value}: give a finite number that is not negative")
    return float(min(value, _LONGEST // unit)) * unit


def timestamp(field: str, value: object) -> int:
    """An aware datetime as microseconds since the Unix epoch."""
    if not isinstance(value, datetime):
        raise TypeError(f"{field} must be a datetime, not {_kind(value)}: {value!r:.80}")
    if value.utcoffset() is None:
        raise ValueError(
            f"{field} is a naive datetime ({value.isoformat()}): say which zone it is in, "
            f"such as value.replace(tzinfo=timezone.utc), or make it with datetime.now(timezone.utc)"
        )
    if not _FIRST <= value <= _LAST:
        raise ValueError(f"{field} is {value.isoformat()}: it must lie between {_FIRST:%Y-%m-%d} and {_LAST:%Y-%m-%d}")
    return (value - _EPOCH) // _MICROSECOND


def datetime_of(micros: int) -> datetime:
    """Microseconds since the Unix epoch as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)
