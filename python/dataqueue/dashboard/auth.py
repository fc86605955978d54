"""Who looks at the dashboard, and what they may do."""

from __future__ import annotations

import base64
import binascii
import hmac
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

__all__ = ["Auth", "Role", "Visitor", "basic_auth", "visitor_of"]


class Role(StrEnum):
    """What a visitor may do; each role may do what those before it may."""

    VIEWER = "viewer"
    """Looks."""
    OPERATOR = "operator"
    """Cancels, retries, pauses, completes tokens, runs schedules and processes jobs."""
    ADMIN = "admin"
    """Edits, deletes, drains workers, and sees who changed what."""

    def may(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = list(Role)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request.

    Attributes:
        role: What they may do.
        name: Who they are, for the audit trail.
    """

    role: Role | str
    name: str

    @property
    def rank(self) -> Role:
        """The role, which a plain string may have named."""
        return Role(self.role)


Verdict: TypeAlias = "Visitor | Role | str | Response | None"
Auth: TypeAlias = "Callable[[Request], Verdict | Awaitable[Verdict]]"
"""Answers the role of whoever sent a request: a `Visitor` (with a name), a role, None for nobody, or a response such as
a redirect to a login page. It may be `async def`; a `def` is called on a thread."""


async def visitor_of(auth: Auth | None, request: Request) -> Visitor | Response | None:
    """Who sent a request; None is nobody, and a response is what they are to be told.

    Raises:
        TypeError: `auth` answered something else.
        ValueError: It answered a role that there is not.
    """
    if auth is None:
        return Visitor(Role.ADMIN, client_of(request))
    ask: Callable[[Request], Any] = auth
    # An object with such a method counts too.
    if inspect.iscoroutinefunction(auth) or inspect.iscoroutinefunction(type(auth).__call__):
        found = ask(request)
    else:
        found = await run_in_threadpool(ask, request)
    if inspect.isawaitable(found):
        found = await found
    match found:
        case None:
            return None
        case Response():
            return found
        case Visitor():
            return Visitor(Role(found.role), found.name)
        case str():
            return Visitor(Role(found), client_of(request))
        case _:
            raise TypeError(f"auth must answer a role, a Visitor, a response or None, not {type(found).__name__}")


def client_of(request: Request) -> str:
    """From where a request came, as its server knows it."""
    if request.client is not None:
        return request.client.host
    environ = request.scope.get("wsgi_environ", {})
    return str(environ.get("REMOTE_ADDR") or "unknown")


def basic_auth(users: Mapping[str, tuple[str, Role | str]]) -> Auth:
    """Asks for a name and a password, as HTTP's basic authentication does. Use it over TLS, or on loopback.

    Example:
        ```python
        create_dashboard(queue, auth=basic_auth({"ada": (os.environ["ADAS_PASSWORD"], "admin")}))
        ```

    Args:
        users: Passwords and roles by name.

    Raises:
        ValueError: There is no such role, a password is empty, or there are no users.
    """
    if not users:
        raise ValueError("basic_auth has no users: name one at least")
    known = {}
    for name, (password, role) in users.items():
        if not password or ":" in name:
            raise ValueError(f"the user {name!r} of basic_auth needs a password, and a name without a colon")
        known[name] = (password.encode(), Role(role))
    challenge = {"www-authenticate": 'Basic realm="dataqueue", charset="UTF-8"', "cache-control": "no-store"}

    async def ask(request: Request) -> Verdict:
        name, password = _credentials(request.headers.get("authorization", ""))
        wanted, role = known.get(name, (b"\0", Role.VIEWER))
        # Compared for unknown names too, so that the time taken tells nothing.
        if hmac.compare_digest(password, wanted) and name in known:
            return Visitor(role, name)
        return PlainTextResponse("Give a name and a password.", 401, challenge)

    return ask


def _credentials(header: str) -> tuple[str, bytes]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).partition(b":")
        return name.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return "", b""
