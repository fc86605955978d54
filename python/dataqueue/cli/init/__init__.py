"""`dataqueue init`: begins a project that runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..examples import example
from ..options import json_option
from ..printing import print_json
from .project import FRAMEWORKS, STORES, Written, files, next_commands, write

__all__ = ["init"]


@example(
    "dataqueue init --framework fastapi --store sqlite",
    "dataqueue init --dir shop --framework django --store postgres --yes",
)
@click.command()
@click.option(
    "--framework", type=click.Choice(FRAMEWORKS), help="What serves the pages; plain, without one, if left out."
)
@click.option("--store", type=click.Choice(STORES), help="What holds the jobs; sqlite if left out.")
@click.option(
    "--dir", "folder", default=".", type=click.Path(path_type=Path), help="The folder; it is made if missing."
)
@click.option("--yes", is_flag=True, help="Ask nothing, on a terminal neither.")
@json_option
def init(framework: str | None, store: str | None, folder: Path, yes: bool, as_json: bool) -> None:
    """Begin a project: typed jobs, a worker, and an application with the dashboard and a page that shows progress.

    Asks on a terminal for what was left out. A file that is there already is never overwritten: it is named, and the
    exit code is 1 then. Passwords are made at random, in the file .env.
    """
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"--dir is {folder}, which is a file: name a folder")
    asks = not yes and sys.stdin.isatty()
    framework = framework or _asked("Framework", FRAMEWORKS, "fastapi", asks, "plain")
    store = store or _asked("Store", STORES, "sqlite", asks, "sqlite")
    try:
        written = write(folder, files(framework, store))
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}. Nothing was written") from None
    commands = next_commands(framework, store, folder)
    if as_json:
        print_json({"framework": framework, "store": store, "files": written, "next": commands})
    else:
        _report(written, commands)
    if any(one.action == "left_alone" for one in written):
        sys.exit(1)


def _asked(what: str, choices: tuple[str, ...], suggested: str, asks: bool, otherwise: str) -> str:
    if not asks:
        return otherwise
    chosen: str = click.prompt(what, type=click.Choice(choices), default=suggested, err=True)
    return chosen


def _report(written: list[Written], commands: list[str]) -> None:
    words = {"created": "created", "unchanged": "there already", "left_alone": "left alone"}
    for one in written:
        click.echo(f"  {words[one.action]:<14} {one.path}")
    click.echo("\nNext:")
    *before, serve, work = commands
    for command in before:
        click.echo(f"  {command}")
    click.echo(f"  {serve:<50} # the application, on http://127.0.0.1:8000/")
    click.echo(f"  {work:<50} # in another terminal: the worker")
    click.echo("\nThe dashboard is below /admin/jobs/: the user is admin, the password is DASHBOARD_PASSWORD in .env.")
    left = [one.path for one in written if one.action == "left_alone"]
    if left:
        click.echo(
            f"\nLeft alone, as something else is there: {', '.join(left)}. What was written may not fit it.", err=True
        )
