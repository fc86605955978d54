"""`dataqueue jobs retry` and `cancel`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ...models import JobRecord, JobStatus
from ..examples import example
from ..kinds import JOB_ID
from ..options import json_option, with_queue
from ..printing import print_json

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["cancel", "retry"]


@example("dataqueue jobs retry 4711 4712")
@click.command()
@with_queue()
@click.argument("job_ids", metavar="ID...", type=JOB_ID, nargs=-1, required=True)
@json_option
def retry(queue: JobQueue, job_ids: Sequence[int], as_json: bool) -> None:
    """Make failed or cancelled jobs pending and due now; one that used up its attempts gets one more.

    Exits with 1 where one was not changed, and says why.
    """

    def why(job: JobRecord) -> str:
        return f"it is {job.status.value}: only failed and cancelled jobs can be retried"

    _report(queue, job_ids, queue.retry_job, "pending again", why, as_json)


@example("dataqueue jobs cancel --running 4711")
@click.command()
@with_queue()
@click.argument("job_ids", metavar="ID...", type=JOB_ID, nargs=-1, required=True)
@click.option("--running", is_flag=True, help="Ask those that run to stop.")
@json_option
def cancel(queue: JobQueue, job_ids: Sequence[int], running: bool, as_json: bool) -> None:
    """Cancel jobs that are pending, waiting, or failed with a retry due.

    Exits with 1 where one was not changed, and says why.
    """

    def why(job: JobRecord) -> str:
        if job.status != JobStatus.PROCESSING:
            state = "failed for good" if job.status == JobStatus.FAILED else job.status.value
            return f"it is {state}, and will not run any more"
        if job.cancel_requested_at is not None:
            return "it runs, and was asked to stop already: it is cancelled when its handler has stopped"
        return "it runs: add --running to ask it to stop"

    def change(job_id: int) -> bool:
        return queue.cancel_job(job_id, running=running)

    _report(queue, job_ids, change, "cancelled", why, as_json)


def _report(
    queue: JobQueue,
    job_ids: Sequence[int],
    change: Callable[[int], bool],
    done: str,
    why: Callable[[JobRecord], str],
    as_json: bool,
) -> None:
    told: list[dict[str, Any]] = []
    for job_id in dict.fromkeys(job_ids):
        changed = change(job_id)
        job = queue.get_job(job_id)
        reason = None
        if not changed:
            reason = "there is no such job" if job is None else why(job)
        status = None if job is None else job.status.value
        told.append({"id": job_id, "changed": changed, "status": status, "reason": reason})
        if not as_json:
            _print_one(job_id, reason, done, job)
    if as_json:
        print_json(told)
    if not all(one["changed"] for one in told):
        raise SystemExit(1)


def _print_one(job_id: int, reason: str | None, done: str, job: JobRecord | None) -> None:
    if reason is not None:
        click.echo(f"{job_id}: not changed: {reason}", err=True)
    elif job is not None and job.status == JobStatus.PROCESSING and job.cancel_requested_at is not None:
        click.echo(f"{job_id}: asked to stop; it is cancelled when its handler has stopped")
    else:
        click.echo(f"{job_id}: {done}")
