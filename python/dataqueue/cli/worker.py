"""`dataqueue worker`: runs a fleet of worker processes."""

from __future__ import annotations

import sys
from typing import Any

import click

from .options import key_prefix_option, store_options

__all__ = ["worker"]


@click.command()
@click.argument("target", metavar="MODULE:HANDLERS")
@store_options
@key_prefix_option
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256), help="Worker processes.")
@click.option("--concurrency", default=3, show_default=True, type=click.IntRange(1, 10_000), help="Jobs at once, each.")
@click.option("--batch-size", default=10, show_default=True, type=click.IntRange(1, 10_000), help="Jobs per claim.")
@click.option(
    "--job-type",
    multiple=True,
    metavar="TYPE",
    help="Claim only this type; may be repeated. Jobs of a type named here that has no handler fail.",
)
@click.option("--poll-interval", default=5.0, show_default=True, help="Seconds between looks when nothing wakes it.")
@click.option("--lease", default=30.0, show_default=True, help="Seconds until a dead worker's jobs are taken over.")
@click.option("--upkeep/--no-upkeep", default=True, show_default=True, help="Delete what ended 30 days ago.")
@click.option("--drain-timeout", default=30.0, show_default=True, help="Seconds for running jobs when stopping.")
def worker(target: str, processes: int, **options: Any) -> None:
    """Run the jobs of MODULE:HANDLERS, such as `myapp.jobs:handlers`.

    A process that dies is reported and replaced. SIGTERM or Ctrl-C drains: running jobs end, the others go back. A
    second one stops at once; other workers take over what was running when its lease has run out.

    Exits with 0 after a clean drain, 1 when the workers would not start or a job did not end in time, 130 when stopped
    at once.
    """
    from .fleet import Fleet

    sys.exit(Fleet(target, processes, options).run())
