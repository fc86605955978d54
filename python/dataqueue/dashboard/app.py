"""The application: its routes, and what it is made of."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..redaction import Redaction
from . import changes, kinds, pages
from .answers import error_answer
from .api import fleet as api_fleet
from .api import flow as api_flow
from .api import jobs as api_jobs
from .api import openapi, session
from .api import schedules as api_schedules
from .api import stream as api_stream
from .auth import Auth
from .face import Recent, awaited
from .guard import Guard
from .site import Site, site_of
from .stream import Hub
from .views import words

if TYPE_CHECKING:
    from ..aio import AsyncJobQueue
    from ..blocking import JobQueue
    from ..handlers import JobHandlers

__all__ = ["Dashboard", "create_dashboard"]

_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class _JobIdConvertor(Convertor[int]):
    """The id of a job in a path; what is too large for one is no path."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("jobid", _JobIdConvertor())


class Dashboard:
    """An ASGI application that shows a queue, and lets those who may change it.

    It goes by the path that it is mounted at. `mount_wsgi` puts it into WSGI applications.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        app = Starlette(routes=_routes(), exception_handlers={HTTPException: _http_error})
        app.state.site = site
        self._app = Guard(app, site)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one connection."""
        await self._app(scope, receive, send)


def create_dashboard(
    queue: AsyncJobQueue | JobQueue,
    handlers: JobHandlers | Mapping[str, Callable[..., Any]] | None = None,
    *,
    auth: Auth | None = None,
    read_only: bool = False,
    title: str | None = None,
    processor_options: Mapping[str, Any] | None = None,
    redact: Iterable[str] = (),
) -> Dashboard:
    """A dashboard, to be mounted in an application.

    Example:
        ```python
        app.mount("/admin/jobs", create_dashboard(queue, auth=role_of))
        ```

    Args:
        queue: The queue that it shows, of either twin. It is not closed with the dashboard.
        handlers: Handlers for the button that processes one batch of jobs; without them there is none.
        auth: Called with each request (starlette's), `def` or `async def`; answers a role (`viewer`, `operator`,
            `admin`), a `Visitor` with a name too, None for nobody, or a response, such as a redirect to a login.
            Without it everybody who reaches the dashboard may do everything: leave it out only where the application
            around it keeps others out.
        read_only: Refuses all changes, whoever asks.
        title: What its pages are called; `dataqueue` by default.
        processor_options: Options of `create_processor` for that batch, such as `{"batch_size": 5}`.
        redact: Names of fields whose values are not shown, at any depth of payloads, outputs, steps and events;
            compared without regard to case.

    Raises:
        TypeError: An argument is of the wrong type.
    """
    if auth is not None and not callable(auth):
        raise TypeError("auth must be a function of one argument, the request")
    options = dict(processor_options or {})
    if handlers is not None:
        from ..handlers import JobHandlers

        handlers = JobHandlers.coerce(handlers)
    asked = awaited(queue)
    hub = Hub(queue._requests.store)
    site = Site(
        queue=asked,
        handlers=handlers,
        auth=auth,
        read_only=read_only,
        title=title or "dataqueue",
        processor_options=options,
        redaction=Redaction(redact),
        templates=_templates(),
        assets=_digest(),
        hub=hub,
        recent=Recent(changed_at=lambda: hub.changed_at),
        store=queue._requests.store.backend,
        links=pages.LINKS,
    )
    return Dashboard(site)


def _routes() -> list[BaseRoute]:
    return [
        Route("/static/{digest}/{name}", _static, methods=["GET"]),
        *pages.routes(),
        *api_jobs.routes(),
        *api_schedules.routes(),
        *api_flow.routes(),
        *api_fleet.routes(),
        *api_stream.routes(),
        *session.routes(),
        *openapi.routes(),
        *changes.change_routes(kinds.all_changes()),
    ]


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words_ = {404: "There is no such page.", 405: "This cannot be asked for in this way."}
    return error_answer(request, site_of(request), status, words_.get(status, "The request cannot be answered."))


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dataqueue.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ago": words.ago,
        "duration": words.duration,
        "exact": words.exact,
        "number": words.number,
        "size": words.size,
        "time": words.time_tag,
        "titled": words.titled,
    }
    return environment


@functools.cache
def _assets() -> dict[str, bytes]:
    return {
        file.name: file.read_bytes() for file in (files("dataqueue.dashboard") / "static").iterdir() if "." in file.name
    }


def _digest() -> str:
    """A name for the present scripts and styles, so that browsers keep them until they change."""
    found = hashlib.sha256()
    for name, content in sorted(_assets().items()):
        found.update(name.encode() + b"\0" + content)
    return found.hexdigest()[:12]


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    kind = _KINDS.get(name.rpartition(".")[2])
    content = _assets().get(name) if kind else None
    if content is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    known = request.path_params["digest"] == site_of(request).assets
    keep = "public, max-age=31536000, immutable" if known else "no-cache"
    return Response(content, media_type=kind, headers={"cache-control": keep})
