"""Tokens: the list, and the form that completes one."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...redaction import short_token
from ...tokens import TokenStatus
from ..answers import page
from ..auth import Role
from ..reads import page_route
from ..site import BadInputError, site_of, visitor_in
from ..views.json_text import json_text

__all__ = ["routes"]

_PAGE = 50


async def _list(request: Request) -> Response:
    site, query = site_of(request), request.query_params
    status = query.get("status", "")
    if status and status not in set(TokenStatus):
        raise BadInputError(f"status is {status!r:.80}: it must be one of {', '.join(TokenStatus)}")
    cursor = query.get("cursor") or None
    # The ids are as good as keys, so that viewers see the newest alone: a page's place would be an id.
    knows = visitor_in(request).rank.may(Role.OPERATOR)
    found = await site.queue.get_tokens(status or None, cursor if knows else None, _PAGE + 1)
    tokens = found[:_PAGE]
    return page(
        request,
        "tokens.html",
        tokens=tokens,
        shown_status=status,
        statuses=list(TokenStatus),
        knows=knows,
        short=short_token,
        following=tokens[-1].id if knows and len(found) > _PAGE else "",
        more=len(found) > _PAGE,
        is_first=cursor is None,
    )


async def _one(request: Request) -> Response:
    site = site_of(request)
    token = await site.queue.get_token(request.path_params["token"])
    if token is None:
        raise HTTPException(404, "There is no such token: it may have been cleaned up.")
    output = None if token.output is None else json_text(site.shown(token.output, visitor_in(request)))
    return page(request, "token.html", token=token, output=output)


def routes() -> list[Route]:
    """The pages of tokens."""
    return [page_route("/tokens", _list), page_route("/tokens/{token}", _one, Role.OPERATOR)]
