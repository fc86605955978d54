"""Changes come from the dashboard's own pages: each sends back a token that only they can read."""

from __future__ import annotations

import hmac
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["FIELD", "HEADER", "cookie_name", "is_from_here", "keep_token", "token_of"]

HEADER = "x-csrf-token"
FIELD = "csrf_token"
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def cookie_name(request: Request) -> str:
    """The cookie that holds the token; over TLS no page without it can set this one."""
    return "__Secure-dataqueue_csrf" if request.url.scheme == "https" else "dataqueue_csrf"


def token_of(request: Request) -> str:
    """The token of this browser, made when it first comes."""
    token = request.cookies.get(cookie_name(request), "")
    if _SHAPE.fullmatch(token):
        return token
    made: str | None = request.scope.get("dataqueue.csrf")
    if made is None:
        made = request.scope["dataqueue.csrf"] = secrets.token_urlsafe(32)
    return made


def keep_token(request: Request, response: Response) -> None:
    """Gives the browser its token, where it has none yet."""
    made: str | None = request.scope.get("dataqueue.csrf")
    if made is not None:
        response.set_cookie(
            cookie_name(request),
            made,
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )


def is_from_here(request: Request, field: str | None) -> bool:
    """Whether a change was sent by a page of the dashboard, or by a client that knows its own token."""
    # What browsers say themselves, which a page cannot change: a sibling domain could plant a cookie.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    kept = request.cookies.get(cookie_name(request), "")
    sent = request.headers.get(HEADER) or field or ""
    return _SHAPE.fullmatch(kept) is not None and hmac.compare_digest(kept.encode(), sent.encode())
