"""Pausing job types, groups or everything, for the whole fleet."""

from __future__ import annotations

from .auth import Role
from .changes import Asked, Change, Outcome

__all__ = ["CHANGES"]


def _what(asked: Asked) -> tuple[str | None, str | None, str]:
    job_type = asked.text("job_type").strip() or asked.text("jobType").strip() or None
    group = asked.text("group").strip() or None
    if job_type is not None:
        return job_type, group, f"type {job_type}"
    return job_type, group, f"group {group}" if group is not None else "everything"


async def _pause(asked: Asked) -> Outcome:
    job_type, group, what = _what(asked)
    ok = await asked.site.queue.pause(job_type, group=group)
    message = f"Paused: {what}. What runs goes on to its end." if ok else f"Paused already: {what}."
    return Outcome(ok=ok, message=message, target=what)


async def _resume(asked: Asked) -> Outcome:
    job_type, group, what = _what(asked)
    ok = await asked.site.queue.resume(job_type, group=group)
    message = f"Resumed: {what}." if ok else f"Not paused: {what}."
    return Outcome(ok=ok, message=message, target=what)


_WHAT = {
    "jobType": {"type": "string", "description": "A job type; with neither, everything."},
    "group": {"type": "string", "description": "The id of a group."},
}

CHANGES = [
    Change("/flow/pause", "pause", Role.OPERATOR, _pause, _WHAT),
    Change("/flow/resume", "resume", Role.OPERATOR, _resume, _WHAT),
]
