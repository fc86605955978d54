"""The queue at a glance."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..reads import page_route
from ..site import site_of
from ..views.overview import overview_view

__all__ = ["routes"]

_DURABILITY_KEPT = 60.0


async def _overview(request: Request) -> Response:
    site = site_of(request)
    root = request.scope.get("root_path", "")
    begun = time.perf_counter()
    found = await site.recent.get("overview", site.queue.get_overview)
    took = time.perf_counter() - begun
    known, at = site.durability or (None, 0.0)
    if known is None or time.monotonic() - at > _DURABILITY_KEPT:
        known = await site.queue.durability()
        site.durability = (known, time.monotonic())
    return page(request, "overview.html", **overview_view(found, root), durability=known, took=took)


def routes() -> list[Route]:
    """The first page."""
    return [page_route("/", _overview)]
