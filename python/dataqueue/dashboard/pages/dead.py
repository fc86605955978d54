"""Dead letters: jobs that failed for good and left one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..reads import page_route, whole
from ..site import site_of

__all__ = ["routes"]

_PAGE = 50


async def _dead(request: Request) -> Response:
    cursor = whole("cursor", request.query_params.get("cursor"), None)
    found = await site_of(request).queue.search_jobs(dead_lettered=True, status="failed", cursor=cursor, limit=_PAGE)
    return page(request, "dead.html", found=found, is_first=cursor is None)


def routes() -> list[Route]:
    """The page of dead letters."""
    return [page_route("/dead-letters", _dead)]
