"""`dataqueue schedules`: lists, pauses, resumes and runs cron schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ..schedules import CronSchedule, ScheduleStatus
from .examples import example
from .options import json_option, with_queue
from .printing import Cell, ago, color_of, print_json, table, terminal_width

if TYPE_CHECKING:
    from ..blocking import JobQueue

__all__ = ["schedules"]


@example("dataqueue schedules list")
@click.group()
def schedules() -> None:
    """List, pause, resume and run cron schedules."""


@example("dataqueue schedules list --status paused --json")
@schedules.command("list")
@with_queue()
@click.option("--status", type=click.Choice([one.value for one in ScheduleStatus]), help="Only those in this status.")
@json_option
def list_schedules(queue: JobQueue, status: str | None, as_json: bool) -> None:
    """List schedules, in the order in which they were added."""
    found = queue.list_cron_jobs(status)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No schedules.", err=True)
    else:
        now = datetime.now(UTC)
        header = ("ID", "NAME", "CRON", "ZONE", "STATUS", "NEXT", "LAST", "TYPE")
        for line in table(header, [_row(one, now) for one in found], terminal_width()):
            click.echo(line)


@example("dataqueue schedules pause daily-report")
@schedules.command()
@with_queue()
@click.argument("name")
@json_option
def pause(queue: JobQueue, name: str, as_json: bool) -> None:
    """Keep a schedule from adding jobs."""
    found = _find(queue, name)
    _report(queue, found, queue.pause_cron_job(found.id), "paused", as_json)


@example("dataqueue schedules resume daily-report")
@schedules.command()
@with_queue()
@click.argument("name")
@json_option
def resume(queue: JobQueue, name: str, as_json: bool) -> None:
    """Let a paused schedule add jobs from its next tick on."""
    found = _find(queue, name)
    _report(queue, found, queue.resume_cron_job(found.id), "active", as_json)


@example("dataqueue schedules run daily-report")
@schedules.command()
@with_queue()
@click.argument("name")
@json_option
def run(queue: JobQueue, name: str, as_json: bool) -> None:
    """Add a schedule's job once, due now, beside its ticks, and print its id; also of a paused one."""
    job_id = queue.run_cron_job(name)
    if job_id is None:
        raise _missing(name)
    if as_json:
        print_json({"id": job_id, "created": job_id.created})
    else:
        click.echo(job_id)


def _find(queue: JobQueue, name: str) -> CronSchedule:
    found = queue.get_cron_job_by_name(name)
    if found is None:
        raise _missing(name)
    return found


def _missing(name: str) -> click.ClickException:
    return click.ClickException(f"there is no schedule {name!r}: `dataqueue schedules list` shows which there are")


def _report(queue: JobQueue, found: CronSchedule, changed: bool, state: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": found.id, "changed": changed, "schedule": queue.get_cron_job(found.id)})
    else:
        click.echo(f"{found.schedule_name}: {state}" if changed else f"{found.schedule_name}: {state} already")


def _row(one: CronSchedule, now: datetime) -> list[Cell]:
    due = one.next_run_at if one.status == ScheduleStatus.ACTIVE else None
    return [
        str(one.id),
        one.schedule_name,
        one.cron_expression,
        one.timezone,
        (one.status.value, color_of(one.status)),
        "-" if due is None else ago(due, now),
        "-" if one.last_enqueued_at is None else ago(one.last_enqueued_at, now),
        one.job_type,
    ]
