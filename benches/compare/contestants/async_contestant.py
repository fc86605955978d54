"""A contestant whose library lives in an event loop. The commands are the same for all of them; the calls differ.

It runs in each library's own environment, so it needs nothing but the standard library, and uvloop where that is there.
"""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from contestant import JOB_PATIENCE, MOST_SAMPLES, STEADY_STEP, Contestant, Counter, payload_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

# How long one command may take before a measurement is given up.
COMMAND_PATIENCE = 1_800.0
STEADY_CALLERS = 10


class AsyncContestant(Contestant, ABC):
    """A queue whose library is called in an event loop, in a thread beside the one that reads commands."""

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.loop = _new_loop()
        self.kind = "async"
        self.began: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
        self._thread = threading.Thread(target=self.loop.run_forever, name="event loop", daemon=True)
        self._thread.start()
        self.run(self.open())

    async def open(self) -> None:
        """Connects."""

    @abstractmethod
    async def empty(self) -> None:
        """Sets up the queue and removes every job."""

    @abstractmethod
    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        """Adds jobs that do nothing by the library's best bulk way."""

    @abstractmethod
    async def add_one(self, handler: str, payload: Any) -> None:
        """Adds one job for `noop_async`, `noop_sync`, `probe_async` or `probe_sync`. A probe's payload is a number."""

    @abstractmethod
    async def start(self, kind: str, *, latency: bool) -> None:
        """Starts a worker and does not wait for jobs."""

    @abstractmethod
    async def finish(self) -> None:
        """Stops the worker with every result recorded; does nothing where there is none."""

    @abstractmethod
    async def count_left(self) -> int:
        """How many jobs have not ended."""

    async def shut(self) -> None:
        """Disconnects."""

    def prepare(self) -> None:
        """Makes an empty queue."""
        self.run(self.empty())

    def add(self, count: int, bytes: int, kind: str, delay: float = 0) -> dict[str, float]:  # noqa: A002
        """Adds jobs; with a delay, such as are due only later."""
        payload = payload_of(bytes)
        began = time.perf_counter()
        self.run(self.add_many(kind, payload, count, delay))
        return {"seconds": time.perf_counter() - began}

    def add_single(self, count: int, callers: int, bytes: int) -> dict[str, float]:  # noqa: A002
        """Adds one by one, with as many tasks as there are callers."""
        return {"seconds": self.run(self._add_together(count, callers, payload_of(bytes)))}

    async def _add_together(self, count: int, callers: int, payload: str) -> float:
        await self.prepare_callers(callers)
        left = iter(range(count))

        async def caller() -> None:
            for _ in left:
                await self.add_one("noop_async", payload)

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        return time.perf_counter() - began

    async def prepare_callers(self, callers: int) -> None:
        """Makes the connections of so many callers, before the clock starts."""

    def work(self, kind: str, latency: bool = False) -> None:
        """Starts the worker."""
        self.kind = kind
        self.run(self.start(kind, latency=latency))

    def latency(self, count: int, pause: float) -> dict[str, list[float]]:
        """From before each add to the first line of its handler."""
        return {"milliseconds": self.run(self._probe(count, pause))}

    async def _probe(self, count: int, pause: float) -> list[float]:
        taken = []
        for _ in range(count):
            await asyncio.sleep(pause)
            await self.add_one(f"probe_{self.kind}", time.perf_counter())
            taken.append(await self._delay())
        return taken

    def steady(self, rate: int, seconds: float) -> dict[str, list[float]]:
        """From the moment at which each job was to be added to the first line of its handler."""
        return {"milliseconds": self.run(self._load(rate, int(rate * seconds)))}

    async def _load(self, rate: int, total: int) -> list[float]:
        await self.prepare_callers(STEADY_CALLERS)
        began, added = time.perf_counter(), 0
        while added < total:
            due = min(int((time.perf_counter() - began) * rate), total)
            numbers = range(added, min(due, added + STEADY_CALLERS))
            await asyncio.gather(*(self.add_one(f"probe_{self.kind}", began + number / rate) for number in numbers))
            added = numbers.stop
            await asyncio.sleep(STEADY_STEP if added == due else 0)
        taken = [await self._delay() for _ in range(total)]
        return taken[:: max(1, -(-total // MOST_SAMPLES))]

    def left(self) -> dict[str, int]:
        """What has not ended."""
        return {"count": self.run(self.count_left())}

    def stop(self) -> dict[str, int]:
        """Stops the worker with every result recorded."""
        self.run(self.finish())
        return {"done": self.counter.count}

    def close(self) -> None:
        self.run(self._leave())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(JOB_PATIENCE)

    async def _leave(self) -> None:
        await self.finish()
        await self.shut()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the event loop and waits for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(COMMAND_PATIENCE)

    def note(self, due: float) -> None:
        """Tells in the event loop that a probe has begun."""
        self.began.put_nowait((due, time.perf_counter()))

    def note_from_thread(self, due: float) -> None:
        """The same from a thread of a handler."""
        self.loop.call_soon_threadsafe(self.began.put_nowait, (due, time.perf_counter()))

    async def _delay(self) -> float:
        due, began = await asyncio.wait_for(self.began.get(), JOB_PATIENCE)
        return (began - due) * 1e3


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
