"""Wrong listeners and streams: an error on each line that is marked, and on no other."""

from __future__ import annotations

from dataqueue import AsyncJobQueue, JobAddedEvent, JobFailedEvent, JobQueue


def added(event: JobAddedEvent) -> None: ...


async def failed(event: JobFailedEvent) -> None: ...


def nothing() -> None: ...


def listen(queue: JobQueue, twin: AsyncJobQueue) -> None:
    queue.on("job:done", added)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.on("job:failed", added)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    twin.once("job:added", failed)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.on("job:added", nothing)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.on("job:added", 5)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.off("job:done", added)  # mypy: arg-type; pyright: reportArgumentType
    queue.on("job:added")(failed)  # mypy: arg-type; pyright: reportArgumentType
    queue.on("job:added", lambda event: event.output)  # mypy: call-overload; pyright: reportAttributeAccessIssue reportUnknownLambdaType


def stream(queue: JobQueue) -> None:
    queue.events(types=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.events(after=0.5)  # mypy: arg-type; pyright: reportArgumentType
    queue.events(job_id="1")  # mypy: arg-type; pyright: reportArgumentType
    for event in queue.events():
        event.status  # mypy: attr-defined; pyright: reportAttributeAccessIssue
