"""What all pages of a dashboard share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from ..redaction import Redaction
from .audit import Audit
from .auth import Auth, Role, Visitor
from .face import Recent
from .pace import Pace

if TYPE_CHECKING:
    import asyncio

    from jinja2 import Environment

    from ..aio import AsyncJobQueue
    from ..handlers import JobHandlers
    from ..models import Durability
    from .stream import Hub

__all__ = ["BadInputError", "Site", "site_of", "visitor_in"]


class BadInputError(ValueError):
    """What a visitor sent cannot be used; the message is for them."""


@dataclass(slots=True, kw_only=True)
class Site:
    """A dashboard: its queue, its options, and what it keeps while it runs."""

    queue: AsyncJobQueue
    handlers: JobHandlers | Mapping[str, Callable[..., Any]] | None
    auth: Auth | None
    read_only: bool
    title: str
    processor_options: Mapping[str, Any]
    redaction: Redaction
    templates: Environment
    assets: str
    hub: Hub
    store: str
    audit: Audit = field(default_factory=Audit)
    pace: Pace = field(default_factory=Pace)
    recent: Recent = field(default_factory=Recent)
    processing: asyncio.Task[Any] | None = None
    durability: tuple[Durability, float] | None = None
    links: Sequence[tuple[str, str, str, Role]] = ()

    def may(self, visitor: Visitor, needed: Role) -> bool:
        """Whether a visitor may make a change that needs this role."""
        return not self.read_only and visitor.rank.may(needed)

    def shown(self, value: Any, visitor: Visitor) -> Any:
        """A value as this visitor may see it."""
        return self.redaction.shown(value, with_tokens=visitor.rank.may(Role.OPERATOR))


def site_of(request: Request) -> Site:
    """The dashboard that a request is for."""
    site: Site = request.app.state.site
    return site


def visitor_in(request: Request) -> Visitor:
    """Who sent a request."""
    visitor: Visitor = request.scope["dataqueue.visitor"]
    return visitor
