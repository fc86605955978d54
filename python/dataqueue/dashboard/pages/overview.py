"""The queue at a glance."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..reads import chosen_span, page_route
from ..site import site_of
from ..views.overview import overview_view
from ..views.traffic import SPANS, traffic_view

__all__ = ["routes"]

_DURABILITY_KEPT = 60.0


async def _overview(request: Request) -> Response:
    site = site_of(request)
    root = request.scope.get("root_path", "")
    begun = time.perf_counter()
    found = await site.recent.get("overview", site.queue.get_overview)
    took = time.perf_counter() - begun
    span = chosen_span(request)
    traffic = await site.recent.get(f"traffic {span}", lambda: site.queue.get_traffic(SPANS[span][1]))
    known, at = site.durability or (None, 0.0)
    if known is None or time.monotonic() - at > _DURABILITY_KEPT:
        known = await site.queue.durability()
        site.durability = (known, time.monotonic())
    return page(
        request,
        "overview.html",
        **overview_view(found, root),
        traffic=traffic_view(traffic, root),
        spans={name: label for name, (label, _) in SPANS.items()},
        span=span,
        durability=known,
        took=took,
    )


def routes() -> list[Route]:
    """The first page."""
    return [page_route("/", _overview)]
