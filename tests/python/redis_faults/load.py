"""Jobs that are added and processed while a test does harm, and what was promised of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from dataqueue import BackendUnavailable, Job, JobContext, JobHandlers, JobQueue
from tests.chaos.legality import all_jobs, check_events
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from types import TracebackType

    from dataqueue import JobId

__all__ = ["Load"]

_BATCH = 5
# Adds go on while the processor is busy: a fault must meet both.
_AHEAD = 400


class Load:
    """One thread adds jobs, alone and in batches, and a processor runs them.

    Args:
        url: The store.
        keyed: Adds under idempotency keys, and adds again what was not answered. Else each add is made once.
        may_fail: Whether an add may fail with `BackendUnavailable`.
        options: Those of the processor.
    """

    def __init__(self, url: str, *, keyed: bool = False, may_fail: bool = False, **options: Any) -> None:
        self.accepted: list[int] = []
        self.unanswered = 0
        self.ran: list[int] = []
        self.errors: list[Exception] = []
        self._keyed, self._may_fail = keyed, may_fail
        self._over = threading.Event()
        self._adder = threading.Thread(target=self._add)
        self._adding = JobQueue(url)
        self.queue = JobQueue(url)
        given = {"concurrency": 4, "poll_interval": 0.2, "on_error": self._hear, **options}
        self.processor = self.queue.create_processor(JobHandlers({"count": self._count}), **given)

    def _count(self, payload: int, *, ctx: JobContext) -> None:
        self.ran.append(ctx.job.id)

    def _add(self) -> None:
        number = 0
        while not self._over.is_set():
            if len(self.accepted) > len(self.ran) + _AHEAD:
                self._over.wait(0.005)
                continue
            size = 1 if number % 3 else _BATCH
            try:
                # One alone takes another way than a batch.
                ids = self._add_many(number) if size > 1 else [self._add_one(number)]
            except Exception as error:
                if self._may_fail and isinstance(error, BackendUnavailable):
                    self.unanswered += size
                    number += 0 if self._keyed else size
                    continue
                self.errors.append(error)
                return
            self.accepted += map(int, ids)
            number += size

    def _add_one(self, number: int) -> int:
        return self._adding.add_job("count", number, idempotency_key=self._key(number), tags=["load"])

    def _add_many(self, first: int) -> list[JobId]:
        jobs = [Job("count", n, idempotency_key=self._key(n), tags=["load"]) for n in range(first, first + _BATCH)]
        return self._adding.add_jobs(jobs)

    def _key(self, number: int) -> str | None:
        return f"job {number}" if self._keyed else None

    def goes_on(self, count: int = 20) -> None:
        """Waits until so many more jobs ran."""
        enough = len(self.ran) + count
        until(lambda: len(self.ran) >= enough or self.errors, "work goes on")
        assert not self.errors, self.errors

    def check(self) -> None:
        """Stops the load, and checks that every job that was accepted is there once, ran once and is completed."""
        self._over.set()
        self._adder.join(PATIENCE)
        assert not self._adder.is_alive(), "an add does not return"
        assert not self.errors, self.errors
        # Those whose add was not answered may be there; one that is runs as well.
        until(lambda: self._completed() == self.queue.count_jobs(), "every job was completed")
        assert self.processor.stop_and_drain(PATIENCE)
        jobs = [job for job in all_jobs(self.queue) if job.job_type == "count"]
        ids = {job.id for job in jobs}
        assert len(set(self.accepted)) == len(self.accepted), "no id was given twice"
        assert set(self.accepted) <= ids, "no job that was accepted was lost"
        more = len(ids) - len(self.accepted)
        assert more <= (0 if self._keyed else self.unanswered), f"{more} jobs are there that nobody was told of"
        assert sorted(self.ran) == sorted(ids), "each job ran once"
        for job in jobs:
            check_events(job, self.queue.get_job_events(job.id))

    def _completed(self) -> int:
        return self.queue.count_jobs(status="completed")

    def _hear(self, error: Exception) -> None:
        # A processor tells of outages that it lives through.
        if not self._may_fail:
            self.errors.append(error)

    def __enter__(self) -> Self:
        self.queue.count_jobs()
        self.processor.start_in_background()
        self._adder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._adder.join(PATIENCE)
        self.processor.stop_and_drain(0 if kind else PATIENCE)
        self._adding.close()
        self.queue.close()
