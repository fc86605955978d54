"""`/api/flow`: what is paused, and what is limited."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ..reads import api_read, whole
from ..site import site_of, visitor_in
from .encode import record_json

__all__ = ["routes"]

_MOST = 200


async def _flow(request: Request) -> dict[str, Any]:
    site, visitor = site_of(request), visitor_in(request)
    limit = whole("limit", request.query_params.get("limit"), 100, 1, _MOST) or 100
    cursor = request.query_params.get("cursor") or None
    paused, limits, groups = await asyncio.gather(
        site.queue.paused(), site.queue.get_limits(), site.queue.get_groups(cursor, limit + 1)
    )
    return {
        "paused": [{"jobType": one.job_type, "group": one.group} for one in paused],
        "limits": [record_json(one, site, visitor) for one in limits],
        "groups": [record_json(one, site, visitor) for one in groups[:limit]],
        "nextCursor": groups[limit - 1].id if len(groups) > limit else None,
    }


def routes() -> list[Route]:
    """The reads of what keeps jobs from running."""
    return [api_read("/flow", _flow)]
