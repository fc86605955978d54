"""huey, on SQLite."""

from __future__ import annotations

import signal
from importlib.metadata import version
from typing import Any

from contestant import Counter, main
from huey import SqliteHuey
from huey.consumer import Consumer
from sync_contestant import SyncContestant

WORKERS = 2
# How often an idle worker looks.
POLL_DELAY = 0.01
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class HueyContestant(SyncContestant):
    """A huey, and a consumer for each time that it works."""

    name = "huey"
    store = "sqlite"
    notes = (
        f"SqliteHuey in WAL with its default durability (synchronous FULL), {WORKERS} worker threads, polling every "
        f"{POLL_DELAY} s, no periodic tasks; adds one by one, as there is no bulk call; the same for latency; has sync "
        "handlers only"
    )

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.huey = SqliteHuey(filename=url)
        self.consumer: Consumer | None = None
        count = counter.add

        @self.huey.task(name="noop_sync")
        def noop_sync(payload: str) -> None:
            count()

        @self.huey.task(name="probe_sync")
        def probe_sync(due: float) -> None:
            self.note(due)
            count()

        self.tasks = {"noop_sync": noop_sync, "probe_sync": probe_sync}

    def version(self) -> str:
        return version("huey")

    def prepare(self) -> None:
        self.huey.storage.flush_all()

    def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        _refuse_async(kind)
        task = self.tasks["noop_sync"]
        for _ in range(count):
            if delay:
                task.schedule((payload,), delay=delay)
            else:
                task(payload)

    def add_one(self, handler: str, payload: Any) -> None:
        self.tasks[handler](payload)

    def start(self, kind: str, *, latency: bool) -> None:
        _refuse_async(kind)
        # It takes signals over, which are not its own in this program.
        before = {number: signal.getsignal(number) for number in SIGNALS}
        self.consumer = Consumer(
            self.huey, workers=WORKERS, periodic=False, initial_delay=POLL_DELAY, max_delay=POLL_DELAY
        )
        self.consumer.start()
        for number, handler in before.items():
            signal.signal(number, handler)

    def finish(self) -> None:
        if self.consumer is None:
            return
        self.consumer.stop(graceful=True)
        self.consumer = None

    def left(self) -> dict[str, int]:
        """What is in the queue or scheduled."""
        return {"count": self.huey.pending_count() + self.huey.scheduled_count()}

    def close(self) -> None:
        super().close()
        self.huey.storage.close()


def _refuse_async(kind: str) -> None:
    if kind != "sync":
        raise NotImplementedError("huey has sync handlers only")


if __name__ == "__main__":
    main(HueyContestant)
