"""The workers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..reads import page_route, whole
from ..site import site_of

__all__ = ["routes"]

_PAGE = 100


async def _workers(request: Request) -> Response:
    cursor = whole("cursor", request.query_params.get("cursor"), None)
    found = await site_of(request).queue.get_workers(cursor, _PAGE + 1)
    workers = found[:_PAGE]
    following = workers[-1].id if len(found) > _PAGE else None
    return page(request, "workers.html", workers=workers, following=following)


def routes() -> list[Route]:
    """The page of workers."""
    return [page_route("/workers", _workers)]
