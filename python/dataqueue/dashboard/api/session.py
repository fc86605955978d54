"""`/api/session`: who asks, and the token that changes need; `/api/audit`: who changed what."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ..auth import Role
from ..csrf import token_of
from ..reads import api_read
from ..site import site_of, visitor_in
from .encode import record_json

__all__ = ["routes"]


async def _session(request: Request) -> dict[str, Any]:
    site, visitor = site_of(request), visitor_in(request)
    return {
        "name": visitor.name,
        "role": visitor.rank.value,
        "readOnly": site.read_only,
        "canProcess": site.handlers is not None and site.may(visitor, Role.OPERATOR),
        "store": site.store,
        "csrfToken": token_of(request),
    }


async def _audit(request: Request) -> dict[str, Any]:
    site, visitor = site_of(request), visitor_in(request)
    return {"entries": [record_json(entry, site, visitor) for entry in site.audit.entries()]}


def routes() -> list[Route]:
    """What is about the visitor."""
    return [api_read("/session", _session), api_read("/audit", _audit, Role.ADMIN)]
