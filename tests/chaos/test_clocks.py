"""Workers whose clocks are ten minutes off: due times and leases go by the store's clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dataqueue import Job
from tests.chaos.ledger import read_runs
from tests.chaos.legality import check_events
from tests.conftest import NOT_HERE
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue

TARGET = "tests.chaos.handlers:handlers"
# More than one of the two workers can run at once, and fewer than both can.
HELD = 8
OPTIONS = ("--lease", "2", "--poll-interval", "600", "--concurrency", "5")


# Shifts the clock of the day and leaves all others alone, by which the process measures how long it waits.
SHIFT = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long shift(void) {
    const char *given = getenv("CLOCK_SHIFT");
    return given ? atol(given) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


def clock_off_by(seconds: int, folder: Path) -> dict[str, str]:
    """The environment of a process whose clock is wrong."""
    if not sys.platform.startswith("linux"):
        pytest.skip(f"{NOT_HERE}a process's clock can be set on Linux only")
    source, library = folder / "shift.c", folder / "shift.so"
    source.write_text(SHIFT)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(seconds)}


# On SQLite the clock of the machine is that of the store.
@pytest.mark.parametrize("store_url", ["postgres", "redis"], indirect=True)
@pytest.mark.parametrize("seconds", [600, -600])
def test_a_wrong_clock_of_a_worker_changes_nothing(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path, seconds: int
) -> None:
    gate, wrong, right = tmp_path / "gate", tmp_path / "wrong", tmp_path / "right"
    for folder in (wrong, right):
        folder.mkdir()
    with (
        Worker(TARGET, store_url, wrong, *OPTIONS, env=clock_off_by(seconds, tmp_path)) as first,
        Worker(TARGET, store_url, right, *OPTIONS) as second,
    ):
        children = {*first.children(), *second.children()}
        # Both work, and each of them holds a job for longer than its lease.
        held = [queue.add_job("gate", str(gate), max_attempts=1) for _ in range(HELD)]
        until(lambda: len(read_runs(ledger)) == len(held), "the jobs run")
        assert {run.pid for runs in read_runs(ledger).values() for run in runs} == children
        due = datetime.now(UTC) + timedelta(seconds=5)
        later = queue.add_jobs([Job("mark", 0, run_at=due) for _ in range(10)])
        for job_id in later:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1)
            assert job.started_at is not None
            assert job.started_at >= due
        gate.touch()
        for job_id in held:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert (job.status, job.attempts) == ("completed", 1), first.log + second.log
        # A death is noticed by either of them.
        gate.unlink()
        again = [queue.add_job("gate", str(gate)) for _ in range(HELD)]
        until(lambda: len(read_runs(ledger)) == len(held) + len(later) + len(again), "the jobs run")
        [dying] = second.children()
        second.send(signal.SIGKILL)
        os.kill(dying, signal.SIGKILL)
        gate.touch()
        for job_id in again:
            job = queue.wait_for_job(job_id, PATIENCE)
            assert job.status == "completed", first.log
            check_events(job, queue.get_job_events(job_id))
