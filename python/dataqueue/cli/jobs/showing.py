"""`dataqueue jobs show`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ...models import JobEvent, JobRecord
from ..examples import example
from ..kinds import JOB_ID
from ..options import json_option, with_queue
from ..printing import ago, as_json, clean, color_of, print_json, span
from .listing import timing

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["show"]

# Shown in places of their own.
_ELSEWHERE = frozenset({"id", "job_type", "status", "payload", "output", "error_history", "step_data"})


@example("dataqueue jobs show 4711 --json")
@click.command()
@with_queue()
@click.argument("job_id", metavar="ID", type=JOB_ID)
@json_option
def show(queue: JobQueue, job_id: int, as_json: bool) -> None:
    """Show a job: its options and times, payload, output, errors with tracebacks, steps and events."""
    job = queue.get_job(job_id)
    if job is None:
        raise click.ClickException(f"there is no job {job_id}: it was never added to this store, or was cleaned up")
    events = queue.get_job_events(job_id)
    if as_json:
        print_json({**_fields(job), "events": events})
    else:
        _print(job, events)


def _fields(job: JobRecord) -> dict[str, Any]:
    found: dict[str, Any] = as_json(job)
    return found


def _print(job: JobRecord, events: list[JobEvent]) -> None:
    now = datetime.now(UTC)
    status = click.style(job.status.value, fg=color_of(job.status), bold=True)
    click.echo(f"{click.style(f'Job {job.id}', bold=True)} {clean(job.job_type)}: {status}, {timing(job, now)}")
    for name in JobRecord.__dataclass_fields__:
        value = getattr(job, name)
        if name not in _ELSEWHERE and value not in (None, [], False):
            click.echo(f"  {name:<22} {_told(value, now)}")
    _print_value("Payload", job.payload)
    if job.output is not None:
        _print_value("Output", job.output)
    if job.step_data:
        _print_value("Steps", dict(job.step_data))
    for error in job.error_history:
        when = "" if error.timestamp is None else f", {ago(error.timestamp, now)}"
        attempt = "" if error.attempt is None else f" of attempt {error.attempt}"
        kind = "" if error.type is None else f"{error.type}: "
        _print_title(f"Error{attempt}{when}")
        click.echo(_indented(error.traceback or f"{kind}{error.message}"))
    _print_title("Events")
    for event in events:
        told = "" if event.metadata is None else f"  {_one_line(event.metadata)}"
        click.echo(f"  {_clock(event.created_at)}  {event.event_type.value:<10}{told}".rstrip())


def _told(value: Any, now: datetime) -> str:
    if isinstance(value, datetime):
        return f"{_clock(value)} ({ago(value, now)})"
    if hasattr(value, "total_seconds"):
        return span(value.total_seconds())
    if isinstance(value, list):
        return clean(", ".join(map(str, value)))
    return clean(str(value))


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def _print_title(title: str) -> None:
    click.echo("\n" + click.style(title, bold=True))


def _print_value(title: str, value: Any) -> None:
    _print_title(title)
    click.echo(_indented(json.dumps(value, indent=2, ensure_ascii=False)))


def _one_line(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in clean(text).splitlines())
