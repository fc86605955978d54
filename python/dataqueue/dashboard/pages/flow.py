"""What is paused."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..reads import page_route
from ..site import site_of

__all__ = ["routes"]


async def _flow(request: Request) -> Response:
    return page(request, "flow.html", paused=await site_of(request).queue.paused())


def routes() -> list[Route]:
    """The page of pauses."""
    return [page_route("/flow", _flow)]
