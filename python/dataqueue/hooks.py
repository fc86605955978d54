"""Listening to what is done through a queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from .hook_events import (
        HookName,
        JobAddedEvent,
        JobCancelledEvent,
        JobCompletedEvent,
        JobFailedEvent,
        JobOutputEvent,
        JobProcessingEvent,
        JobProgressEvent,
        JobRetriedEvent,
        JobWaitingEvent,
        QueueErrorEvent,
    )

__all__ = ["Listening"]

E = TypeVar("E")
R = TypeVar("R")


class Attach(Protocol[E]):
    """Makes a listener of a function, which it leaves as it is."""

    def __call__(self, callback: Callable[[E], R], /) -> Callable[[E], R]: ...


class Listening:
    """The methods by which one listens to what is done in this process, through this queue and its processors."""

    _listeners: Any

    @overload
    def on(self, event: Literal["job:added"], callback: Callable[[JobAddedEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:added"], callback: None = None) -> Attach[JobAddedEvent]: ...
    @overload
    def on(self, event: Literal["job:processing"], callback: Callable[[JobProcessingEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:processing"], callback: None = None) -> Attach[JobProcessingEvent]: ...
    @overload
    def on(self, event: Literal["job:completed"], callback: Callable[[JobCompletedEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:completed"], callback: None = None) -> Attach[JobCompletedEvent]: ...
    @overload
    def on(self, event: Literal["job:failed"], callback: Callable[[JobFailedEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:failed"], callback: None = None) -> Attach[JobFailedEvent]: ...
    @overload
    def on(self, event: Literal["job:cancelled"], callback: Callable[[JobCancelledEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:cancelled"], callback: None = None) -> Attach[JobCancelledEvent]: ...
    @overload
    def on(self, event: Literal["job:retried"], callback: Callable[[JobRetriedEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:retried"], callback: None = None) -> Attach[JobRetriedEvent]: ...
    @overload
    def on(self, event: Literal["job:waiting"], callback: Callable[[JobWaitingEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:waiting"], callback: None = None) -> Attach[JobWaitingEvent]: ...
    @overload
    def on(self, event: Literal["job:progress"], callback: Callable[[JobProgressEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:progress"], callback: None = None) -> Attach[JobProgressEvent]: ...
    @overload
    def on(self, event: Literal["job:output"], callback: Callable[[JobOutputEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["job:output"], callback: None = None) -> Attach[JobOutputEvent]: ...
    @overload
    def on(self, event: Literal["error"], callback: Callable[[QueueErrorEvent], object]) -> None: ...
    @overload
    def on(self, event: Literal["error"], callback: None = None) -> Attach[QueueErrorEvent]: ...
    def on(self, event: Any, callback: Any = None) -> Any:
        """Calls a function with each event of this name, from now on.

        Without a function it is a decorator. What is done through other queues, also of this process, is not told: for
        that there is `events()`. A listener that fails is logged and told to those of `error`, and harms nothing.

        Args:
            event: `job:added`, `job:processing`, `job:completed`, `job:failed`, `job:cancelled`, `job:retried`,
                `job:waiting`, `job:progress`, `job:output` or `error`.
            callback: A `def` or `async def` function of one argument, the event.

        Raises:
            ValueError: There is no event of this name.
            TypeError: The callback cannot be called.
        """
        return self._listen(event, callback, once=False)

    @overload
    def once(self, event: Literal["job:added"], callback: Callable[[JobAddedEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:added"], callback: None = None) -> Attach[JobAddedEvent]: ...
    @overload
    def once(self, event: Literal["job:processing"], callback: Callable[[JobProcessingEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:processing"], callback: None = None) -> Attach[JobProcessingEvent]: ...
    @overload
    def once(self, event: Literal["job:completed"], callback: Callable[[JobCompletedEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:completed"], callback: None = None) -> Attach[JobCompletedEvent]: ...
    @overload
    def once(self, event: Literal["job:failed"], callback: Callable[[JobFailedEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:failed"], callback: None = None) -> Attach[JobFailedEvent]: ...
    @overload
    def once(self, event: Literal["job:cancelled"], callback: Callable[[JobCancelledEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:cancelled"], callback: None = None) -> Attach[JobCancelledEvent]: ...
    @overload
    def once(self, event: Literal["job:retried"], callback: Callable[[JobRetriedEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:retried"], callback: None = None) -> Attach[JobRetriedEvent]: ...
    @overload
    def once(self, event: Literal["job:waiting"], callback: Callable[[JobWaitingEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:waiting"], callback: None = None) -> Attach[JobWaitingEvent]: ...
    @overload
    def once(self, event: Literal["job:progress"], callback: Callable[[JobProgressEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:progress"], callback: None = None) -> Attach[JobProgressEvent]: ...
    @overload
    def once(self, event: Literal["job:output"], callback: Callable[[JobOutputEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["job:output"], callback: None = None) -> Attach[JobOutputEvent]: ...
    @overload
    def once(self, event: Literal["error"], callback: Callable[[QueueErrorEvent], object]) -> None: ...
    @overload
    def once(self, event: Literal["error"], callback: None = None) -> Attach[QueueErrorEvent]: ...
    def once(self, event: Any, callback: Any = None) -> Any:
        """As `on`, for the next event of this name only."""
        return self._listen(event, callback, once=True)

    def off(self, event: HookName, callback: Callable[[Any], object]) -> bool:
        """Ends what `on` or `once` began: the function is not called any more, however often it was given.

        Returns:
            Whether it listened.

        Raises:
            ValueError: There is no event of this name.
        """
        listened: bool = self._listeners.remove(event, callback)
        return listened

    def remove_all_listeners(self, event: HookName | None = None) -> None:
        """Ends all listening, or that to one event.

        Raises:
            ValueError: There is no event of this name.
        """
        self._listeners.clear(event)

    def _listen(self, event: str, callback: Callable[[Any], object] | None, *, once: bool) -> Any:
        listeners = self._listeners
        listeners.check(event)
        if callback is not None:
            listeners.add(event, callback, once=once)
            return None

        def attach(func: Callable[[Any], object]) -> Callable[[Any], object]:
            listeners.add(event, func, once=once)
            return func

        return attach
