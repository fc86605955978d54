"""What is looked at of the jobs themselves, on every store: what waits, and what runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ...models import JobStatus
from ..printing import span
from .finding import Check, Finding, notice, ok, warning

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["checks"]

_PATIENCE = timedelta(minutes=1)
_LOOKED_AT = 1_000
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
    """Types whose jobs have been due for long while no living worker claims them."""
    overview = queue.get_overview()
    late = [one for one in overview.types if one.oldest_due_at and overview.now - one.oldest_due_at > _PATIENCE]
    unhandled = [one for one in late if not one.is_handled and not one.is_paused]
    for one in unhandled:
        waits = span((overview.now - (one.oldest_due_at or overview.now)).total_seconds())
        yield warning(
            "waiting jobs",
            f"{one.ready} of type {one.job_type!r} are due, the oldest for {waits}, and no living worker claims them",
            "start a worker whose handlers have this type",
        )
    if not unhandled:
        yield ok("waiting jobs", f"of {len(late)} types whose jobs are due for a minute none is one that nobody claims")


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
