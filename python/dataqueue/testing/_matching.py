"""Which jobs a test means, and how it is shown those that are there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from ..job_types import JobType
from ..payload import encode_json

if TYPE_CHECKING:
    from ..models import JobRecord

__all__ = ["fitting", "listed", "plain", "told"]

_SHOWN = 20
_LONGEST = 160


def plain(payload: object, job_type: object) -> Any:
    """A payload that a test asks for, as plain JSON; `...` stays.

    Raises:
        PayloadError: It cannot be a payload.
    """
    if isinstance(payload, EllipsisType):
        return payload
    if isinstance(job_type, JobType) and not isinstance(payload, Mapping):
        return json.loads(job_type.codec.encode(payload))
    return json.loads(encode_json(payload))


def fitting(jobs: Sequence[JobRecord], payload: Any) -> list[JobRecord]:
    """Those that are still to run and have this payload, oldest first."""
    return [job for job in reversed(jobs) if not job.is_final and _fits(payload, job.payload)]


def _fits(wanted: Any, found: Any) -> bool:
    """Of an object, what is not asked for does not matter."""
    if isinstance(wanted, EllipsisType):
        return True
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and _fits(wanted[name], found[name]) for name in wanted)
    # True is 1 for Python, and not for JSON.
    return type(wanted) is type(found) and bool(wanted == found)


def told(conditions: Mapping[str, Any]) -> str:
    """The conditions of an assertion, as they were given."""
    given = [f"{name}={_value(value)}" for name, value in conditions.items() if value not in (None, ...)]
    return f" with {', '.join(given)}" if given else ""


def listed(jobs: Sequence[JobRecord], now: datetime) -> str:
    """A line for each job, oldest first; the newest, where there are many."""
    if not jobs:
        return "The queue is empty."
    lines = [_line(job, now) for job in reversed(jobs[:_SHOWN])]
    more = [f"  and {len(jobs) - _SHOWN} older ones"] if len(jobs) > _SHOWN else []
    return "\n".join(["In the queue:", *more, *lines])


def _line(job: JobRecord, now: datetime) -> str:
    due = job.wait_until or job.next_attempt_at or job.run_at
    when = "" if job.is_final or job.status == "processing" else f", due {_distance(due - now)}"
    tags = f", tags {job.tags}" if job.tags else ""
    priority = f", priority {job.priority}" if job.priority else ""
    error = f", {job.error_history[-1].message!r:.80}" if job.error_history else ""
    payload = _shortened(json.dumps(job.payload))
    return f"  {job.id}: {job.job_type} {payload} is {job.status}{when}{priority}{tags}{error}"


def _distance(span: timedelta) -> str:
    return "now" if span <= timedelta(0) else f"in {span}"


def _value(value: Any) -> str:
    return _shortened(repr(value.name) if isinstance(value, JobType) else repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
