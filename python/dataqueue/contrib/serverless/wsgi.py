"""The endpoint for servers that speak WSGI."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ...arguments import Duration
from .batch import Batch, Handlers
from .door import Door, done, failed

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...supervisor import Supervisor

__all__ = ["wsgi_app"]

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


def wsgi_app(
    queue: JobQueue,
    handlers: Handlers,
    *,
    secret: str | bytes | None = None,
    public: bool = False,
    time_limit: Duration | None = None,
    upkeep: Supervisor | None = None,
    **processor_options: Any,
) -> App:
    """A WSGI application that runs one batch for each authorized request, on whichever path.

    It answers as `asgi_app` does.

    Args:
        queue: The queue, which stays open.
        handlers: The handlers.
        secret: At least 16 bytes; `$CRON_SECRET` where it is left out.
        public: Lets everybody run a batch. For an address that something else guards.
        time_limit: Seconds after which what has not started goes back, and handlers are told to stop by their signal;
            their jobs go back a second later. Give some seconds less than the platform allows a request.
        upkeep: A supervisor of the queue, which does one round after a batch that ended in time.
        processor_options: What `create_processor` takes, such as `batch_size`.

    Raises:
        ValueError: There is no secret, it is too short, or an option is out of its limits.
        TypeError: The queue is not a `JobQueue`, or an option is not known.
    """
    door = Door(secret, public)
    batch = Batch(queue, handlers, time_limit, upkeep, processor_options)
    if batch.is_async:
        raise TypeError("queue is an AsyncJobQueue, and WSGI has no event loop: give a JobQueue, or use asgi_app")

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION")
        answer = door.refusal(environ["REQUEST_METHOD"], [] if given is None else [given.encode("latin-1")])
        if answer is None:
            try:
                answer = done(batch.run(batch.time_limit))
            except Exception as error:
                answer = failed(error)
        body = answer.body
        headers = [*answer.headers().items(), ("content-length", str(len(body)))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [body]

    return app
