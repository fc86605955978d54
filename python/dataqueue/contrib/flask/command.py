"""`flask dataqueue`: the worker command with the application loaded, and the migrations."""

from __future__ import annotations

import os
from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo, pass_script_info

from .._fleet import own_options, run_fleet

__all__ = ["commands"]


def commands() -> AppGroup:
    """The commands of an application."""
    group = AppGroup("dataqueue", help="Work on the application's jobs.")
    about = (
        "Run jobs, each in the application's context.\n\nSIGTERM or Ctrl-C drains: running jobs end, the others go "
        "back. A second one stops at once. Exits as `dataqueue worker` does."
    )
    group.add_command(click.Command("worker", params=list(own_options()), callback=_worker, help=about))
    group.add_command(click.Command("migrate", callback=_migrate, help="Create or update PostgreSQL's tables."))
    return group


@pass_script_info
def _worker(info: ScriptInfo, /, **options: Any) -> None:
    from .extension import extension_of

    if info.create_app is not None and not os.environ.get("FLASK_APP"):
        raise click.UsageError(
            "worker processes load the application by its name, which this program does not tell: set $FLASK_APP, such "
            "as FLASK_APP=shop:create_app"
        )
    app = info.load_app()
    try:
        extension_of(app)
    except RuntimeError as error:
        raise click.UsageError(str(error)) from None
    name = info.app_import_path or os.environ.get("FLASK_APP")
    run_fleet("dataqueue.contrib.flask.work", app.config["DATAQUEUE_URL"], {"app": name}, options)


@pass_script_info
def _migrate(info: ScriptInfo, /) -> None:
    from ...errors import DataQueueError

    queue = info.load_app().extensions["dataqueue.queue"]
    try:
        steps = queue.migrate()
    except DataQueueError as error:
        raise click.ClickException(str(error)) from None
    for step in steps:
        click.echo(f"{step.version} {step.name}")
    click.echo("the store is up to date")
