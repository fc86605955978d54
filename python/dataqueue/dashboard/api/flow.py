"""`/api/flow`: what is paused."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ..reads import api_read
from ..site import site_of

__all__ = ["routes"]


async def _paused(request: Request) -> dict[str, Any]:
    found = await site_of(request).queue.paused()
    return {"paused": [{"jobType": one.job_type, "group": one.group} for one in found]}


def routes() -> list[Route]:
    """The reads of what is paused."""
    return [api_read("/flow", _paused)]
