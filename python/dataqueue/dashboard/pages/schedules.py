"""Schedules: the list, and the form that changes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..._core import cron_ticks
from ...arguments import datetime_of
from ...schedules import CronSchedule, Missed
from ..answers import page
from ..auth import Role
from ..reads import page_route
from ..site import site_of, visitor_in
from ..views.json_text import json_text, pretty

__all__ = ["routes"]

_NEXT = 3


@dataclass(frozen=True, slots=True)
class _Row:
    schedule: CronSchedule
    next_runs: Sequence[datetime]


def _row(schedule: CronSchedule) -> _Row:
    if schedule.status != "active" or schedule.next_run_at is None:
        return _Row(schedule, ())
    first = schedule.next_run_at
    try:
        behind = cron_ticks(schedule.cron_expression, schedule.timezone, round(first.timestamp() * 1e6), _NEXT - 1)
    except ValueError:
        # A row that another program wrote; what is known is shown.
        behind = []
    return _Row(schedule, [first, *map(datetime_of, behind)])


async def _list(request: Request) -> Response:
    found = await site_of(request).queue.list_cron_jobs()
    return page(request, "schedules.html", rows=[_row(one) for one in found])


async def _edit(request: Request) -> Response:
    site = site_of(request)
    found = await site.queue.get_cron_job(request.path_params["id"])
    if found is None:
        raise HTTPException(404, f"There is no schedule {request.path_params['id']}.")
    shown = site.shown(found.payload, visitor_in(request))
    return page(
        request,
        "schedule.html",
        row=_row(found),
        schedule=found,
        payload=json_text(shown),
        payload_text=pretty(shown),
        missed=list(Missed),
        today=datetime.now(UTC),
        can_edit=site.may(visitor_in(request), Role.ADMIN),
    )


def routes() -> list[Route]:
    """The pages of schedules."""
    return [page_route("/schedules", _list), page_route("/schedules/{id:jobid}", _edit)]
