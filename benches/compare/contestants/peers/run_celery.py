"""celery, on Redis. Its worker is a command line, so this program starts one."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contestant import JOB_PATIENCE, Counter, main
from redis import Redis
from sync_contestant import SyncContestant

POOL = "threads"
CONCURRENCY = 8
PREFETCH_MULTIPLIER = 64
# What its documentation gives for a short wait.
LATENCY_PREFETCH_MULTIPLIER = 1
LOOK_AGAIN = 0.0002
START_PATIENCE = 30.0


class CeleryContestant(SyncContestant):
    """The application for adding, and a worker in a process of its own."""

    name = "celery"
    store = "redis"
    notes = (
        f"one worker process, --pool {POOL} --concurrency {CONCURRENCY}, prefetch multiplier {PREFETCH_MULTIPLIER}, "
        "results ignored, no gossip, mingle, heartbeat and events; its start is part of a drain; adds one by one on "
        f"one producer, as there is no bulk call; for latency prefetch multiplier {LATENCY_PREFETCH_MULTIPLIER}; "
        "has sync handlers only"
    )

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.folder = tempfile.TemporaryDirectory(prefix="bench-celery-")
        self.notes_file = Path(self.folder.name) / "notes"
        self.notes_file.touch()
        os.environ["BENCH_URL"] = url
        sys.path.insert(0, str(Path(__file__).parent))
        # It reads the address from the environment, as the worker's process does.
        tasks = importlib.import_module("celery_tasks")
        self.app, self.tasks, self.queue = tasks.app, tasks.TASKS, tasks.QUEUE
        self.admin = Redis.from_url(url)
        self.worker: subprocess.Popen[bytes] | None = None
        self.ended = threading.Event()
        self.reader: threading.Thread | None = None

    def version(self) -> str:
        return version("celery")

    def prepare(self) -> None:
        self.admin.flushdb()

    def add_many(self, kind: str, payload: str, count: int, delay: float) -> None:
        _refuse_async(kind)
        task = self.tasks["noop_sync"]
        with self.app.producer_or_acquire() as producer:
            for _ in range(count):
                task.apply_async((payload,), producer=producer, countdown=delay or None)

    def add_one(self, handler: str, payload: Any) -> None:
        self.tasks[handler].delay(payload)

    def start(self, kind: str, *, latency: bool) -> None:
        _refuse_async(kind)
        environment = {
            **os.environ,
            "BENCH_COUNTER": str(self.counter_file),
            "BENCH_NOTES": str(self.notes_file),
            "BENCH_PREFETCH": str(LATENCY_PREFETCH_MULTIPLIER if latency else PREFETCH_MULTIPLIER),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
        }
        arguments = ["--pool", POOL, "--concurrency", str(CONCURRENCY), "--loglevel", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        # A name of its own for each, where several programs work on one queue.
        name = ["--hostname", f"bench-{os.getpid()}@%h"]
        command = [sys.executable, "-P", "-m", "celery", "-A", "celery_tasks", "worker", *name, *arguments, *quiet]
        self.worker = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        self.ended = threading.Event()
        self.reader = threading.Thread(target=self._read_notes, name="notes", daemon=True)
        self.reader.start()
        if latency:
            self._await_start()

    def finish(self) -> None:
        if self.worker is None or self.reader is None:
            return
        self.worker.send_signal(signal.SIGTERM)
        try:
            self.worker.wait(JOB_PATIENCE)
        finally:
            if self.worker.poll() is None:
                self.worker.kill()
                self.worker.wait()
            self.ended.set()
            self.reader.join(JOB_PATIENCE)
            self.worker = self.reader = None

    def stop(self) -> dict[str, int]:
        self.finish()
        return {"done": int.from_bytes(self.counter_file.read_bytes(), "little")}

    def left(self) -> dict[str, int]:
        """What is in the queue, and what a worker has taken and not acknowledged."""
        return {"count": int(self.admin.llen(self.queue)) + int(self.admin.hlen("unacked"))}

    def close(self) -> None:
        super().close()
        self.app.close()
        self.admin.close()
        self.folder.cleanup()

    @property
    def counter_file(self) -> Path:
        """Where the worker counts."""
        return Path(sys.argv[sys.argv.index("--counter") + 1])

    def _await_start(self) -> None:
        until = time.monotonic() + START_PATIENCE
        while not self.app.control.ping(timeout=0.2):
            if time.monotonic() > until or self.worker is None or self.worker.poll() is not None:
                raise TimeoutError("the worker of celery did not start")

    def _read_notes(self) -> None:
        with self.notes_file.open() as notes:
            notes.seek(0, os.SEEK_END)
            rest = ""
            while not self.ended.is_set():
                part = notes.read()
                if not part:
                    time.sleep(LOOK_AGAIN)
                    continue
                *lines, rest = (rest + part).split("\n")
                for line in lines:
                    due, began = line.split()
                    self.began.put((float(due), float(began)))


def _refuse_async(kind: str) -> None:
    if kind != "sync":
        raise NotImplementedError("celery has sync handlers only")


if __name__ == "__main__":
    main(CeleryContestant)
