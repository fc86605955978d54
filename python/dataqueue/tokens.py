"""What handlers wait for besides the time, and what they get when it is over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from .arguments import Duration, check_name, datetime_of, seconds
from .models import JobStatus

__all__ = ["JobResult", "Token", "TokenResult", "TokenStatus", "TokenTimeout"]

TokenTimeout: TypeAlias = str | Duration
"""A text such as `48h`, seconds, or a `timedelta`."""

R_co = TypeVar("R_co", covariant=True)

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_TIMEOUT = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([smhdw])\s*", re.ASCII)
# Within what every store can keep.
_LONGEST = 100 * 366 * 86_400


class TokenStatus(StrEnum):
    """How far a token is."""

    WAITING = "waiting"
    COMPLETED = "completed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it was when it was read. Datetimes are in UTC.

    Attributes:
        id: Its id, which cannot be guessed: whoever has it can complete the token.
        job_id: The job whose handler made it, the only one that may wait for it; None for a token that a queue made.
        status: `waiting`, `completed` or `timed_out`.
        output: What it was completed with, decoded from JSON.
        timeout_at: Until when it can be completed; None for ever.
        created_at: When it was made.
        completed_at: When it was completed.
        tags: Its tags.
    """

    id: str
    job_id: int | None
    status: TokenStatus
    output: Any
    timeout_at: datetime | None
    created_at: datetime
    completed_at: datetime | None
    tags: list[str]

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> Token:
        """The record as the engine reports it."""
        values = dict(fields)
        values["status"] = TokenStatus(values["status"])
        values["output"] = None if values["output"] is None else json.loads(values["output"])
        for name in ("timeout_at", "created_at", "completed_at"):
            values[name] = None if values[name] is None else datetime_of(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class TokenResult(Generic[R_co]):
    """How the wait for a token ended.

    Attributes:
        ok: Whether the token was completed, and did not time out.
        output: What it was completed with; None otherwise.
        error: Why there is no output.
    """

    ok: bool
    output: R_co
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobResult(Generic[R_co]):
    """How a job ended that another one waited for.

    Attributes:
        ok: Whether it completed.
        output: Its output, if it completed; None otherwise.
        error: The message of its last failure, or that it was cancelled.
        job_id: The job.
        status: `completed`, `failed` or `cancelled`.
    """

    ok: bool
    output: R_co
    error: str | None
    job_id: int
    status: JobStatus


def token_timeout(value: object) -> float | None:
    """The time that a token can be completed, in seconds: of a text such as `48h`, or a duration.

    Raises:
        TypeError: It is neither.
        ValueError: The text has another form, or the time is not positive or too long.
    """
    if value is None:
        return None
    if isinstance(value, str):
        matched = _TIMEOUT.fullmatch(value)
        if matched is None:
            raise ValueError(
                f"timeout is {value!r:.80}: give a number and a unit of s, m, h, d or w, such as '10m', '48h' or '7d'"
            )
        span = float(matched[1]) * _UNITS[matched[2]]
    elif isinstance(value, int | float | timedelta) and not isinstance(value, bool):
        span = seconds("timeout", value)
    else:
        raise TypeError(
            f"timeout must be seconds, a timedelta or a text such as '48h', not {type(value).__name__}: {value!r:.80}"
        )
    if span <= 0:
        raise ValueError(f"timeout is {value!r}: it must be positive, or None for no limit")
    if span > _LONGEST:
        raise ValueError(f"timeout is {span:g} seconds: at most a hundred years are allowed")
    return span


def token_id(value: str | Token) -> str:
    """The id of a token that was given by itself or by its id."""
    return value.id if isinstance(value, Token) else check_name("token_id", value)
