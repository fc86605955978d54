"""Virtual queues of both twins, for tests that are written once, as blocking code."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, cast

import pytest

from dataqueue.testing import AsyncVirtualQueue, VirtualQueue
from tests.python.conftest import Blocking, LoopThread

if TYPE_CHECKING:
    from collections.abc import Iterator


class Opening(Protocol):
    """Opens a virtual queue, which is closed with the test."""

    def __call__(self, handlers: Any = None, **options: Any) -> VirtualQueue: ...


@pytest.fixture(params=["blocking", "awaited"])
def opening(request: pytest.FixtureRequest) -> Iterator[Opening]:
    """Opens virtual queues of one twin."""
    with ExitStack() as stack:

        def blocking(handlers: Any = None, **options: Any) -> VirtualQueue:
            return stack.enter_context(VirtualQueue(handlers, **options))

        def awaited(handlers: Any = None, **options: Any) -> VirtualQueue:
            loop = LoopThread()
            stack.callback(loop.end)
            twin = Blocking(AsyncVirtualQueue(handlers, **options), loop)
            stack.callback(twin.close)
            return cast("VirtualQueue", twin)

        yield blocking if request.param == "blocking" else awaited
