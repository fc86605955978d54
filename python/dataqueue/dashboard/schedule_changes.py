"""Changes of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException

from ..groups import JobGroup
from ..schedules import CronSchedule
from .auth import Role
from .changes import Asked, Change, Outcome
from .job_changes import read_json, read_number, read_words

__all__ = ["CHANGES"]


async def _schedule(asked: Asked) -> CronSchedule:
    found = await asked.site.queue.get_cron_job(asked.path["id"])
    if found is None:
        raise HTTPException(404, f"There is no schedule {asked.path['id']}: it may have been removed.")
    return found


def _outcome(schedule: CronSchedule, ok: bool, done: str, else_: str, **more: Any) -> Outcome:
    message = f"The schedule “{schedule.schedule_name}” {done if ok else else_}."
    return Outcome(ok=ok, message=message, target=schedule.schedule_name, **more)


async def _pause(asked: Asked) -> Outcome:
    schedule = await _schedule(asked)
    ok = await asked.site.queue.pause_cron_job(schedule.id)
    return _outcome(schedule, ok, "is paused", "was paused already")


async def _resume(asked: Asked) -> Outcome:
    schedule = await _schedule(asked)
    ok = await asked.site.queue.resume_cron_job(schedule.id)
    return _outcome(schedule, ok, "goes on with its next tick", "is active already")


async def _run(asked: Asked) -> Outcome:
    """Adds a job as the schedule's next tick would, beside its ticks."""
    schedule = await _schedule(asked)
    options: dict[str, Any] = {
        name: getattr(schedule, name)
        for name in (
            "priority",
            "max_attempts",
            "timeout",
            "tags",
            "retry_delay",
            "retry_backoff",
            "retry_delay_max",
            "dead_letter_job_type",
            "keep_result_for",
            "expires_in",
        )
    }
    if schedule.timeout is not None:
        options["force_kill_on_timeout"] = schedule.force_kill_on_timeout
    if schedule.group_id is not None:
        options["group"] = JobGroup(schedule.group_id, schedule.group_tier)
    job_id = await asked.site.queue.add_job(schedule.job_type, schedule.payload, **options)
    details = {"job_id": int(job_id)}
    return _outcome(schedule, True, f"was run now: job {job_id}", "", data={"jobId": int(job_id)}, details=details)


async def _edit(asked: Asked) -> Outcome:
    schedule = await _schedule(asked)
    updates = _updates(asked, schedule)
    go = "/schedules"
    if not updates:
        return _outcome(schedule, False, "", "was not to be changed", go=go)
    ok = await asked.site.queue.edit_cron_job(schedule.id, **updates)
    return _outcome(schedule, ok, "was changed", "is gone", go=go, details={"fields": sorted(updates)})


def _updates(asked: Asked, schedule: CronSchedule) -> Any:
    given = asked.fields
    updates: dict[str, Any] = {}
    for name in ("cron_expression", "timezone", "job_type", "missed"):
        if name in given and asked.text(name).strip() != getattr(schedule, name):
            updates[name] = asked.text(name).strip()
    if "payload" in given:
        payload = asked.site.redaction.restored(read_json("payload", given["payload"]), schedule.payload)
        if payload != schedule.payload:
            updates["payload"] = payload
    for name in ("priority", "max_attempts"):
        value = read_number(name, given.get(name), int)
        if value is not None and value != getattr(schedule, name):
            updates[name] = value
    if "timeout" in given:
        seconds = read_number("timeout", given["timeout"], float)
        span = None if seconds is None else timedelta(seconds=seconds)
        if span != schedule.timeout:
            updates["timeout"] = span
    if "tags" in given and (tags := read_words(given["tags"])) != schedule.tags:
        updates["tags"] = tags
    if "allow_overlap" in given:
        overlap = given["allow_overlap"] in (True, "yes", "true", "on")
        if overlap != schedule.allow_overlap:
            updates["allow_overlap"] = overlap
    return updates


async def _remove(asked: Asked) -> Outcome:
    schedule = await _schedule(asked)
    ok = await asked.site.queue.remove_cron_job(schedule.id)
    return _outcome(schedule, ok, "was removed; its jobs stay", "is gone already", go="/schedules")


_EDIT: Mapping[str, Mapping[str, Any]] = {
    "cron_expression": {"type": "string"},
    "timezone": {"type": "string"},
    "job_type": {"type": "string"},
    "payload": {"description": "Any JSON value; a string is read as JSON."},
    "priority": {"type": "integer"},
    "max_attempts": {"type": "integer", "minimum": 1},
    "timeout": {"type": ["number", "null"], "description": "Seconds."},
    "tags": {"type": "array", "items": {"type": "string"}},
    "allow_overlap": {"type": "boolean"},
    "missed": {"enum": ["coalesce", "skip", "all"]},
}

CHANGES = [
    Change("/schedules/{id:jobid}/pause", "pause schedule", Role.OPERATOR, _pause),
    Change("/schedules/{id:jobid}/resume", "resume schedule", Role.OPERATOR, _resume),
    Change("/schedules/{id:jobid}/run", "run schedule now", Role.OPERATOR, _run),
    Change("/schedules/{id:jobid}/edit", "edit schedule", Role.ADMIN, _edit, _EDIT),
    Change("/schedules/{id:jobid}/remove", "remove schedule", Role.ADMIN, _remove),
]
