"""The endpoint for servers that speak ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from ...arguments import Duration
from .batch import Batch, Handlers
from .door import Answer, Door, done, failed

if TYPE_CHECKING:
    from ...aio import AsyncJobQueue
    from ...blocking import JobQueue
    from ...supervisor import AsyncSupervisor, Supervisor

__all__ = ["asgi_app"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def asgi_app(
    queue: AsyncJobQueue | JobQueue,
    handlers: Handlers,
    *,
    secret: str | bytes | None = None,
    public: bool = False,
    time_limit: Duration | None = None,
    upkeep: AsyncSupervisor | Supervisor | None = None,
    **processor_options: Any,
) -> App:
    """An ASGI application that runs one batch for each authorized request, on whichever path.

    `GET` and `POST` with `Authorization: Bearer SECRET` are answered `{"processed": n}` once the batch has ended.
    Without the secret the answer is 401, while the store cannot be reached 503, and 500 for anything else that goes
    wrong, which the logger `dataqueue.serverless` tells of. A job that fails is no error: it is retried as any other.

    Example:
        ```python
        app.add_route("/cron/jobs", asgi_app(queue, handlers))   # FastAPI and Starlette
        ```

    Args:
        queue: The queue, which stays open; a blocking one works on threads.
        handlers: The handlers.
        secret: At least 16 bytes; `$CRON_SECRET` where it is left out.
        public: Lets everybody run a batch. For an address that something else guards.
        time_limit: Seconds after which what has not started goes back, and handlers are told to stop by their signal;
            their jobs go back a second later. Give some seconds less than the platform allows a request.
        upkeep: A supervisor of the queue, which does one round after a batch that ended in time.
        processor_options: What `create_processor` takes, such as `batch_size`.

    Raises:
        ValueError: There is no secret, it is too short, or an option is out of its limits.
        TypeError: The queue is none, or an option is not known.
    """
    return _App(Door(secret, public), Batch(queue, handlers, time_limit, upkeep, processor_options))


class _App:
    # An object, not a function: Starlette's routes take it for an application.
    def __init__(self, door: Door, batch: Batch) -> None:
        self._door, self._batch = door, batch

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"this serves http, not {scope['type']}")
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        answer = self._door.refusal(scope["method"], given)
        if answer is None:
            try:
                answer = done(await self._batch.run_async(self._batch.time_limit))
            except Exception as error:
                answer = failed(error)
        await _send(send, answer)


async def _send(send: Send, answer: Answer) -> None:
    body = answer.body
    headers = [(name.encode(), value.encode()) for name, value in answer.headers().items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
