"""Groups, limits, and what is paused."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..reads import page_route
from ..site import site_of

__all__ = ["routes"]

_PAGE = 100


async def _flow(request: Request) -> Response:
    site = site_of(request)
    cursor = request.query_params.get("cursor") or None
    paused, limits, groups = await asyncio.gather(
        site.queue.paused(), site.queue.get_limits(), site.queue.get_groups(cursor, _PAGE + 1)
    )
    following = groups[_PAGE - 1].id if len(groups) > _PAGE else ""
    return page(
        request,
        "flow.html",
        paused=paused,
        limits=limits,
        groups=groups[:_PAGE],
        following=following,
        is_first=not cursor,
    )


def routes() -> list[Route]:
    """The page of pauses."""
    return [page_route("/flow", _flow)]
