"""Changes of many jobs: of a selection, or of all that a filter finds."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException

from ..models import JobStatus
from .auth import Role
from .changes import Asked, Change, Outcome
from .finding import ids_of, narrowed
from .job_changes import read_number, read_words
from .site import BadInputError
from .views.filters import JobFilter, moment

__all__ = ["CHANGES", "KINDS", "Kind"]

_MOST_SELECTED = 1_000
# What is beyond is left for another time: a request must end.
_MOST = 10_000
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A change of many jobs.

    Attributes:
        name: What is done.
        done: What was done then.
        role: Who may do it.
        statuses: Of jobs in which states.
        says: What happens to a job.
        method: The method of a queue that does it.
    """

    name: str
    done: str
    role: Role
    statuses: Sequence[JobStatus]
    says: str
    method: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "retry",
            "retried",
            Role.OPERATOR,
            (JobStatus.FAILED,),
            "Failed jobs become pending and are due now.",
            "retry_all_failed_jobs",
        ),
        Kind(
            "cancel",
            "cancelled",
            Role.OPERATOR,
            (JobStatus.PENDING, JobStatus.WAITING, JobStatus.FAILED),
            "Jobs that are pending, wait, or failed with a retry due are cancelled.",
            "cancel_all_upcoming_jobs",
        ),
        Kind(
            "edit",
            "changed",
            Role.ADMIN,
            (JobStatus.PENDING,),
            "Pending jobs get what is filled in; the rest of them stays as it is.",
            "edit_all_pending_jobs",
        ),
        Kind(
            "delete",
            "deleted",
            Role.ADMIN,
            tuple(status for status in JobStatus if status is not JobStatus.PROCESSING),
            "Jobs are deleted with their histories, unless they run. This cannot be undone.",
            "delete_jobs",
        ),
    )
}


def _perform(kind: Kind) -> Callable[[Asked], Awaitable[Outcome]]:
    async def perform(asked: Asked) -> Outcome:
        if asked.fields.get("all") in ("yes", True):
            return await _by_filter(asked, kind)
        ids = _selected(asked.fields.get("ids"))
        updates = _updates(asked, kind)
        changed = await _change(asked, kind, ids, *updates)
        left = len(ids) - changed
        message = f"{_jobs(changed)} {kind.done}."
        if left:
            message += f" {_jobs(left)} could not be."
        details = {"ids": ids[:100], "changed": changed}
        return Outcome(ok=changed > 0, message=message, target="selection", data={"changed": changed}, details=details)

    return perform


async def _change(asked: Asked, kind: Kind, ids: Sequence[int], *updates: Mapping[str, Any]) -> int:
    changed: int = await getattr(asked.site.queue, kind.method)(*updates, ids=ids)
    one = {"cancel": asked.site.queue.cancel_job, "retry": asked.site.queue.retry_job}.get(kind.name)
    if one is not None and changed < len(ids):
        # Jobs that wait for somebody, or were cancelled: the call for many leaves them, who selects them means them.
        for job_id in ids:
            changed += await one(job_id)
    return changed


async def _by_filter(asked: Asked, kind: Kind) -> Outcome:
    texts = {name: value for name, value in asked.fields.items() if isinstance(value, str)}
    wanted, updates = JobFilter.read(texts), _updates(asked, kind)
    changed = seen = 0
    end, is_whole = time.monotonic() + _PATIENCE, True
    async for ids in ids_of(asked.site, asked.visitor, wanted, narrowed(wanted, kind.statuses)):
        changed += await _change(asked, kind, ids, *updates)
        seen += len(ids)
        if seen >= _MOST or time.monotonic() > end:
            is_whole = False
            break
    message = f"{_jobs(changed)} {kind.done}."
    if not is_whole:
        message += " There may be more: do it again for them."
    return Outcome(
        ok=changed > 0,
        message=message,
        target="filter",
        data={"changed": changed, "more": not is_whole},
        go=f"/jobs?{wanted.query()}",
        details={"filter": wanted.fields(), "changed": changed},
    )


def _updates(asked: Asked, kind: Kind) -> tuple[Mapping[str, Any], ...]:
    """What an edit changes, as the argument of its method; nothing for the other kinds."""
    if kind.name != "edit":
        return ()
    given, updates = asked.fields, dict[str, Any]()
    for name in ("priority", "max_attempts"):
        if (value := read_number(f"new_{name}", given.get(f"new_{name}"), int)) is not None:
            updates[name] = value
    if asked.text("new_run_at"):
        updates["run_at"] = moment("new_run_at", asked.text("new_run_at"))
    if given.get("new_tags") not in (None, ""):
        updates["tags"] = read_words(given["new_tags"])
    if not updates:
        raise BadInputError(f"nothing is to be changed: fill in one of {', '.join(_EDITS)}")
    return (updates,)


def _selected(given: Any) -> list[int]:
    words = given if isinstance(given, list) else [] if given in (None, "") else [given]
    if not words:
        raise BadInputError("no job is selected")
    if len(words) > _MOST_SELECTED:
        raise BadInputError(f"{len(words)} jobs are selected: {_MOST_SELECTED} at most")
    try:
        ids = [int(word) for word in words]
    except (ValueError, TypeError):
        raise BadInputError("ids must be the ids of jobs") from None
    return list(dict.fromkeys(ids))


def _jobs(number: int) -> str:
    return "1 job was" if number == 1 else f"{number:,} jobs were"


async def _delete(asked: Asked) -> Outcome:
    job_id = asked.path["id"]
    if await asked.site.queue.get_job(job_id) is None:
        raise HTTPException(404, f"There is no job {job_id}: it may have been cleaned up.")
    changed = await asked.site.queue.delete_job(job_id)
    message = f"Job {job_id} was deleted." if changed else f"Job {job_id} runs, so that it was not deleted."
    return Outcome(ok=changed, message=message, target=f"#{job_id}", go="/jobs" if changed else f"/jobs/{job_id}")


_TAKES: Mapping[str, Mapping[str, Any]] = {
    "ids": {"type": "array", "items": {"type": "integer"}, "maxItems": _MOST_SELECTED},
    "all": {"type": "boolean", "description": "All that meet the conditions, which are named as those of /api/jobs."},
}

_EDITS: Mapping[str, Mapping[str, Any]] = {
    "new_priority": {"type": "integer"},
    "new_max_attempts": {"type": "integer", "minimum": 1},
    "new_run_at": {"type": "string", "description": "ISO 8601."},
    "new_tags": {"type": "array", "items": {"type": "string"}},
}


def _takes(kind: Kind) -> Mapping[str, Mapping[str, Any]]:
    return {**_TAKES, **(_EDITS if kind.name == "edit" else {})}


CHANGES = [
    *(
        Change(f"/jobs/{kind.name}", f"{kind.name} jobs", kind.role, _perform(kind), _takes(kind))
        for kind in KINDS.values()
    ),
    Change("/jobs/{id:jobid}/delete", "delete job", Role.ADMIN, _delete),
]
