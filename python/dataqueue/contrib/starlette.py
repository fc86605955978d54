"""A queue for the life of a Starlette application. Needs `dataqueue[starlette]`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

try:
    from starlette.requests import HTTPConnection
except ImportError as error:
    raise ImportError("this needs the package starlette: pip install 'dataqueue[starlette]'") from error

from ..aio import AsyncJobQueue
from ..arguments import Duration, patience
from ..blocking import JobQueue
from ..config import Config
from ..handlers import JobHandlers
from ..pool import Pool

__all__ = ["get_blocking_queue", "get_queue", "queue_lifespan"]

Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]

_QUEUE, _TWIN = "dataqueue", "dataqueue_blocking"


def queue_lifespan(
    queue: AsyncJobQueue | Config | Pool | None = None,
    *,
    handlers: JobHandlers | Mapping[str, Callable[..., Any]] | None = None,
    lifespan: Lifespan | None = None,
    migrate: bool = False,
    drain_timeout: Duration = 30.0,
    **processor_options: Any,
) -> Lifespan:
    """A lifespan that opens a queue, and with handlers runs a processor in the background.

    The queue is open while `lifespan` starts and stops; the processor runs between the two. At the end it claims no
    more, and what runs has `drain_timeout` to end, before the rest of the application goes away.

    Example:
        ```python
        app = Starlette(routes=routes, lifespan=queue_lifespan("postgresql://app@db/app", handlers=handlers))
        ```

    Args:
        queue: What `AsyncJobQueue` takes; it is opened anew for each life of the application, and closed at its end. Or
            an `AsyncJobQueue`, which is yours to close.
        handlers: What the processor runs; without them there is none, and other processes work.
        lifespan: The application's own lifespan, whose state is kept.
        migrate: Whether PostgreSQL's tables are set up at the start: for development, where one process starts at a
            time.
        drain_timeout: Seconds that running handlers have at the end.
        processor_options: What `create_processor` takes, such as `concurrency`.

    Raises:
        TypeError: There are options for a processor, and no handlers.
        ConfigError: The queue's URL cannot be used.
    """
    if handlers is None and processor_options:
        raise TypeError(f"{', '.join(sorted(processor_options))}: these are for a processor, which needs handlers=")
    own_handlers = None if handlers is None else JobHandlers.coerce(handlers)
    timeout = patience("drain_timeout", drain_timeout)

    @asynccontextmanager
    async def lived(app: Any) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            opened = queue
            if not isinstance(opened, AsyncJobQueue):
                opened = await stack.enter_async_context(AsyncJobQueue(opened))
            twin = JobQueue(Pool(opened._requests.store))
            stack.callback(twin.close)
            if migrate:
                await opened.migrate()
            state = {_QUEUE: opened, _TWIN: twin}
            # A lifespan may put what it makes on the application, and so may this.
            app.state.dataqueue = opened
            if lifespan is not None:
                state |= await stack.enter_async_context(lifespan(app)) or {}
            if own_handlers is not None:
                processor = opened.create_processor(own_handlers, **processor_options)
                processor.start_in_background()
                stack.push_async_callback(processor.stop_and_drain, timeout)
            yield state

    return lived


async def get_queue(connection: HTTPConnection) -> AsyncJobQueue:
    """The application's queue, for `async def` endpoints.

    Raises:
        RuntimeError: The application was made without `queue_lifespan`, or its lifespan has not begun.
    """
    found: AsyncJobQueue = _of(connection, _QUEUE)
    return found


async def get_blocking_queue(connection: HTTPConnection) -> JobQueue:
    """Its blocking twin on the same connections, for `def` endpoints, which run on threads.

    Raises:
        RuntimeError: As for `get_queue`.
    """
    found: JobQueue = _of(connection, _TWIN)
    return found


def _of(connection: HTTPConnection, name: str) -> Any:
    try:
        return getattr(connection.state, name)
    except AttributeError:
        raise RuntimeError(
            "the application has no queue: make it with lifespan=queue_lifespan(...), and let the server or the test "
            "client run its lifespan, as `with TestClient(app)` does"
        ) from None
