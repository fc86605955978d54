"""Changes of single jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException

from ..models import JobRecord
from .auth import Role
from .changes import Asked, Change, Outcome
from .site import BadInputError
from .views.filters import moment

__all__ = ["CHANGES", "read_json", "read_number", "read_words"]


async def _job(asked: Asked) -> JobRecord:
    job = await asked.site.queue.get_job(asked.path["id"])
    if job is None:
        raise HTTPException(404, f"There is no job {asked.path['id']}: it may have been cleaned up.")
    return job


async def _cancel(asked: Asked) -> Outcome:
    job = await _job(asked)
    changed = await asked.site.queue.cancel_job(job.id, running=True)
    if changed and job.status == "processing":
        return Outcome(ok=True, message=f"Job {job.id} was asked to stop; its worker is told.", target=f"#{job.id}")
    message = f"Job {job.id} was cancelled." if changed else _unchanged(job, "cancelled")
    return Outcome(ok=changed, message=message, target=f"#{job.id}")


async def _retry(asked: Asked) -> Outcome:
    job = await _job(asked)
    changed = await asked.site.queue.retry_job(job.id)
    message = f"Job {job.id} is pending again." if changed else _unchanged(job, "retried")
    return Outcome(ok=changed, message=message, target=f"#{job.id}")


def _unchanged(job: JobRecord, done: str) -> str:
    return f"Job {job.id} is {job.status.value}, so that it was not {done}."


async def _edit(asked: Asked) -> Outcome:
    job = await _job(asked)
    updates = _updates(asked, job)
    if not updates:
        return Outcome(ok=False, message="Nothing was to be changed.", target=f"#{job.id}", go=f"/jobs/{job.id}")
    changed = await asked.site.queue.edit_job(job.id, **updates)
    message = f"Job {job.id} was changed." if changed else _unchanged(job, "changed")
    fields = {"fields": sorted(updates)}
    return Outcome(ok=changed, message=message, target=f"#{job.id}", go=f"/jobs/{job.id}", details=fields)


def _updates(asked: Asked, job: JobRecord) -> Any:
    """The fields that differ from what is stored: a form sends all of them."""
    given = asked.fields
    updates: dict[str, Any] = {}
    if "payload" in given:
        payload = asked.site.redaction.restored(read_json("payload", given["payload"]), job.payload)
        if payload != job.payload:
            updates["payload"] = payload
    for name in ("priority", "max_attempts"):
        if name in given and (value := read_number(name, given[name], int)) is not None and value != getattr(job, name):
            updates[name] = value
    if "run_at" in given and given["run_at"] != _minute(job.run_at):
        updates["run_at"] = moment("run_at", asked.text("run_at"))
    for name in ("timeout", "retry_delay", "retry_delay_max"):
        if name in given:
            seconds = read_number(name, given[name], float)
            span = None if seconds is None else timedelta(seconds=seconds)
            if span != getattr(job, name):
                updates[name] = span
    if "tags" in given:
        tags = read_words(given["tags"])
        if tags != job.tags:
            updates["tags"] = tags
    return updates


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")


def read_json(name: str, value: Any) -> Any:
    """JSON that was written into a field of a form, or the value of an API call.

    Raises:
        BadInputError: It cannot be read.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{name} is no JSON: {error}") from None


def read_number(name: str, value: Any, kind: type[int | float]) -> Any:
    """A number of a form; None where the field is empty.

    Raises:
        BadInputError: It is none.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return kind(value)
    except (ValueError, TypeError, OverflowError):
        words = "a whole number" if kind is int else "a number of seconds"
        raise BadInputError(f"{name} is {value!r:.80}: it must be {words}") from None


def read_words(value: Any) -> list[str]:
    """Words apart by commas, or a list of them."""
    if isinstance(value, list):
        return [str(word) for word in value]
    return [word.strip() for word in str(value or "").split(",") if word.strip()]


async def _complete_token(asked: Asked) -> Outcome:
    job = await _job(asked)
    token = job.wait_token_id
    if token is None or token.startswith("job:"):
        message = f"Job {job.id} does not wait for a token."
        return Outcome(ok=False, message=message, target=f"#{job.id}")
    text = asked.fields.get("data", "")
    data = None if text == "" else read_json("data", text)
    changed = await asked.site.queue.complete_token(token, data)
    message = f"The token of job {job.id} was completed; the job goes on." if changed else "The token was over already."
    return Outcome(ok=changed, message=message, target=f"#{job.id}")


_EDIT: Mapping[str, Mapping[str, Any]] = {
    "payload": {"description": "Any JSON value; a string is read as JSON."},
    "priority": {"type": "integer"},
    "max_attempts": {"type": "integer", "minimum": 1},
    "run_at": {"type": "string", "description": "ISO 8601; empty for now."},
    "timeout": {"type": ["number", "null"], "description": "Seconds."},
    "retry_delay": {"type": ["number", "null"], "description": "Seconds."},
    "retry_delay_max": {"type": ["number", "null"], "description": "Seconds."},
    "tags": {"type": "array", "items": {"type": "string"}},
}
_DATA = {"data": {"description": "What whoever waits gets: any JSON value; a string is read as JSON."}}

CHANGES = [
    Change("/jobs/{id:jobid}/cancel", "cancel job", Role.OPERATOR, _cancel),
    Change("/jobs/{id:jobid}/retry", "retry job", Role.OPERATOR, _retry),
    Change("/jobs/{id:jobid}/edit", "edit job", Role.ADMIN, _edit, _EDIT),
    Change("/jobs/{id:jobid}/complete-token", "complete token", Role.OPERATOR, _complete_token, _DATA),
]
