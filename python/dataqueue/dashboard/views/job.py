"""A job's page as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...models import ErrorEntry, JobEvent, JobEventType, JobRecord, JobStatus
from ...redaction import short_token
from ..auth import Role, Visitor
from ..site import Site
from .json_text import JsonText, json_text

__all__ = ["job_view"]

_MOST_EVENTS = 200
_CHANGEABLE = (JobStatus.PENDING, JobStatus.WAITING)


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a handler recorded."""

    name: str
    state: str
    value: JsonText | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when it began and ended, and what came of it."""

    number: int
    begun_at: datetime
    ended_at: datetime | None
    outcome: str
    error: ErrorEntry | None

    @property
    def took(self) -> timedelta | None:
        """How long it ran."""
        return None if self.ended_at is None else self.ended_at - self.begun_at


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, with how long it came after the one before."""

    event: JobEvent
    after: timedelta | None
    note: str
    details: JsonText | None


def job_view(site: Site, visitor: Visitor, job: JobRecord, events: Sequence[JobEvent]) -> dict[str, Any]:
    """What the page of a job shows."""
    knows_tokens = visitor.rank.may(Role.OPERATOR)
    waits_for_token = job.wait_token_id is not None and not job.wait_token_id.startswith("job:")
    token = job.wait_token_id if knows_tokens or not waits_for_token else short_token(job.wait_token_id or "")
    will_retry = job.status is JobStatus.FAILED and job.next_attempt_at is not None
    can_change = job.status in _CHANGEABLE or will_retry
    return {
        "job": job,
        "payload": json_text(site.shown(job.payload, visitor)),
        "output": None if job.output is None else json_text(site.shown(job.output, visitor)),
        "steps": [_step(name, value, site, visitor) for name, value in job.step_data.items()],
        "attempts": _attempts(job, events),
        "lost_errors": _unplaced(job, events),
        "happenings": _happenings(site, visitor, events[-_MOST_EVENTS:]),
        "left_out": max(0, len(events) - _MOST_EVENTS),
        "wait_token": token,
        "wait_job": int(job.wait_token_id[4:]) if job.wait_token_id and _is_job(job.wait_token_id) else None,
        "waits_for_token": waits_for_token,
        # What it waited for is over; its state changes when a worker takes it.
        "goes_on": job.wait_token_id is None and (job.wait_until is None or job.wait_until <= datetime.now(UTC)),
        "can_cancel": can_change or (job.status is JobStatus.PROCESSING and job.cancel_requested_at is None),
        "can_retry": job.status in (JobStatus.FAILED, JobStatus.CANCELLED),
        "can_edit": job.status is JobStatus.PENDING or will_retry,
        "waited": None
        if job.started_at is None
        else max(job.started_at - max(job.run_at, job.created_at), timedelta()),
        "will_retry": will_retry,
    }


def _is_job(wait_token_id: str) -> bool:
    return wait_token_id.startswith("job:") and wait_token_id[4:].isdigit()


def _step(name: str, value: Any, site: Site, visitor: Visitor) -> Step:
    """A step; waits are steps too, which the engine records under names of its own."""
    if name.startswith("__wait_") and isinstance(value, dict):
        what = f"wait for {value.get('type', 'something')}"
        known = {
            key: item for key, item in value.items() if key not in ("type", "name", "completed") and item is not None
        }
        shown = json_text(site.shown(known, visitor)) if known else None
        return Step(str(value.get("name") or what), "done" if value.get("completed") else "waiting", shown)
    if isinstance(value, dict) and "__completed" in value:
        return Step(name, "done", json_text(site.shown({name: value.get("result")}, visitor)[name]))
    return Step(name, "recorded", json_text(site.shown({name: value}, visitor)[name]))


_ENDS = {
    JobEventType.COMPLETED: "completed",
    JobEventType.FAILED: "failed",
    JobEventType.CANCELLED: "cancelled",
    JobEventType.WAITING: "waiting",
    JobEventType.RECLAIMED: "reclaimed",
}


def _attempts(job: JobRecord, events: Sequence[JobEvent]) -> list[Attempt]:
    """The runs that the history tells of, newest first."""
    errors = {error.attempt: error for error in job.error_history}
    found: list[Attempt] = []
    begun: datetime | None = None
    number = 0
    goes_on = False
    for event in events:
        if event.event_type is JobEventType.PROCESSING:
            number += 0 if goes_on else 1
            begun, goes_on = event.created_at, False
        elif event.event_type in _ENDS and begun is not None:
            outcome = _ENDS[event.event_type]
            told = event.metadata if isinstance(event.metadata, Mapping) else {}
            number = told.get("attempt", number) if outcome == "failed" else number
            goes_on = outcome in ("waiting", "reclaimed") and bool(told.get("released") or outcome == "waiting")
            error = errors.get(number) if outcome == "failed" else None
            found.append(Attempt(number, begun, event.created_at, outcome, error))
            begun = None
    if begun is not None:
        found.append(Attempt(max(job.attempts, 1), begun, None, "running", None))
    return found[::-1]


def _unplaced(job: JobRecord, events: Sequence[JobEvent]) -> list[ErrorEntry]:
    """Failures whose events are no longer kept."""
    placed = {id(attempt.error) for attempt in _attempts(job, events) if attempt.error is not None}
    return [error for error in job.error_history if id(error) not in placed][::-1]


def _happenings(site: Site, visitor: Visitor, events: Sequence[JobEvent]) -> list[Happening]:
    found = []
    before: JobEvent | None = None
    for event in events:
        told = site.shown(event.metadata, visitor)
        note, rest = _note(told)
        after = None if before is None else event.created_at - before.created_at
        found.append(Happening(event, after, note, json_text(rest) if rest else None))
        before = event
    return found[::-1]


def _note(told: Any) -> tuple[str, Any]:
    """The sentence in an event's details, and the details beside it."""
    if not isinstance(told, dict):
        return "", told
    rest = dict(told)
    message = rest.pop("message", None) or rest.pop("reason", None)
    return ("" if message is None else str(message)[:500]), rest
