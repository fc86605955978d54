"""What the worker of celery runs: the program of the contestant starts it with this module as its application."""

from __future__ import annotations

import os
import time
from pathlib import Path

from celery import Celery, Task
from contestant import Counter

QUEUE = "celery"

app = Celery("bench", broker=os.environ["BENCH_URL"], set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_default_queue=QUEUE,
)


def in_worker() -> Counter | None:
    """The counter of a worker, which counts on from what workers before it have counted."""
    file = os.environ.get("BENCH_COUNTER")
    if file is None:
        return None
    before = int.from_bytes(Path(file).read_bytes(), "little")
    counter = Counter(Path(file))
    counter.add(before)
    return counter


_counter = in_worker()
_notes = Path(os.environ["BENCH_NOTES"]).open("a", buffering=1) if "BENCH_NOTES" in os.environ else None  # noqa: SIM115


@app.task(name="noop_sync")
def noop_sync(payload: str) -> None:
    """A job that does nothing."""
    if _counter is not None:
        _counter.add()


@app.task(name="probe_sync")
def probe_sync(due: float) -> None:
    """A job that tells when it has begun, by the clock that all processes of the machine share."""
    began = time.perf_counter()
    if _notes is not None:
        _notes.write(f"{due} {began}\n")
    if _counter is not None:
        _counter.add()


TASKS: dict[str, Task] = {"noop_sync": noop_sync, "probe_sync": probe_sync}
