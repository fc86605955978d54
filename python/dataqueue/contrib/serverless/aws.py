"""The function for AWS Lambda."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...arguments import Duration, positive_seconds
from .batch import Batch, Handlers
from .door import VARIABLE, Answer, Door, done, failed

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...supervisor import Supervisor

__all__ = ["aws_lambda"]

_CLOSED = Answer(
    403,
    {"error": f"this function answers requests only with a secret: set ${VARIABLE}, or give aws_lambda secret="},
    {},
)


def aws_lambda(
    queue: JobQueue,
    handlers: Handlers,
    *,
    secret: str | bytes | None = None,
    public: bool = False,
    margin: Duration = 5.0,
    upkeep: Supervisor | None = None,
    **processor_options: Any,
) -> Callable[[Any, Any], dict[str, Any]]:
    """A function for AWS Lambda, `handler(event, context)`, that runs one batch for each invocation.

    Invoked directly, as by a schedule of EventBridge, it answers `{"processed": n}`, and raises what goes wrong. A
    request by way of a function URL, API Gateway or a load balancer is answered as by `asgi_app`, and only with the
    secret: AWS says who may invoke a function, and not who may send it a request.

    Args:
        queue: The queue, made outside of the function, so that its connections outlive an invocation.
        handlers: The handlers.
        secret: At least 16 bytes; `$CRON_SECRET` where it is left out. Without either, requests are refused.
        public: Answers every request.
        margin: How many seconds before the invocation's end what has not started goes back, and handlers are told to
            stop by their signal; their jobs go back a second later. At most half of the time that is left.
        upkeep: A supervisor of the queue, which does one round after a batch that ended in time.
        processor_options: What `create_processor` takes, such as `batch_size`.

    Raises:
        ValueError: The secret is too short, or an option is out of its limits.
        TypeError: The queue is not a `JobQueue`, or an option is not known.
    """
    has_secret = secret is not None or public or os.environ.get(VARIABLE)
    door = Door(secret, public) if has_secret else None
    reserve = positive_seconds("margin", margin)
    batch = Batch(queue, handlers, None, upkeep, processor_options)
    if batch.is_async:
        raise TypeError("queue is an AsyncJobQueue, and Lambda calls a plain function: give a JobQueue")

    def handler(event: Any, context: Any) -> dict[str, Any]:
        left = context.get_remaining_time_in_millis() / 1000
        limit = left - min(reserve, left / 2)
        request = _request(event)
        if request is None:
            return batch.run(limit)
        answer = _CLOSED if door is None else door.refusal(*request)
        if answer is None:
            try:
                answer = done(batch.run(limit))
            except Exception as error:
                answer = failed(error)
        return {"statusCode": answer.status, "headers": answer.headers(), "body": answer.body.decode()}

    return handler


def _request(event: Any) -> tuple[str, list[bytes]] | None:
    """Method and `Authorization` of the request that an event is; None for one that is none."""
    if not isinstance(event, Mapping):
        return None
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, Mapping) else None
    method = http.get("method") if isinstance(http, Mapping) else event.get("httpMethod")
    if method is None and context is None:
        return None
    # Of a load balancer, where it is set up so, there are only these.
    several = event.get("multiValueHeaders") or {}
    headers = {name: [value] for name, value in (event.get("headers") or {}).items()} or several
    found = [value for name, values in headers.items() if name.lower() == "authorization" for value in values]
    return str(method), [str(value).encode() for value in found]
