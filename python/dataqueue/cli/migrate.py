"""`dataqueue migrate`: brings a schema to the version that this library needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ..queue import JobQueue
from .options import open_config, store_options

__all__ = ["migrate"]

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def migrate() -> None:
    """Create, upgrade or remove the tables."""


def _common(command: F) -> F:
    return store_options(click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command))


@migrate.command()
@_common
@click.option("--to", type=click.IntRange(0), help="Stop at this version.")
@click.option("--sql", is_flag=True, help="Print the statements instead of running them.")
def up(url: str | None, schema: str | None, env_path: str | None, as_json: bool, to: int | None, sql: bool) -> None:
    """Apply what is missing. Safe to repeat, and to run from two places at once."""
    with JobQueue(open_config(url, schema, env_path)) as queue:
        if sql:
            _print_sql(queue, to, [])
            return
        applied, known = queue._requests.store.migration_state().wait()
        target = len(known) if to is None else to
        if applied and max(applied) > target:
            raise click.ClickException(f"the schema is at version {max(applied)}: use `migrate down --to {target}`")
        _report([(step.version, step.name) for step in queue.migrate(to)], "applied", as_json)


@migrate.command()
@_common
@click.option("--to", type=click.IntRange(0), help="The version to go down to; one step if left out.")
@click.option("--sql", is_flag=True, help="Print the statements instead of running them.")
def down(url: str | None, schema: str | None, env_path: str | None, as_json: bool, to: int | None, sql: bool) -> None:
    """Take migrations back. The jobs in tables that are dropped are lost."""
    with JobQueue(open_config(url, schema, env_path)) as queue:
        applied, known = queue._requests.store.migration_state().wait()
        at = max(applied, default=0)
        target = max(at - 1, 0) if to is None else to
        if sql:
            _print_sql(queue, target, applied or [version for version, _ in known])
            return
        if target > at:
            raise click.ClickException(f"the schema is at version {at}: use `migrate up --to {target}`")
        _report([(step.version, step.name) for step in queue.migrate(target)], "taken back", as_json)


@migrate.command()
@_common
def status(url: str | None, schema: str | None, env_path: str | None, as_json: bool) -> None:
    """Show which migrations are applied. The exit code is 1 if any is missing."""
    with JobQueue(open_config(url, schema, env_path)) as queue:
        applied, known = queue._requests.store.migration_state().wait()
    if as_json:
        click.echo(json.dumps([{"version": v, "name": n, "applied": v in applied} for v, n in known]))
    else:
        for version, name in known:
            click.echo(f"{version:04d} {name:<24} {'applied' if version in applied else 'missing'}")
    if any(version not in applied for version, _ in known):
        raise SystemExit(1)


def _print_sql(queue: JobQueue, target: int | None, applied: list[int]) -> None:
    for version, name, sql in queue._requests.store.migration_sql(target, applied):
        click.echo(f"-- {version:04d} {name}\n{sql.strip()}\n")


def _report(steps: Sequence[tuple[int, str]], done: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([{"version": version, "name": name} for version, name in steps]))
    elif not steps:
        click.echo("Nothing to do: the schema is at this version.")
    for version, name in steps if not as_json else []:
        click.echo(f"{version:04d} {name}: {done}")
