"""The list of jobs."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ...models import JobStatus, TagMode
from ..answers import page
from ..reads import page_route, whole
from ..site import BadInputError, Site, site_of
from ..views.filters import SPANS, JobFilter
from ..views.paging import Trail

__all__ = ["routes"]

_PAGE = 50


async def _list(request: Request) -> Response:
    site, query = site_of(request), request.query_params
    number = query.get("id", "").strip().lstrip("#")
    if number:
        found = whole("id", number, None)
        return RedirectResponse(f"{request.scope.get('root_path', '')}/jobs/{found}", 303)
    try:
        wanted, problem = JobFilter.read(query), ""
    except BadInputError as error:
        wanted, problem = JobFilter(), str(error)
    cursor = whole("cursor", query.get("cursor"), None)
    jobs = [] if problem else await _found(site, request, wanted, cursor)
    more = len(jobs) > _PAGE
    jobs = jobs[:_PAGE]
    trail = Trail.read(query.get("trail", ""), cursor)
    return page(
        request,
        "jobs.html",
        400 if problem else 200,
        problem=problem,
        jobs=jobs,
        wanted=wanted,
        statuses=list(JobStatus),
        modes=list(TagMode),
        spans=SPANS,
        older=wanted.query(cursor=str(jobs[-1].id), trail=trail.onward()) if more else "",
        newer=wanted.query(**trail.back()) if cursor is not None else "",
        is_first=cursor is None,
    )


async def _found(site: Site, request: Request, wanted: JobFilter, cursor: int | None) -> Any:
    async def ask() -> Any:
        return await site.queue.get_jobs(**wanted.conditions(), limit=_PAGE + 1, cursor=cursor)

    if "x-refresh" in request.headers:
        return await site.recent.get(("jobs", wanted, cursor), ask)
    return await ask()


async def _home(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/jobs", 303)


def routes() -> list[Route]:
    """The pages of lists."""
    return [page_route("/", _home), page_route("/jobs", _list)]
