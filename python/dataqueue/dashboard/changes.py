"""Changes: who may make one, what keeps it from being forged or repeated without end, and what is kept of it."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import error_answer, json_answer, redirect, wants_json
from .auth import Role, Visitor, client_of
from .csrf import FIELD, is_from_here
from .reads import answered
from .site import BadInputError, Site, site_of, visitor_in

__all__ = ["Asked", "Change", "Outcome", "change_routes"]

# A payload may be as large as the store allows; a form is sent as text that can be three times as long.
_MOST_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that somebody asks for.

    Attributes:
        site: The dashboard.
        visitor: Who asks.
        path: The parameters of the path.
        fields: The fields of the form, or of the JSON object.
    """

    site: Site
    visitor: Visitor
    path: Mapping[str, Any]
    fields: Mapping[str, Any]

    def text(self, name: str, missing: str = "") -> str:
        """A field as text.

        Raises:
            BadInputError: It is something else.
        """
        value = self.fields.get(name, missing)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise BadInputError(f"{name} must be text")
        return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change led to.

    Attributes:
        ok: Whether anything was changed.
        message: A sentence for people.
        target: What it was done to, for the audit trail.
        data: What the API answers besides.
        go: The page to go to; by default the one that the change was asked for on.
        details: For the audit trail.
    """

    ok: bool
    message: str
    target: str
    data: Mapping[str, Any] = field(default_factory=dict)
    go: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change.

    Attributes:
        path: Where it is asked for, on the pages and below `/api`.
        name: What it is called in the audit trail.
        role: Who may make it.
        perform: Makes it.
        takes: The fields that it takes, by name, and what each is as JSON Schema has it.
    """

    path: str
    name: str
    role: Role
    perform: Callable[[Asked], Awaitable[Outcome]]
    takes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def change_routes(changes: list[Change]) -> list[Route]:
    """The routes of changes: each for the forms of the pages and for the API."""
    return [
        Route(prefix + change.path, answered(_endpoint(change)), methods=["POST"])
        for change in changes
        for prefix in ("", "/api")
    ]


def _endpoint(change: Change) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        site, visitor, client = site_of(request), visitor_in(request), client_of(request)

        def refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
            target = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
            site.audit.record(visitor, client, change.name, target, "refused", {"reason": message})
            return error_answer(request, site, status, message, headers)

        if site.read_only:
            return refused(403, "This dashboard is read-only: nothing can be changed here.")
        if not visitor.rank.may(change.role):
            return refused(403, f"This needs the role {change.role}: yours is {visitor.rank}.")
        fields = await _fields(request)
        token = fields.pop(FIELD, None)
        if not is_from_here(request, token if isinstance(token, str) else None):
            return refused(
                403,
                "The request does not carry the token of this browser: load the page again, then repeat it. A program "
                "sends the cookie that it was given, and the same token in the header X-CSRF-Token.",
            )
        if wait := site.pace.wait(f"{visitor.name} {client}"):
            seconds = math.ceil(wait)
            return refused(429, f"Too many changes: wait {seconds} s.", {"retry-after": str(seconds)})
        back = fields.pop("back", None)
        try:
            outcome = await change.perform(Asked(site, visitor, request.path_params, fields))
        except Exception as error:
            site.audit.record(
                visitor, client, change.name, request.scope["path"], "failed", {"error": str(error)[:500]}
            )
            raise
        finally:
            site.recent.forget()
        kept = {**outcome.details, "message": outcome.message}
        site.audit.record(visitor, client, change.name, outcome.target, "done" if outcome.ok else "unchanged", kept)
        if wants_json(request):
            told = {"message": outcome.message} if outcome.ok else {"error": outcome.message}
            return json_answer(request, {"ok": outcome.ok, **told, **outcome.data}, 200 if outcome.ok else 409)
        return redirect(request, outcome.go or _local(back), outcome.message, ok=outcome.ok)

    return endpoint


def _local(back: object) -> str:
    """The page to go back to, which must be one of the dashboard."""
    if isinstance(back, str) and back.startswith("/") and not back.startswith(("//", "/\\")):
        parts = urlsplit(back)
        if not parts.scheme and not parts.netloc and back.isprintable():
            return back
    return "/"


async def _fields(request: Request) -> dict[str, Any]:
    """What was sent: a form, a JSON object, or nothing.

    Raises:
        BadInputError: It is something else.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise BadInputError(f"what was sent is longer than {_MOST_BYTES} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if not body:
            return {}
        if kind == "application/json":
            found = json.loads(bytes(body))
            if isinstance(found, dict):
                return found
            raise BadInputError("the body must be a JSON object")
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=2_000)
            return {name: values[0] if len(values) == 1 else values for name, values in pairs.items()}
    except (ValueError, RecursionError):
        raise BadInputError("the body cannot be read: send a form or a JSON object") from None
    raise BadInputError(f"content-type is {kind!r:.80}: send a form or application/json")
