"""`dataqueue jobs list`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ...filters import RunAt, Tags
from ...models import JobStatus, TagMode
from ..examples import example
from ..kinds import JOB_ID, moment
from ..options import json_option, with_queue
from ..printing import Cell, ago, as_json, color_of, print_json, span, table, terminal_width

if TYPE_CHECKING:
    from ...blocking import JobQueue
    from ...models import JobRecord

__all__ = ["about", "list_jobs", "timing"]


@example("dataqueue jobs list --status failed --type send_email", "dataqueue jobs list --tag acme --jsonl")
@click.command("list")
@with_queue()
@click.option(
    "--status",
    multiple=True,
    type=click.Choice([one.value for one in JobStatus]),
    help="In this status; may be repeated.",
)
@click.option("--type", "job_type", multiple=True, metavar="TYPE", help="Of this type; may be repeated.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="With this tag; may be repeated.")
@click.option(
    "--tag-mode",
    type=click.Choice([one.value for one in TagMode]),
    default=TagMode.ALL.value,
    show_default=True,
    help="How a job's tags are compared with them.",
)
@click.option("--priority", type=int, help="Of this priority.")
@click.option("--due-after", type=moment, help="Due at this time or later, such as 2026-12-24T18:00Z.")
@click.option("--due-before", type=moment, help="Due before this time.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--cursor", type=JOB_ID, metavar="ID", help="Those behind this job, the last one of the page before.")
@json_option
@click.option("--jsonl", "as_lines", is_flag=True, help="Print each job as JSON on a line of its own.")
def list_jobs(
    queue: JobQueue,
    status: tuple[str, ...],
    job_type: tuple[str, ...],
    tags: tuple[str, ...],
    tag_mode: str,
    priority: int | None,
    due_after: datetime | None,
    due_before: datetime | None,
    limit: int,
    cursor: int | None,
    as_json: bool,
    as_lines: bool,
) -> None:
    """List jobs, newest first. Conditions of different kinds must all hold."""
    if as_json and as_lines:
        raise click.UsageError("--json and --jsonl exclude each other: leave one out")
    bounds = RunAt(gte=due_after, lt=due_before)
    found = queue.get_jobs(
        status=status or None,
        job_type=job_type or None,
        tags=Tags(tags, tag_mode) if tags else None,
        priority=priority,
        run_at=None if bounds == RunAt() else bounds,
        limit=limit,
        cursor=cursor,
    )
    _print(found, as_json, as_lines)
    if len(found) == limit:
        click.echo(f"There may be more: add --cursor {found[-1].id}", err=True)


def _print(found: list[JobRecord], as_array: bool, as_lines: bool) -> None:
    if as_array:
        print_json(found)
    elif as_lines:
        for job in found:
            click.echo(json.dumps(as_json(job)))
    elif not found:
        click.echo("No jobs.", err=True)
    else:
        now = datetime.now(UTC)
        header = ("ID", "TYPE", "STATUS", "WHEN", "TRIES", "ABOUT")
        for line in table(header, [_row(job, now) for job in found], terminal_width()):
            click.echo(line)


def _row(job: JobRecord, now: datetime) -> list[Cell]:
    tries = f"{job.attempts}/{job.max_attempts}"
    return [
        str(job.id),
        job.job_type,
        (job.status.value, color_of(job.status)),
        timing(job, now),
        tries,
        about(job),
    ]


def timing(job: JobRecord, now: datetime) -> str:
    """When a job was, is or will be what its status says."""
    match job.status:
        case JobStatus.PENDING if job.pending_reason is None:
            return f"due {ago(job.run_at, now)}"
        case JobStatus.PROCESSING if job.locked_at is not None:
            return f"for {span((now - job.locked_at).total_seconds())}"
        case JobStatus.FAILED if job.next_attempt_at is not None:
            return f"again {ago(job.next_attempt_at, now)}"
        case JobStatus.WAITING if job.wait_until is not None:
            return f"goes on {ago(job.wait_until, now)}"
    changed: Any = {
        JobStatus.COMPLETED: job.completed_at,
        JobStatus.FAILED: job.last_failed_at,
        JobStatus.CANCELLED: job.last_cancelled_at,
    }.get(job.status)
    return ago(changed or job.updated_at, now)


def about(job: JobRecord) -> str:
    """What else there is to say about a job, in a line."""
    said = []
    if job.cancel_requested_at is not None and job.status == JobStatus.PROCESSING:
        said.append("asked to stop")
    if job.progress is not None and job.status in (JobStatus.PROCESSING, JobStatus.WAITING):
        said.append(f"{job.progress} %")
    if job.status == JobStatus.FAILED and job.error_history:
        said.append(job.error_history[-1].message.strip() or "no message")
    elif job.status == JobStatus.CANCELLED and job.cancel_reason:
        said.append(job.cancel_reason)
    elif job.status == JobStatus.PENDING and job.pending_reason:
        said.append(job.pending_reason)
    elif job.status == JobStatus.WAITING and job.wait_token_id:
        said.append(f"for {job.wait_token_id}")
    said += [f"#{tag}" for tag in job.tags]
    return " ".join(said)
