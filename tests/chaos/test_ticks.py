"""Workers that fire one schedule and are killed at random: each tick makes one job, no fewer and no more."""

from __future__ import annotations

import os
import random
import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.processes import Script, until
from tests.schedules import mover

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue

WORKERS = 8
TICKS = 200
# A kill for so many ticks.
EVERY = 10


class Firers:
    """Eight workers; one that is killed is replaced."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self._url, self._folder, self._stack = url, folder, stack
        self._scripts = [self._started(number) for number in range(WORKERS)]
        for script in self._scripts:
            script.says("up")

    def _started(self, number: int) -> Script:
        folder = self._folder / f"firer{number}"
        folder.mkdir(exist_ok=True)
        return self._stack.enter_context(Script(["-m", "tests.chaos.firer", self._url], folder))

    def kill_one(self, chance: random.Random) -> None:
        """Kills a worker wherever it is, and starts another."""
        number = chance.randrange(WORKERS)
        os.kill(self._scripts[number].process.pid, signal.SIGKILL)
        assert self._scripts[number].ends() == -signal.SIGKILL, self._scripts[number].log
        self._scripts[number] = self._started(number)


def test_each_tick_makes_one_job_while_workers_are_killed(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path
) -> None:
    chance = random.Random(7)
    schedule_id = queue.add_cron_job(
        schedule_name="ticks",
        cron_expression="* * * * *",
        job_type="mark",
        payload=0,
        allow_overlap=True,
        max_attempts=50,
    )
    newest = datetime.now(UTC).replace(second=0, microsecond=0)
    ticks = [newest - timedelta(minutes=number) for number in range(TICKS, 0, -1)]

    def has_moved() -> bool:
        schedule = queue.get_cron_job(schedule_id)
        return schedule is not None and schedule.next_run_at is not None and schedule.next_run_at > newest

    with ExitStack() as stack:
        firers = Firers(store_url, tmp_path, stack)
        move = stack.enter_context(mover(store_url))
        for number, tick in enumerate(ticks):
            move(schedule_id, tick)
            if number % EVERY == EVERY - 1:
                firers.kill_one(chance)
            until(has_moved, f"tick {number} is fired")
        until(lambda: queue.count_jobs(job_type="mark", status="completed") >= TICKS, "all jobs are done")
    made = sorted(job.run_at for job in queue.get_jobs(job_type="mark", limit=1000))
    # The clock itself may have brought a tick of its own meanwhile.
    assert [at for at in made if at < newest] == ticks
    own = [at for at in made if at >= newest]
    assert len(own) == len(set(own)) <= 2, own
