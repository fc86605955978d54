"""Who changed what."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..auth import Role
from ..reads import page_route
from ..site import site_of

__all__ = ["routes"]


async def _audit(request: Request) -> Response:
    return page(request, "audit.html", entries=site_of(request).audit.entries())


def routes() -> list[Route]:
    """The page of the trail."""
    return [page_route("/audit", _audit, Role.ADMIN)]
