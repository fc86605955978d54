"""Jobs that meet the conditions of a page: found by indexes where they can be, and by looking through them else."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from ..models import JobRecord, JobStatus
from .auth import Visitor
from .site import Site
from .views.filters import JobFilter

__all__ = ["Found", "count", "find", "ids_of", "narrowed"]

# How often a page that looks through jobs goes on before it shows what it has.
_MOST_LOOKS = 4
_COUNTED = 10_000
_STEP = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A page of jobs.

    Attributes:
        jobs: The jobs, newest first.
        cursor: Where to go on; None where there are no more.
        looked_at: How many were looked through for it; None where an index knew them.
    """

    jobs: Sequence[JobRecord]
    cursor: int | None
    looked_at: int | None


async def find(site: Site, visitor: Visitor, wanted: JobFilter, cursor: int | None, limit: int) -> Found:
    """A page of the jobs that meet all conditions."""
    if not wanted.is_search:
        jobs = await site.queue.get_jobs(**wanted.conditions(), limit=limit + 1, cursor=cursor)
        return Found(jobs[:limit], jobs[limit - 1].id if len(jobs) > limit else None, None)
    found: list[JobRecord] = []
    looked_at = 0
    for _ in range(_MOST_LOOKS):
        left = limit - len(found)
        page = await site.queue.search_jobs(**wanted.searched(), **wanted.conditions(), cursor=cursor, limit=left)
        looked_at += page.looked_at
        cursor = page.cursor
        found.extend(job for job in page.jobs if _is_shown(site, visitor, wanted, job))
        if cursor is None or len(found) >= limit:
            break
    return Found(found, cursor, looked_at)


def _is_shown(site: Site, visitor: Visitor, wanted: JobFilter, job: JobRecord) -> bool:
    """Whether what was searched for is in what may be shown: else one could guess what is hidden, letter by letter."""
    if not wanted.text or not site.redaction:
        return True
    shown = json.dumps(site.shown(job.payload, visitor), ensure_ascii=False)
    return wanted.text.casefold() in shown.casefold()


async def count(site: Site, visitor: Visitor, wanted: JobFilter, statuses: Sequence[str]) -> tuple[int, bool]:
    """How many jobs meet the conditions and have one of these statuses, and whether that is all of them."""
    most = _COUNTED + 1
    if not wanted.is_search:
        known = await site.queue.count_jobs(**{**wanted.conditions(), "status": list(statuses)}, most=most)
        return min(known, _COUNTED), known < most
    found, cursor = 0, None
    for status in statuses:
        for _ in range(_MOST_LOOKS):
            page = await find(site, visitor, replace(wanted, status=status), cursor, _STEP)
            found, cursor = found + len(page.jobs), page.cursor
            if cursor is None:
                break
        else:
            return found, False
    return found, True


async def ids_of(
    site: Site, visitor: Visitor, wanted: JobFilter, statuses: Sequence[str]
) -> AsyncGenerator[list[int], None]:
    """The ids of the jobs that meet the conditions and have one of these statuses, in steps."""
    for status in statuses:
        cursor = None
        while True:
            page = await find(site, visitor, replace(wanted, status=status), cursor, _STEP)
            if page.jobs:
                yield [job.id for job in page.jobs]
            cursor = page.cursor
            if cursor is None:
                break


def narrowed(wanted: JobFilter, statuses: Sequence[JobStatus]) -> list[str]:
    """Those of the statuses that the conditions allow."""
    return [status.value for status in statuses if wanted.status in ("", status.value)]
