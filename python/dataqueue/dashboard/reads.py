"""What reads have in common: errors of the store and of visitors become answers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import BackendUnavailable, DataQueueError, MigrationRequired, TokenNotFound, UnsupportedBackend
from .answers import error_answer, json_answer
from .auth import Role
from .site import BadInputError, site_of, visitor_in
from .views.traffic import SPANS

__all__ = ["answered", "api_read", "chosen_span", "page_route", "whole"]

_LOGGER = logging.getLogger("dataqueue")
_LARGEST = 2**63 - 1


def answered(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, whose errors are told as a page or as JSON, without what is not for visitors."""

    @functools.wraps(endpoint)
    async def safe(request: Request) -> Response:
        site = site_of(request)
        try:
            return await endpoint(request)
        except HTTPException as error:
            return error_answer(request, site, error.status_code, error.detail)
        except (BackendUnavailable, MigrationRequired) as error:
            return error_answer(request, site, 503, str(error), {"retry-after": "5"})
        except TokenNotFound:
            return error_answer(request, site, 404, "There is no such token: it may have been cleaned up.")
        except UnsupportedBackend as error:
            return error_answer(request, site, 501, str(error))
        except (BadInputError, DataQueueError, ValueError, TypeError) as error:
            if not isinstance(error, BadInputError | DataQueueError) and not _is_of_arguments(error):
                _LOGGER.exception("the dashboard failed at %s", request.scope["path"])
                return error_answer(request, site, 500, "The dashboard failed. The log has the reason.")
            return error_answer(request, site, 400, str(error))
        except Exception:
            _LOGGER.exception("the dashboard failed at %s", request.scope["path"])
            return error_answer(request, site, 500, "The dashboard failed. The log has the reason.")

    return safe


def _is_of_arguments(error: Exception) -> bool:
    """Whether the queue refused an argument, and did not break: the error was raised outside of the dashboard."""
    trace = error.__traceback__
    name = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return name.startswith("dataqueue.") and not name.startswith("dataqueue.dashboard")


def page_route(path: str, endpoint: Callable[[Request], Awaitable[Response]], needs: Role = Role.VIEWER) -> Route:
    """A page that those with a role may see."""
    return Route(path, answered(_for(needs, endpoint)), methods=["GET"])


def api_read(path: str, endpoint: Callable[[Request], Awaitable[object]], needs: Role = Role.VIEWER) -> Route:
    """A read of the API: what the endpoint answers, as JSON."""

    async def as_json(request: Request) -> Response:
        found = await endpoint(request)
        return found if isinstance(found, Response) else json_answer(request, found)

    return Route("/api" + path, answered(_for(needs, as_json)), methods=["GET"])


def _for(needs: Role, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def checked(request: Request) -> Response:
        if not visitor_in(request).rank.may(needs):
            raise HTTPException(403, f"This needs the role {needs}: yours is {visitor_in(request).rank}.")
        return await endpoint(request)

    return checked


def chosen_span(request: Request) -> str:
    """The name of the span that the query string asks for; an hour where it asks for none.

    Raises:
        BadInputError: There is no such span.
    """
    span = request.query_params.get("span") or "hour"
    if span not in SPANS:
        raise BadInputError(f"span is {span!r:.80}: it must be one of {', '.join(SPANS)}")
    return span


def whole(name: str, text: str | None, missing: int | None, least: int = 0, most: int = _LARGEST) -> int | None:
    """A whole number of a query string.

    Raises:
        BadInputError: It is none, or out of its limits.
    """
    if text is None or not text.strip():
        return missing
    try:
        value = int(text)
    except ValueError:
        raise BadInputError(f"{name} is {text!r:.80}: it must be a whole number") from None
    if not least <= value <= most:
        raise BadInputError(f"{name} is {text:.40}: it must be from {least} to {most}")
    return value
