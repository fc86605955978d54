"""The pytest plugin: fixtures for queues in memory, and a marker for their options.

pytest loads this in every project that has the package installed, so it imports nothing else of it before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..handlers import JobHandlers
    from . import AsyncVirtualQueue, VirtualQueue

__all__ = ["async_virtual_queue", "dataqueue_handlers", "virtual_queue"]

_MARKER = "dataqueue"


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    text = "the options of `virtual_queue` and `async_virtual_queue`, such as handlers=, inline=, start=, tick="
    config.addinivalue_line("markers", f"{_MARKER}(**options): {text}")


@pytest.fixture
def dataqueue_handlers() -> JobHandlers | Mapping[str, Callable[..., Any]] | None:
    """The handlers of `virtual_queue` and `async_virtual_queue`: define a fixture of this name to give yours."""
    return None


@pytest.fixture
def virtual_queue(request: pytest.FixtureRequest, dataqueue_handlers: Any) -> Iterator[VirtualQueue]:
    """A fresh `VirtualQueue`: blocking, in memory, with a clock that the test moves."""
    from . import VirtualQueue

    with _opened(VirtualQueue, request, dataqueue_handlers) as queue:
        yield queue


@pytest.fixture
def async_virtual_queue(request: pytest.FixtureRequest, dataqueue_handlers: Any) -> Iterator[AsyncVirtualQueue]:
    """A fresh `AsyncVirtualQueue`: in memory, with a clock that the test moves. Any event loop may use it.

    In a test that also has `virtual_queue`, it shares its jobs and its clock.
    """
    from . import AsyncVirtualQueue

    if "virtual_queue" in request.fixturenames:
        yield _opened(AsyncVirtualQueue, request, dataqueue_handlers, request.getfixturevalue("virtual_queue"))
        return
    queue = _opened(AsyncVirtualQueue, request, dataqueue_handlers)
    yield queue
    # Not `await queue.close()`: the loop that it was used on may be closed by now.
    for session in list(queue._sessions):
        session.end_at_exit()
    queue._requests.store.close().wait()


def _opened(kind: Any, request: pytest.FixtureRequest, handlers: Any, beside: Any = None) -> Any:
    options: dict[str, Any] = {"handlers": handlers}
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{_MARKER} takes its options by name, such as handlers=handlers")
        options |= marker.kwargs
    if beside is not None:
        options = {name: value for name, value in options.items() if name not in ("start", "tick")}
    return kind(**options, beside=beside)
