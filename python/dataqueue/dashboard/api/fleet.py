"""`/api/overview`, `/api/traffic`, `/api/workers`, `/api/tokens`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ...tokens import TokenStatus
from ..auth import Role
from ..reads import api_read, chosen_span, whole
from ..site import BadInputError, site_of, visitor_in
from ..views.traffic import SPANS
from .encode import record_json

__all__ = ["routes"]

_MOST = 200


async def _overview(request: Request) -> dict[str, Any]:
    site = site_of(request)
    found = await site.recent.get("overview", site.queue.get_overview)
    return {"overview": record_json(found, site, visitor_in(request))}


async def _traffic(request: Request) -> dict[str, Any]:
    site, span = site_of(request), chosen_span(request)
    found = await site.recent.get(f"traffic {span}", lambda: site.queue.get_traffic(SPANS[span][1]))
    return {"traffic": record_json(found, site, visitor_in(request))}


async def _workers(request: Request) -> dict[str, Any]:
    site, query = site_of(request), request.query_params
    limit = whole("limit", query.get("limit"), 100, 1, _MOST) or 100
    found = await site.queue.get_workers(whole("cursor", query.get("cursor"), None), limit + 1)
    workers = [record_json(one, site, visitor_in(request)) for one in found[:limit]]
    return {"workers": workers, "nextCursor": found[limit - 1].id if len(found) > limit else None}


async def _tokens(request: Request) -> dict[str, Any]:
    """For operators: who has an id can complete the token."""
    site, query = site_of(request), request.query_params
    limit = whole("limit", query.get("limit"), 50, 1, _MOST) or 50
    status = query.get("status") or None
    if status is not None and status not in set(TokenStatus):
        raise BadInputError(f"status is {status!r:.80}: it must be one of {', '.join(TokenStatus)}")
    found = await site.queue.get_tokens(status, query.get("cursor") or None, limit + 1)
    tokens = [record_json(one, site, visitor_in(request)) for one in found[:limit]]
    return {"tokens": tokens, "nextCursor": found[limit - 1].id if len(found) > limit else None}


def routes() -> list[Route]:
    """The reads of what there is besides jobs."""
    return [
        api_read("/overview", _overview),
        api_read("/traffic", _traffic),
        api_read("/workers", _workers),
        api_read("/tokens", _tokens, Role.OPERATOR),
    ]
