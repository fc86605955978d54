"""Answers: pages, JSON and errors."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from .auth import Role, Visitor
from .csrf import keep_token, token_of
from .site import Site, site_of, visitor_in

__all__ = ["error_answer", "json_answer", "page", "redirect", "wants_json"]

_FLASH = "dataqueue_flash"
_TITLES = {
    400: "That cannot be done",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed",
    409: "Nothing was changed",
    413: "Too large",
    429: "Too many changes",
    501: "Not on this store",
    503: "The store cannot be reached",
}


def wants_json(request: Request) -> bool:
    """Whether a program asks, and not a person."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return path.startswith("/api/") or "application/json" in request.headers.get("accept", "")


def page(request: Request, template: str, status: int = 200, **shown: Any) -> Response:
    """A page from its template."""
    site = site_of(request)
    return _render(request, site, visitor_in(request), template, status, shown)


def json_answer(request: Request, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON."""
    answer = JSONResponse(body, status, dict(headers or {}))
    keep_token(request, answer)
    return answer


def redirect(request: Request, path: str, message: str = "", *, ok: bool = True) -> Response:
    """Sends a browser to another page of the dashboard, which shows the message once."""
    root = request.scope.get("root_path", "")
    answer = RedirectResponse(root + path, 303)
    if message:
        text = base64.urlsafe_b64encode(json.dumps([ok, message[:500]]).encode()).decode()
        answer.set_cookie(_FLASH, text, max_age=30, path=root or "/", httponly=True, samesite="lax")
    return answer


def error_answer(
    request: Request, site: Site, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An error, as a page or as JSON."""
    title = _TITLES.get(status, "Something went wrong")
    answer: Response
    if wants_json(request):
        answer = JSONResponse({"ok": False, "error": message}, status)
    else:
        visitor = request.scope.get("dataqueue.visitor")
        template = "error.html" if visitor is not None else "door.html"
        nobody = Visitor(Role.VIEWER, "")
        answer = _render(request, site, visitor or nobody, template, status, {"heading": title, "message": message})
    answer.headers.update(headers or {})
    return answer


def _render(
    request: Request, site: Site, visitor: Visitor, template: str, status: int, shown: Mapping[str, Any]
) -> Response:
    root = request.scope.get("root_path", "")
    kept = _flash(request)
    theme = request.cookies.get("dataqueue_theme", "")
    here = request.scope["path"].removeprefix(root)
    text = site.templates.get_template(template).render(
        {
            "site": site,
            "visitor": visitor,
            "root": root,
            "here": here,
            "query": request.url.query,
            "csrf": token_of(request),
            "now": datetime.now(UTC),
            "theme": theme if theme in ("light", "dark") else "",
            "flash": kept,
            "can_stream": "wsgi_environ" not in request.scope,
            "may": lambda role: site.may(visitor, Role(role)),
            **shown,
        }
    )
    answer = HTMLResponse(text, status)
    keep_token(request, answer)
    if kept is not None:
        answer.delete_cookie(_FLASH, path=root or "/", httponly=True, samesite="lax")
    return answer


def _flash(request: Request) -> tuple[bool, str] | None:
    try:
        ok, message = json.loads(base64.urlsafe_b64decode(request.cookies[_FLASH]))
        return bool(ok), str(message)[:500]
    except (KeyError, ValueError, TypeError, binascii.Error):
        return None
