"""`/api/jobs`: lists, jobs and their histories."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from ...models import JobRecord
from ..finding import find
from ..reads import api_read, whole
from ..site import BadInputError, site_of, visitor_in
from ..views.filters import JobFilter
from .encode import event_json, job_json

__all__ = ["found_job", "routes"]

_MOST = 200
_MOST_IDS = 100


async def _list(request: Request) -> dict[str, Any]:
    site, query = site_of(request), request.query_params
    limit = whole("limit", query.get("limit"), 25, 1, _MOST) or 25
    offset = whole("offset", query.get("offset"), 0, 0, 1_000_000) or 0
    cursor = whole("cursor", query.get("cursor"), None)
    if "ids" in query:
        return await _named(request)
    wanted = JobFilter.read(query)
    if wanted.is_search or (offset == 0 and query.get("offset") is None):
        found = await find(site, visitor_in(request), wanted, cursor, limit)
        return {
            "jobs": [job_json(job, site, visitor_in(request)) for job in found.jobs],
            "hasMore": found.cursor is not None,
            "limit": limit,
            "offset": 0,
            "nextCursor": found.cursor,
        }
    conditions = wanted.conditions()
    jobs = await site.queue.get_jobs(**conditions, limit=limit + 1, offset=offset, cursor=cursor)
    more = len(jobs) > limit
    jobs = jobs[:limit]
    return {
        "jobs": [job_json(job, site, visitor_in(request)) for job in jobs],
        "hasMore": more,
        "limit": limit,
        "offset": offset,
        "nextCursor": jobs[-1].id if more else None,
    }


async def _named(request: Request) -> dict[str, Any]:
    """The jobs of these ids that there are, newest first."""
    site = site_of(request)
    words = [word for word in request.query_params["ids"].split(",") if word.strip()]
    if len(words) > _MOST_IDS:
        raise BadInputError(f"ids names {len(words)} jobs: {_MOST_IDS} at most")
    ids = sorted({whole("ids", word, None) or 0 for word in words}, reverse=True)
    found = await asyncio.gather(*(site.queue.get_job(job_id) for job_id in ids))
    jobs = [job_json(job, site, visitor_in(request)) for job in found if job is not None]
    return {"jobs": jobs, "hasMore": False, "limit": len(ids), "offset": 0, "nextCursor": None}


async def found_job(request: Request) -> JobRecord:
    """The job that a path names.

    Raises:
        HTTPException: There is none.
    """
    job = await site_of(request).queue.get_job(request.path_params["id"])
    if job is None:
        raise HTTPException(404, f"There is no job {request.path_params['id']}: it may have been cleaned up.")
    return job


async def _one(request: Request) -> dict[str, Any]:
    return {"job": job_json(await found_job(request), site_of(request), visitor_in(request))}


async def _events(request: Request) -> dict[str, Any]:
    site = site_of(request)
    events = await site.queue.get_job_events(request.path_params["id"])
    return {"events": [event_json(event, site, visitor_in(request)) for event in events]}


def routes() -> list[Route]:
    """The reads of jobs."""
    return [
        api_read("/jobs", _list),
        api_read("/jobs/{id:jobid}", _one),
        api_read("/jobs/{id:jobid}/events", _events),
    ]
