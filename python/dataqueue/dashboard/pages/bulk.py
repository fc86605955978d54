"""What is to be done to all jobs that a filter finds, and to how many, before it is done."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import page
from ..bulk_changes import KINDS
from ..finding import count, narrowed
from ..reads import page_route
from ..site import site_of, visitor_in
from ..views.filters import JobFilter

__all__ = ["routes"]


async def _confirm(request: Request) -> Response:
    site, visitor = site_of(request), visitor_in(request)
    kind = KINDS.get(request.query_params.get("do", ""))
    if kind is None:
        raise HTTPException(404, "There is no such change.")
    if not site.may(visitor, kind.role):
        raise HTTPException(403, f"This needs the role {kind.role}: yours is {visitor.rank}.")
    wanted = JobFilter.read(request.query_params)
    statuses = narrowed(wanted, kind.statuses)
    number, is_all = await count(site, visitor, wanted, statuses) if statuses else (0, True)
    return page(request, "confirm.html", kind=kind, wanted=wanted, number=number, is_all=is_all)


def routes() -> list[Route]:
    """The page that asks."""
    return [page_route("/jobs/confirm", _confirm)]
