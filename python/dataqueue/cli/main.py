"""The command `dataqueue`: its parts, and how it ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..errors import DataQueueError
from .assistants import install_mcp, install_rules, install_skills
from .completion import VARIABLE, completion
from .dashboard import dashboard
from .dev import dev
from .doctor import doctor
from .examples import example
from .init import init
from .jobs import jobs
from .mcp import mcp
from .migrate import migrate
from .options import key_prefix_option, store_options
from .pausing import pause, paused, resume
from .schedules import schedules
from .top import top
from .transfer import transfer
from .worker import worker

__all__ = ["main"]


@example(
    "dataqueue demo",
    "dataqueue worker myapp.jobs:handlers --url postgresql://app@db/app",
    "dataqueue jobs list --status failed",
)
@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dataqueue")
def group() -> None:
    """A job queue on PostgreSQL, Redis or SQLite."""


@example("dataqueue demo --limit 500", "dataqueue demo --url postgresql://localhost/app --concurrency 8")
@group.command()
@store_options
@key_prefix_option
@click.option("--concurrency", default=4, show_default=True, type=click.IntRange(1, 64), help="Threads at work.")
@click.option("--limit", type=click.IntRange(1), help="Inspect only so many files.")
def demo(
    url: str | None,
    schema: str | None,
    env_path: str | None,
    key_prefix: str | None,
    concurrency: int,
    limit: int | None,
) -> None:
    """Run real jobs: inspect every source file of Python's standard library.

    On SQLite unless --url says otherwise; a PostgreSQL schema is migrated first.
    """
    from ..blocking import JobQueue
    from .demo import run_demo
    from .options import open_config

    config: Any = open_config(url, schema, env_path, "sqlite:///dataqueue-demo.db", key_prefix)
    with JobQueue(config) as queue:
        queue.migrate()
        place = queue._requests.store.location
        if queue._requests.store.backend == "sqlite":
            place = str(Path(place.removeprefix("sqlite:///")).resolve())
        if not run_demo(queue, place, concurrency, limit):
            raise click.ClickException("some jobs did not end")


for command in (
    completion,
    dashboard,
    dev,
    doctor,
    init,
    install_mcp,
    install_rules,
    install_skills,
    jobs,
    mcp,
    migrate,
    pause,
    paused,
    resume,
    schedules,
    top,
    transfer,
    worker,
):
    group.add_command(command)


def main() -> None:
    """Runs the command line; errors that a user can mend are one line without a traceback."""
    try:
        group.main(standalone_mode=False, complete_var=VARIABLE)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (DataQueueError, ValueError, TypeError, LookupError, OSError) as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(1)
