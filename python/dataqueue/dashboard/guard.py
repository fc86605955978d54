"""The door: who comes in, and what every answer carries."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from .answers import error_answer
from .auth import Visitor, client_of, visitor_of
from .site import Site

__all__ = ["Guard"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_LOGGER = logging.getLogger("dataqueue")
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex",
}


class Guard:
    """Lets in whom `auth` lets in; only the dashboard's own scripts and styles are for everybody."""

    def __init__(self, app: App, site: Site) -> None:
        self._app, self._site = app, site
        self._warned = site.auth is not None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = await self._stopped(scope)
        await (self._app if answer is None else answer)(scope, receive, send_with_headers)

    async def _stopped(self, scope: Message) -> Response | None:
        """What whoever may not come in is told."""
        request = Request(scope)
        path, root = scope["path"], scope.get("root_path", "")
        if path.removeprefix(root).startswith("/static/"):
            return None
        try:
            found = await visitor_of(self._site.auth, request)
        except Exception:
            _LOGGER.exception("auth of the dashboard failed, so nobody is let in")
            return error_answer(request, self._site, 500, "Who you are could not be checked. The log has the reason.")
        if isinstance(found, Response):
            return found
        if not isinstance(found, Visitor):
            return error_answer(request, self._site, 401, "You are not signed in, or may not see this.")
        scope["dataqueue.visitor"] = found
        self._warn_once(request)
        return None

    def _warn_once(self, request: Request) -> None:
        if self._warned:
            return
        with contextlib.suppress(ValueError):
            if not ipaddress.ip_address(client_of(request)).is_loopback:
                self._warned = True
                _LOGGER.warning(
                    "the dashboard has no auth= and is open to %s: whoever reaches it may change everything, "
                    "unless the application around it keeps them out",
                    client_of(request),
                )
