"""`/api/schedules`."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from ..reads import api_read
from ..site import site_of, visitor_in
from .encode import schedule_json

__all__ = ["routes"]


async def _list(request: Request) -> dict[str, Any]:
    site = site_of(request)
    status = request.query_params.get("status") or None
    found = await site.queue.list_cron_jobs(status)
    return {"schedules": [schedule_json(one, site, visitor_in(request)) for one in found]}


async def _one(request: Request) -> dict[str, Any]:
    site = site_of(request)
    found = await site.queue.get_cron_job(request.path_params["id"])
    if found is None:
        raise HTTPException(404, f"There is no schedule {request.path_params['id']}.")
    return {"schedule": schedule_json(found, site, visitor_in(request))}


def routes() -> list[Route]:
    """The reads of schedules."""
    return [api_read("/schedules", _list), api_read("/schedules/{id:jobid}", _one)]
