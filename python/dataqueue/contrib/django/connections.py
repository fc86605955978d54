"""Database connections of Django's around jobs, as Django treats them around requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from ...handlers import JobHandlers
from .._around import within

__all__ = ["afresh_connections", "fresh_connections", "with_connections"]


def fresh_connections(ctx: Any) -> Iterator[None]:
    """A middleware for `def` handlers: closes connections that are broken or older than `CONN_MAX_AGE`.

    Before and after each job, on the thread that runs it. One inside of a transaction is left alone.
    """
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


async def afresh_connections(ctx: Any) -> AsyncIterator[None]:
    """The same for `async def` handlers, on the thread on which Django's ORM works for them."""
    await sync_to_async(close_old_connections)()
    try:
        yield
    finally:
        await sync_to_async(close_old_connections)()


def with_connections(handlers: JobHandlers | Mapping[str, Callable[..., Any]]) -> JobHandlers:
    """A set of the same handlers, each with the middleware for its kind; the given set stays as it is.

    `manage.py dataqueue_worker` does this by itself.

    Example:
        ```python
        processor = queue.create_processor(with_connections(handlers))
        ```
    """
    return within(handlers, fresh_connections, afresh_connections)
