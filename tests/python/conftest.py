"""One queue for tests of what both twins do: written once, as blocking code, and run on each twin and each store."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from dataqueue import AsyncJobQueue, AsyncProcessor, AsyncSupervisor, JobQueue
from dataqueue.testing import AsyncVirtualQueue, VirtualQueue
from tests.conftest import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 60


class LoopThread:
    """An event loop on a thread, and calls that wait for it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def call(self, function: Callable[[], Any]) -> Any:
        """What the function answers, called on the loop and awaited if need be."""

        async def answer() -> Any:
            found = function()
            return await found if inspect.isawaitable(found) else found

        return asyncio.run_coroutine_threadsafe(answer(), self.loop).result(PATIENCE)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Blocking:
    """An object of the async twin as its blocking one."""

    def __init__(self, target: object, loop: LoopThread) -> None:
        self._target, self._loop = target, loop

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if not callable(method):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = self._loop.call(lambda: method(*args, **kwargs))
            return Blocking(answer, self._loop) if isinstance(answer, AsyncProcessor | AsyncSupervisor) else answer

        return call

    def __repr__(self) -> str:
        return repr(self._target)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs what needs a single queue also on the one in memory, which tests of applications use."""
    asked = inspect.signature(metafunc.function).parameters
    if "queue" in asked and "store_url" in metafunc.fixturenames and "store_url" not in asked:
        # As a mark, which has precedence over the fixture's own parameters.
        stores = ["sqlite", "postgres", "redis", "memory"]
        metafunc.definition.add_marker(pytest.mark.parametrize("store_url", stores, indirect=True))


@pytest.fixture(params=["blocking", "awaited"])
def queue(request: pytest.FixtureRequest, store_url: str) -> Iterator[JobQueue]:
    """A queue on a fresh store, of each twin and on each store."""
    if request.param == "blocking":
        with VirtualQueue(tick=True) if store_url == MEMORY else JobQueue(store_url) as queue:
            yield queue
        return
    loop = LoopThread()
    try:
        twin = Blocking(AsyncVirtualQueue(tick=True) if store_url == MEMORY else AsyncJobQueue(store_url), loop)
        yield cast("JobQueue", twin)
        twin.close()
    finally:
        loop.end()
