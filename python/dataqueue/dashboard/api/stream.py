"""`/api/stream`: what happens to jobs, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..reads import api_read, whole
from ..site import Site, site_of, visitor_in
from ..stream import TooManyError
from .encode import event_json

__all__ = ["routes"]

_HEARTBEAT = 15.0
# Then the browser comes again, and is asked anew who it is.
_LONGEST = 600.0


async def _stream(request: Request) -> Response:
    site = site_of(request)
    if "wsgi_environ" in request.scope:
        raise HTTPException(
            501, "There is no stream behind WSGI, where it would hold a thread: ask again now and then."
        )
    job_id = whole("jobId", request.query_params.get("jobId"), None)
    after = request.headers.get("last-event-id") or request.query_params.get("lastEventId") or None
    if site.hub.is_full:
        raise HTTPException(503, "Too many follow the stream already.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(site, request, job_id, after), media_type="text/event-stream", headers=headers)


async def _events(site: Site, request: Request, job_id: int | None, after: str | None) -> AsyncGenerator[str, None]:
    visitor = visitor_in(request)
    loop = asyncio.get_running_loop()
    end = loop.time() + _LONGEST
    yield "retry: 3000\n: follows\n\n"
    async with aclosing(site.hub.follow(job_id, after)) as events:
        waiting = None
        try:
            while (left := end - loop.time()) > 0:
                waiting = waiting or asyncio.ensure_future(anext(events))
                await asyncio.wait({waiting}, timeout=min(_HEARTBEAT, left))
                if not waiting.done():
                    yield ": still here\n\n"
                    continue
                event, waiting = waiting.result(), None
                if event is None:
                    yield "event: gap\ndata: {}\n\n"
                else:
                    told = {name: value for name, value in event_json(event, site, visitor).items() if name != "cursor"}
                    yield f"id: {event.cursor}\nevent: job\ndata: {json.dumps(told)}\n\n"
        except (TooManyError, StopAsyncIteration):
            return
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait({waiting})


def routes() -> list[Route]:
    """The stream."""
    return [api_read("/stream", _stream)]
