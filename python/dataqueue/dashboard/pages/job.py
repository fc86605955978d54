"""A job: its page, the form that changes it, and its payload whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...models import JobRecord
from ..answers import page
from ..api.jobs import found_job
from ..auth import Role
from ..graph import MOST, Node, dependencies
from ..reads import page_route
from ..site import site_of, visitor_in
from ..views.job import job_view
from ..views.json_text import pretty

__all__ = ["routes"]

_PARTS = ("payload", "output", "step_data")
# What is longer is not edited in a form.
_LONGEST_FORM = 200_000


async def _job(request: Request) -> Response:
    site, visitor = site_of(request), visitor_in(request)
    job = await found_job(request)
    events = await site.queue.get_job_events(job.id)
    graph = await _graph(request, job)
    return page(request, "job.html", **job_view(site, visitor, job, events), graph=graph)


async def _graph(request: Request, job: JobRecord) -> Markup:
    """The jobs that this one waits for, and those that wait for it; what is beyond the drawing is not looked up."""
    site, root = site_of(request), request.scope.get("root_path", "")
    ids = job.depends_on_job_ids
    behind = await site.queue.get_dependents(job.id, MOST + 100)
    wanted = [*ids[:MOST], *behind[:MOST]]
    found = dict(zip(wanted, await asyncio.gather(*map(site.queue.get_job, wanted)), strict=True))

    def node(job_id: int) -> Node:
        record = found.get(job_id)
        target = f"{root}/jobs/{job_id}"
        if record is None:
            return Node(job_id, None, "gone", target)
        return Node(job_id, record.job_type, record.status.value, target)

    own = Node(job.id, job.job_type, job.status.value, "")
    before, after = [node(one) for one in ids[:MOST]], [node(one) for one in behind[:MOST]]
    return dependencies(before, own, after, len(ids) - len(before), len(behind) - len(after))


async def _edit(request: Request) -> Response:
    site = site_of(request)
    job = await found_job(request)
    text = pretty(site.shown(job.payload, visitor_in(request)))
    too_long = len(text) > _LONGEST_FORM
    return page(request, "job_edit.html", job=job, payload_text="" if too_long else text, too_long=too_long)


def _whole(part: str) -> Callable[[Request], Awaitable[Response]]:
    """The payload, the output or the steps as a whole: text that no browser takes for a page."""

    async def endpoint(request: Request) -> Response:
        job = await found_job(request)
        text = pretty(site_of(request).shown(getattr(job, part), visitor_in(request)))
        headers = {"content-disposition": f'inline; filename="job-{job.id}-{part}.json"'}
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)

    return endpoint


def routes() -> list[Route]:
    """The pages of a job."""
    return [
        page_route("/jobs/{id:jobid}", _job),
        page_route("/jobs/{id:jobid}/edit", _edit, Role.ADMIN),
        *(page_route(f"/jobs/{{id:jobid}}/{part}", _whole(part)) for part in _PARTS),
    ]
