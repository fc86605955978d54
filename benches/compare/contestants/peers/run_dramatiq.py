"""dramatiq, on Redis."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import dramatiq
from contestant import Counter, main
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO
from sync_contestant import SyncContestant

THREADS = 8
# What the environment variable dramatiq_queue_prefetch sets.
PREFETCH = 200
QUEUE = "default"


class DramatiqContestant(SyncContestant):
    """A broker for adding, and one with a worker for each time that it works."""

    name = "dramatiq"
    store = "redis"
    notes = (
        f"one process with {THREADS} threads, as its command line starts, queue prefetch {PREFETCH}, its default "
        "middleware and AsyncIO; sends one by one, as there is no bulk call; for latency its default prefetch"
    )

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.broker, self.actors = self._broker()
        self.working: RedisBroker | None = None
        self.worker: dramatiq.Worker | None = None

    def version(self) -> str:
        return version("dramatiq")

    def prepare(self) -> None:
        self.broker.flush_all()

    def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        actor = self.actors[f"noop_{kind}"]
        options = {"delay": int(delay * 1e3)} if delay else {}
        for _ in range(count):
            actor.send_with_options(args=(payload,), **options)

    def add_one(self, handler: str, payload: Any) -> None:
        self.actors[handler].send(payload)

    def start(self, kind: str, *, latency: bool) -> None:
        self.working, _ = self._broker()
        self.worker = dramatiq.Worker(self.working, worker_threads=THREADS)
        if not latency:
            self.worker.queue_prefetch = PREFETCH
        self.worker.start()

    def finish(self) -> None:
        if self.worker is None or self.working is None:
            return
        self.worker.stop()
        self.working.close()
        self.worker = self.working = None

    def left(self) -> dict[str, int]:
        """What is in the queue or delayed, and what a worker holds."""
        return {"count": self.broker.do_qsize(QUEUE)}

    def close(self) -> None:
        super().close()
        self.broker.close()

    def _broker(self) -> tuple[RedisBroker, dict[str, Any]]:
        broker = RedisBroker(url=self.url)
        broker.add_middleware(AsyncIO())
        count = self.counter.add

        def noop_sync(payload: str) -> None:
            count()

        async def noop_async(payload: str) -> None:
            count()

        def probe_sync(due: float) -> None:
            self.note(due)
            count()

        async def probe_async(due: float) -> None:
            self.note(due)
            count()

        handlers = (noop_sync, noop_async, probe_sync, probe_async)
        return broker, {one.__name__: dramatiq.actor(one, broker=broker, queue_name=QUEUE) for one in handlers}


if __name__ == "__main__":
    main(DramatiqContestant)
