"""`dataqueue transfer`: moves the jobs that are not finished to another store."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import click

from ..blocking import JobQueue
from ..transfer import DEFAULT_BATCH, Plan, Progress, Transfer
from .examples import example

__all__ = ["transfer"]

_SHOWN = 10


@example("dataqueue transfer --from sqlite:///jobs.db --to redis://localhost --dry-run")
@click.command()
@click.option("--from", "source_url", required=True, metavar="URL", help="The store that has the jobs.")
@click.option("--to", "target_url", required=True, metavar="URL", help="The store that gets them.")
@click.option("--dry-run", is_flag=True, help="Count what would be copied, and change nothing.")
@click.option(
    "--batch", default=DEFAULT_BATCH, show_default=True, type=click.IntRange(1, 10_000), help="Jobs per step."
)
@click.option("--cancel-source", is_flag=True, help="Cancel each job on the source once its copy is stored.")
@click.option("--leave-running", is_flag=True, help="Copy the rest although jobs are running on the source.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and no progress.")
def transfer(
    source_url: str,
    target_url: str,
    dry_run: bool,
    batch: int,
    cancel_source: bool,
    leave_running: bool,
    as_json: bool,
) -> None:
    """Copy the jobs that are not finished from one store to another.

    Pending jobs, and failed ones that will be retried, with their options, attempts and errors; finished jobs stay.

    Stop the workers of the source first, and let what adds jobs use the target: a job that is on both runs twice.

    Safe to repeat: what was copied once is not copied again, and a run that was cut off goes on.
    """
    with ExitStack() as stack:
        source, target = (stack.enter_context(JobQueue(url)) for url in (source_url, target_url))
        stores = source._requests.store, target._requests.store
        way = Transfer(*stores, batch=batch)
        plan = way.plan()
        if not as_json:
            _describe(plan, *(store.location for store in stores))
        if dry_run:
            if as_json:
                click.echo(json.dumps(_counts(plan)))
            return
        if plan.running and not leave_running:
            raise click.ClickException(
                f"{plan.running} jobs are running on the source: stop its workers, which lets them end, and run this "
                "again; the jobs of workers that died are freed by queue.reclaim_stuck_jobs(). Or pass --leave-running "
                "to copy the rest"
            )
        _copy(way, plan, cancel_source, as_json)
    _report(plan, way.progress, cancel_source, as_json)


def _copy(way: Transfer, plan: Plan, cancel_source: bool, as_json: bool) -> None:
    bar: Any = click.progressbar(length=len(plan.ids), label="copying", show_pos=True, hidden=as_json)
    try:
        with bar:
            for done in way.run(plan, cancel_source=cancel_source):
                bar.update(done)
    except BaseException:
        copied = way.progress.copied + way.progress.known
        click.echo(f"Cut off after {copied} of {len(plan.ids)} jobs: run this again to go on.", err=True)
        raise


def _describe(plan: Plan, source: str, target: str) -> None:
    click.echo(f"From {source}\nto   {target}:")
    click.echo(f"  {plan.pending} pending, {plan.retrying} to be retried")
    for count, what in ((plan.running, "running"), (plan.waiting, "waiting")):
        if count:
            click.echo(f"  {count} {what}: not copied")
    for option, count in plan.refused.items():
        click.echo(f"  {count} with {option}, which cannot be carried over yet: not copied")


def _report(plan: Plan, progress: Progress, cancel_source: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_counts(plan), **asdict(progress)}))
    else:
        click.echo(f"Copied {progress.copied} jobs; {progress.known} were there already.")
        if progress.changed:
            click.echo(f"{progress.changed} ended or were taken by a worker meanwhile: run this again for those left.")
        if cancel_source:
            click.echo(f"Cancelled {progress.cancelled} on the source.")
        elif plan.ids:
            click.echo(
                "They are still on the source too: start no worker there, or run this again with --cancel-source."
            )
    if progress.uncancelled:
        shown = ", ".join(map(str, progress.uncancelled[:_SHOWN]))
        more = f" and {len(progress.uncancelled) - _SHOWN} more" if len(progress.uncancelled) > _SHOWN else ""
        raise click.ClickException(
            f"{len(progress.uncancelled)} copied jobs could not be cancelled on the source any more. Most likely a "
            f"worker there took them, and they run on both: {shown}{more}"
        )
    if plan.refused or plan.waiting:
        raise click.ClickException("not all jobs were copied: see above")


def _counts(plan: Plan) -> dict[str, Any]:
    names = ("pending", "retrying", "running", "waiting", "refused")
    return {name: getattr(plan, name) for name in names}
