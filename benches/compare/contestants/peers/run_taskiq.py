"""taskiq with taskiq-redis, on Redis."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

from async_contestant import AsyncContestant
from contestant import JOB_PATIENCE, main
from redis.asyncio import Redis
from taskiq.receiver import Receiver
from taskiq_redis import ListQueueBroker

MAX_ASYNC_TASKS = 100
MAX_PREFETCH = 100
SYNC_WORKERS = 8
# It has no bulk call: so many adds are under way at a time.
ADDING_AT_ONCE = 10
QUEUE = "taskiq"


class TaskiqContestant(AsyncContestant):
    """A broker for adding, and another for each time that it works."""

    name = "taskiq"
    store = "redis"
    notes = (
        f"ListQueueBroker without results, uvloop, max_async_tasks {MAX_ASYNC_TASKS}, max_prefetch {MAX_PREFETCH}, "
        f"{SYNC_WORKERS} threads for sync handlers, no parsing of parameters; {ADDING_AT_ONCE} kiq at a time, as there "
        "is no bulk call; the same for latency"
    )

    async def open(self) -> None:
        self.admin = Redis.from_url(self.url)
        self.broker, self.tasks = self._broker()
        await self.broker.startup()
        self.working: ListQueueBroker | None = None
        self.running: asyncio.Task[None] | None = None
        self.ending = asyncio.Event()
        self.threads: ThreadPoolExecutor | None = None

    def version(self) -> str:
        return f"{version('taskiq')}, taskiq-redis {version('taskiq-redis')}"

    async def empty(self) -> None:
        await self.admin.flushdb()

    async def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        if delay:
            raise NotImplementedError("taskiq delays only what its scheduler holds")
        left, task = iter(range(count)), self.tasks[f"noop_{kind}"]

        async def adder() -> None:
            for _ in left:
                await task.kiq(payload)

        await asyncio.gather(*(adder() for _ in range(ADDING_AT_ONCE)))

    async def add_one(self, handler: str, payload: Any) -> None:
        await self.tasks[handler].kiq(payload)

    async def start(self, kind: str, *, latency: bool) -> None:
        self.working, _ = self._broker()
        self.working.is_worker_process = True
        await self.working.startup()
        self.ending = asyncio.Event()
        self.threads = ThreadPoolExecutor(SYNC_WORKERS)
        receiver = Receiver(
            self.working,
            self.threads,
            validate_params=False,
            max_async_tasks=MAX_ASYNC_TASKS,
            max_prefetch=MAX_PREFETCH,
        )
        self.running = asyncio.create_task(receiver.listen(self.ending))

    async def finish(self) -> None:
        if self.working is None or self.running is None or self.threads is None:
            return
        self.ending.set()
        await asyncio.wait_for(self.running, JOB_PATIENCE)
        await self.working.shutdown()
        self.threads.shutdown()
        self.working = self.running = self.threads = None

    async def count_left(self) -> int:
        return int(await self.admin.llen(QUEUE))

    async def shut(self) -> None:
        await self.broker.shutdown()
        await self.admin.aclose()

    def _broker(self) -> tuple[ListQueueBroker, dict[str, Any]]:
        broker = ListQueueBroker(self.url, queue_name=QUEUE)
        count = self.counter.add

        @broker.task("noop_async")
        async def noop_async(payload: str) -> None:
            count()

        @broker.task("noop_sync")
        def noop_sync(payload: str) -> None:
            count()

        @broker.task("probe_async")
        async def probe_async(due: float) -> None:
            self.note(due)
            count()

        @broker.task("probe_sync")
        def probe_sync(due: float) -> None:
            self.note_from_thread(due)
            count()

        tasks = (noop_async, noop_sync, probe_async, probe_sync)
        return broker, {task.task_name: task for task in tasks}


if __name__ == "__main__":
    main(TaskiqContestant)
