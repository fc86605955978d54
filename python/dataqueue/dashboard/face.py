"""A queue of either twin, awaited."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from starlette.concurrency import run_in_threadpool

from ..aio import AsyncJobQueue
from ..blocking import JobQueue

if TYPE_CHECKING:
    import asyncio

__all__ = ["Recent", "awaited"]


class _OnThreads:
    """A blocking queue whose methods are awaited; they run on threads."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._queue, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await run_in_threadpool(method, *args, **kwargs)

        return call


def awaited(queue: AsyncJobQueue | JobQueue) -> AsyncJobQueue:
    """The queue, with the methods of the async twin.

    Raises:
        TypeError: It is no queue.
    """
    if isinstance(queue, AsyncJobQueue):
        return queue
    if isinstance(queue, JobQueue):
        return cast("AsyncJobQueue", _OnThreads(queue))
    raise TypeError(f"create_dashboard takes a JobQueue or an AsyncJobQueue, not {type(queue).__name__}")


class Recent:
    """Answers of the last second, so that many open pages ask the store once; longer where nothing has happened since.

    Who asks while an answer is under way waits for that one.
    """

    def __init__(
        self, keep: float = 1.0, calm: float = 14.0, changed_at: Callable[[], float | None] | None = None
    ) -> None:
        """Keeps answers.

        Args:
            keep: For so many seconds in any case.
            calm: For so many where nothing was told of since they were asked for: less than a page waits between two
                looks while it follows the stream, so that none sees the same answer twice.
            changed_at: When something was last told of, by the monotonic clock; None while nobody would tell.
        """
        self._keep, self._calm, self._changed_at = keep, calm, changed_at
        self._found: dict[object, tuple[float, asyncio.Task[Any]]] = {}

    def forget(self) -> None:
        """Asks anew from now on: something was changed."""
        self._found.clear()

    async def get(self, key: object, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The answer to a question, perhaps a second old."""
        import asyncio

        now = time.monotonic()
        kept = self._found.get(key)
        if kept is None or self._is_old(kept, now) or kept[1].get_loop() is not asyncio.get_running_loop():
            self._found = {name: found for name, found in self._found.items() if not self._is_old(found, now)}
            kept = self._found[key] = (now, asyncio.ensure_future(_answer(ask)))
        # One visitor who leaves must not take the answer from the others.
        return await asyncio.shield(kept[1])

    def _is_old(self, kept: tuple[float, asyncio.Task[Any]], now: float) -> bool:
        asked_at, task = kept
        if now - asked_at <= self._keep:
            return False
        if task.done() and (task.cancelled() or task.exception() is not None):
            return True
        changed_at = None if self._changed_at is None else self._changed_at()
        return changed_at is None or changed_at >= asked_at or now - asked_at > self._calm


async def _answer(ask: Callable[[], Awaitable[Any]]) -> Any:
    return await ask()
