"""`dataqueue jobs add`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ...dependencies import DependsOn
from ...groups import JobGroup
from ..examples import example
from ..kinds import JOB_ID, duration, moment
from ..options import json_option, with_queue
from ..printing import print_json

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["add"]


def json_of(value: str) -> list[Any]:
    """The JSON of an argument, or for `-` of standard input; in a list, since None would mean that none was given.

    Raises:
        click.BadParameter: It is not JSON.
    """
    text = value
    try:
        if value == "-":
            text = sys.stdin.buffer.read().decode()
        return [json.loads(text, parse_constant=_refuse_constant)]
    except (ValueError, RecursionError) as error:
        shown = "standard input" if value == "-" else repr(value[:80])
        example = '\'{"to": "ada"}\''
        raise click.BadParameter(f"{shown} is not JSON: {error}; quote it for the shell, such as {example}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has no {name}")


@example(
    'dataqueue jobs add send_email \'{"to": "ada@example.com"}\' --in 10m --tag welcome',
    "dataqueue jobs add send_email - < payload.json",
)
@click.command()
@with_queue(creates=True)
@click.argument("job_type", metavar="TYPE")
@click.argument("payload", metavar="JSON", type=json_of)
@click.option("--priority", type=int, help="Higher runs first; 0 if left out.")
@click.option("--run-at", type=moment, help="When it may start, such as 2026-12-24T18:00+01:00; now if left out.")
@click.option("--in", "delay", type=duration, help="Let it start only after so long, such as 90s or 1h30m.")
@click.option("--max-attempts", type=int, help="How many times it is tried; 3 if left out.")
@click.option("--timeout", type=duration, help="How long its handler may run.")
@click.option("--force-kill", is_flag=True, help="Run its handler in a process, and kill that at the timeout.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag to find it by; may be repeated.")
@click.option("--idempotency-key", metavar="KEY", help="Add nothing if a job has this key; print the id of that one.")
@click.option("--retry-delay", type=duration, help="The base delay before a retry.")
@click.option("--retry-backoff/--no-retry-backoff", default=None, help="Whether that doubles with each attempt.")
@click.option("--retry-delay-max", type=duration, help="The upper bound of the delay.")
@click.option("--group", metavar="GROUP", help="The group that it belongs to.")
@click.option("--tier", metavar="TIER", help="Its tier in that group.")
@click.option("--dead-letter-type", metavar="TYPE", help="The type of the job that tells of its failure for good.")
@click.option("--expires-in", type=duration, help="How long after it fell due its first attempt may begin.")
@click.option("--keep-result-for", type=duration, help="How long it is kept after its end.")
@click.option("--depends-on", multiple=True, type=JOB_ID, metavar="ID", help="Run it after this job; may be repeated.")
@click.option("--depends-on-tag", multiple=True, metavar="TAG", help="Run it after all jobs with these tags.")
@json_option
def add(
    queue: JobQueue,
    job_type: str,
    payload: list[Any],
    run_at: datetime | None,
    delay: float | None,
    force_kill: bool,
    tags: tuple[str, ...],
    group: str | None,
    tier: str | None,
    dead_letter_type: str | None,
    depends_on: tuple[int, ...],
    depends_on_tag: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Add a job of TYPE with the payload JSON, and print its id. `-` reads the payload from standard input.

    The payload is checked by the handler's type only when the job runs: the command knows no handlers.
    """
    if delay is not None:
        if run_at is not None:
            raise click.UsageError("--in and --run-at exclude each other: leave one out")
        run_at = _from_now(delay)
    if tier is not None and group is None:
        raise click.UsageError("--tier needs --group")
    waits = depends_on or depends_on_tag
    job_id = queue.add_job(
        job_type,
        payload[0],
        run_at=run_at,
        force_kill_on_timeout=force_kill or None,
        tags=tags or None,
        group=None if group is None else JobGroup(group, tier),
        dead_letter_job_type=dead_letter_type,
        depends_on=DependsOn(job_ids=depends_on, tags=depends_on_tag) if waits else None,
        **options,
    )
    if as_json:
        print_json({"id": job_id, "created": job_id.created})
        return
    click.echo(job_id)
    if not job_id.created:
        click.echo("Nothing was added: this job has the idempotency key already.", err=True)


def _from_now(delay: float) -> datetime:
    try:
        return datetime.now(UTC) + timedelta(seconds=delay)
    except OverflowError:
        raise click.UsageError(f"--in is {delay:g} seconds, beyond the year 9999: give less") from None
