"""`dataqueue worker`: runs a fleet of worker processes."""

from __future__ import annotations

import sys
from typing import Any

import click

from .examples import example
from .options import key_prefix_option, store_options

__all__ = ["worker"]


@example(
    "dataqueue worker myapp.jobs:handlers --processes 4 --concurrency 20",
    "dataqueue worker myapp.jobs:handlers --health-port 8081",
)
@click.command()
@click.argument("target", metavar="MODULE:HANDLERS")
@store_options
@key_prefix_option
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256), help="Worker processes.")
@click.option("--concurrency", default=3, show_default=True, type=click.IntRange(1, 10_000), help="Jobs at once, each.")
@click.option("--batch-size", default=10, show_default=True, type=click.IntRange(1, 10_000), help="Jobs per claim.")
@click.option(
    "--group-concurrency",
    multiple=True,
    metavar="N|TIER=N",
    help="Jobs of a group at once, over all workers; may be repeated for tiers.",
)
@click.option("--fair", is_flag=True, help="Let groups take turns.")
@click.option(
    "--fair-weight",
    multiple=True,
    metavar="TIER=N",
    help="Let them, and give those of this tier so many jobs in a turn; may be repeated.",
)
@click.option(
    "--job-type",
    multiple=True,
    metavar="TYPE",
    help="Claim only this type; may be repeated. Jobs of a type named here that has no handler fail.",
)
@click.option(
    "--poll-interval", default=5.0, show_default=True, help="Seconds between looks where new jobs cannot wake it."
)
@click.option("--lease", default=30.0, show_default=True, help="Seconds until a dead worker's jobs are taken over.")
@click.option(
    "--max-jobs-per-process", type=click.IntRange(1), help="Replace a process of handlers after so many jobs."
)
@click.option(
    "--max-memory-per-process",
    type=click.IntRange(1),
    help="Replace one that holds more than so many bytes after a job.",
)
@click.option("--upkeep/--no-upkeep", default=True, show_default=True, help="Delete what ended 30 days ago.")
@click.option("--drain-timeout", default=30.0, show_default=True, help="Seconds for running jobs when stopping.")
@click.option(
    "--health-port",
    type=click.IntRange(0, 65_535),
    help="Answer /livez, /readyz and /metrics on this port; 0 takes any.",
)
@click.option("--health-host", help="The address for --health-port, 127.0.0.1 if left out.")
@click.option("--unready-after", type=float, help="Seconds without a claim after which /readyz is red.")
def worker(target: str, processes: int, health_port: int | None, health_host: str | None, **options: Any) -> None:
    """Run the jobs of MODULE:HANDLERS, such as `myapp.jobs:handlers`.

    A process that dies is reported and replaced. SIGTERM or Ctrl-C drains: running jobs end, the others go back. A
    second one stops at once; other workers take over what was running when its lease has run out. A process that has
    not ended ten seconds after the drain timeout is killed.

    Exits with 0 after a clean drain, 1 when the workers would not start or a job did not end in time, 130 when stopped
    at once.
    """
    from .fleet import Fleet

    fleet = Fleet(target, processes, options)
    if health_port is None:
        if health_host is not None:
            raise click.UsageError("--health-host needs --health-port")
        sys.exit(fleet.run())
    from .health import HealthServer

    server = HealthServer("127.0.0.1" if health_host is None else health_host, health_port, fleet.health, fleet.metrics)
    click.echo("health is told on {} port {}".format(*server.address), err=True)
    try:
        sys.exit(fleet.run())
    finally:
        server.close()
