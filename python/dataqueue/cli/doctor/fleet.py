"""What is looked at of the jobs themselves, on every store: what waits, and what runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ...filters import RunAt
from ...models import JobRecord, JobStatus
from ..printing import span
from .finding import Check, Finding, notice, ok, warning

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["checks"]

_PATIENCE = timedelta(minutes=1)
_LOOKED_AT = 1_000
_NAMED = 20
_LONG = timedelta(minutes=10)


def checks(queue: JobQueue) -> Iterator[Check]:
    """The checks, in the order in which they are told."""
    yield "workers", lambda: _workers(queue)
    yield "schedules", lambda: _schedules(queue)
    yield "paused", lambda: _paused(queue)
    yield "waiting jobs", lambda: _left_lying(queue)
    yield "running jobs", lambda: _running(queue)


def _workers(queue: JobQueue) -> Iterable[Finding]:
    """Whether any worker is there, and whether one died whose jobs nobody took over."""
    from ..._core import lease_ends_in

    left = lease_ends_in(queue._requests.store).wait()
    if left is None:
        yield notice("workers", "none is known", "start one: `dataqueue worker MODULE:HANDLERS`")
    elif left == 0:
        yield warning(
            "workers",
            "one died, or was cut off: its lease has run out, and nobody has taken its jobs over yet",
            "start a worker, which takes them over; one that runs does so within moments, so run this again",
        )
    else:
        yield ok("workers", "there are some, and the lease of none has run out")


def _schedules(queue: JobQueue) -> Iterable[Finding]:
    """Whether somebody fires the schedules that are due."""
    now = datetime.now(UTC)
    active = queue.list_cron_jobs("active")
    late = [(now - one.next_run_at, one) for one in active if one.next_run_at and now - one.next_run_at > _PATIENCE]
    if not late:
        yield ok("schedules", f"none of the {len(active)} that are active is late")
        return
    span_late, first = max(late, key=lambda one: one[0])
    yield warning(
        "schedules",
        f"{len(late)} are due and add no job; {first.schedule_name!r} for {span(span_late.total_seconds())}",
        "start a worker: each fires what is due; if one runs, see its log for why it cannot",
    )


def _paused(queue: JobQueue) -> Iterable[Finding]:
    found = queue.paused()
    for one in found:
        what = f"type {one.job_type}" if one.job_type else f"group {one.group}" if one.group else "everything"
        option = f" --type {one.job_type}" if one.job_type else f" --group {one.group}" if one.group else ""
        yield notice("paused", f"{what} is paused", f"let it go on with `dataqueue resume{option}`")
    if not found:
        yield ok("paused", "nothing is paused")


def _left_lying(queue: JobQueue) -> Iterable[Finding]:
    """Types whose jobs have been due for long while none of them runs."""
    now = datetime.now(UTC)
    due = queue.get_jobs(status=JobStatus.PENDING, run_at=RunAt(lte=now - _PATIENCE), limit=_LOOKED_AT)
    oldest: dict[str, JobRecord] = {}
    for job in due:
        if job.pending_reason is None and (job.job_type not in oldest or job.run_at < oldest[job.job_type].run_at):
            oldest[job.job_type] = job
    bad = 0
    for job_type, job in sorted(oldest.items(), key=lambda one: one[1].run_at)[:_NAMED]:
        if queue.get_jobs(job_type=job_type, status=JobStatus.PROCESSING, limit=1):
            continue
        bad += 1
        yield warning(
            "waiting jobs",
            f"jobs of type {job_type!r} have been due for {span((now - job.run_at).total_seconds())}, and none of them "
            f"runs (such as job {job.id})",
            "start a worker whose handlers have this type; or it is paused, at its limit, or all workers are busy",
        )
    if not bad:
        yield ok("waiting jobs", f"of {len(due)} jobs that are due for a minute none is of a type that nobody runs")


def _running(queue: JobQueue) -> Iterable[Finding]:
    """Jobs that have run for long: those of a dead worker stay so until somebody takes them over."""
    now = datetime.now(UTC)
    running = queue.get_jobs(status=JobStatus.PROCESSING, limit=_LOOKED_AT)
    long = [
        job for job in running if job.locked_at is not None and now - job.locked_at > max(_LONG, job.timeout or _LONG)
    ]
    if not long:
        yield ok("running jobs", f"none of {len(running)} has run for longer than ten minutes and its timeout")
        return
    first = min(long, key=lambda job: job.locked_at or now)
    ran = span((now - (first.locked_at or now)).total_seconds())
    yield notice(
        "running jobs",
        f"{len(long)} have run for longer than ten minutes and their timeouts; job {first.id} of type "
        f"{first.job_type!r} for {ran}, on {first.locked_by}",
        "if that worker is dead, any worker that runs takes its jobs over once its lease has run out; if it lives, see "
        "whether its handler hangs: `dataqueue jobs cancel --running ID`",
    )
