"""The list of jobs."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ...models import JobStatus, TagMode
from ..answers import page
from ..bulk_changes import KINDS
from ..finding import Found, find
from ..reads import page_route, whole
from ..site import BadInputError, Site, site_of, visitor_in
from ..views.filters import SPANS, JobFilter
from ..views.paging import Trail

__all__ = ["routes"]

_PAGE = 50


async def _list(request: Request) -> Response:
    site, query = site_of(request), request.query_params
    number = query.get("id", "").strip().lstrip("#")
    if number:
        asked = whole("id", number, None)
        return RedirectResponse(f"{request.scope.get('root_path', '')}/jobs/{asked}", 303)
    try:
        wanted, problem = JobFilter.read(query), ""
    except BadInputError as error:
        wanted, problem = JobFilter(), str(error)
    cursor = whole("cursor", query.get("cursor"), None)
    overview, found = await asyncio.gather(
        site.recent.get("overview", site.queue.get_overview),
        _none() if problem else _found(site, request, wanted, cursor),
    )
    trail = Trail.read(query.get("trail", ""), cursor)
    return page(
        request,
        "jobs.html",
        400 if problem else 200,
        problem=problem,
        jobs=found.jobs,
        looked_at=found.looked_at,
        counts=overview.counts,
        types=overview.types,
        kinds=[kind for kind in KINDS.values() if site.may(visitor_in(request), kind.role)],
        wanted=wanted,
        statuses=list(JobStatus),
        modes=list(TagMode),
        spans=SPANS,
        older=wanted.query(cursor=str(found.cursor), trail=trail.onward()) if found.cursor is not None else "",
        newer=wanted.query(**trail.back()) if cursor is not None else "",
        is_first=cursor is None,
    )


async def _none() -> Found:
    return Found([], None, None)


async def _found(site: Site, request: Request, wanted: JobFilter, cursor: int | None) -> Found:
    visitor = visitor_in(request)

    async def ask() -> Found:
        return await find(site, visitor, wanted, cursor, _PAGE)

    if "x-refresh" not in request.headers:
        return await ask()
    kept: Found = await site.recent.get(("jobs", wanted, cursor, visitor.rank), ask)
    return kept


def routes() -> list[Route]:
    """The pages of lists."""
    return [page_route("/jobs", _list)]
