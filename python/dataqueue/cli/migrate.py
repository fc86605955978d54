"""`dataqueue migrate`: brings a schema to the version that this library needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ..blocking import JobQueue
from .examples import example
from .options import open_config, store_options

__all__ = ["migrate"]

F = TypeVar("F", bound=Callable[..., Any])

_HERE = "the schema is at this version"


@example("dataqueue migrate up --url postgresql://localhost/app")
@click.group()
def migrate() -> None:
    """Create, upgrade or remove the tables."""


def _common(command: F) -> F:
    return store_options(click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command))


@example(
    "dataqueue migrate up --url postgresql://localhost/app",
    "dataqueue migrate up --sql --schema jobs --url postgresql://localhost/app",
)
@migrate.command()
@_common
@click.option("--to", type=click.IntRange(0), help="Stop at this version.")
@click.option("--sql", is_flag=True, help="Print the statements instead of running them.")
@click.option("--adopt", is_flag=True, help="Take over a database of the TypeScript library, which goes on using it.")
def up(
    url: str | None, schema: str | None, env_path: str | None, as_json: bool, to: int | None, sql: bool, adopt: bool
) -> None:
    """Apply what is missing. Safe to repeat, and to run from two places at once."""
    if adopt and (sql or to is not None):
        raise click.UsageError("--adopt goes with neither --to nor --sql: what it adds depends on what is there")
    with JobQueue(open_config(url, schema, env_path)) as queue:
        if sql:
            _print_sql(queue, to, [])
            return
        if to is not None:
            at = max(_state(queue)[0], default=0)
            if at > to:
                raise click.ClickException(f"the schema is at version {at}: use `migrate down --to {to}`")
        # A deploy that is rolled back finds a newer schema, and must not fail at it.
        steps = queue.migrate(to, adopt=adopt)
        applied, known = queue._requests.store.migration_state().wait()
        at = max(applied, default=0)
        beside = f"the schema is at version {at}, newer than this library's {len(known)}, which works beside it"
        idle = beside if at > len(known) else _HERE
        _report([(step.version, step.name) for step in steps], "applied", as_json, idle)


@example("dataqueue migrate down --to 3 --url postgresql://localhost/app")
@migrate.command()
@_common
@click.option("--to", type=click.IntRange(0), help="The version to go down to; one step if left out.")
@click.option("--sql", is_flag=True, help="Print the statements instead of running them.")
def down(url: str | None, schema: str | None, env_path: str | None, as_json: bool, to: int | None, sql: bool) -> None:
    """Take migrations back. The jobs in tables that are dropped are lost."""
    with JobQueue(open_config(url, schema, env_path)) as queue:
        applied, known = _state(queue)
        at = max(applied, default=0)
        target = max(at - 1, 0) if to is None else to
        if sql:
            _print_sql(queue, target, applied or [version for version, _ in known])
            return
        if target > at:
            raise click.ClickException(f"the schema is at version {at}: use `migrate up --to {target}`")
        # Going nowhere must not make a schema that is not there.
        steps = queue.migrate(target) if target < at else []
        _report([(step.version, step.name) for step in steps], "taken back", as_json)


@example("dataqueue migrate status --json --url postgresql://localhost/app")
@migrate.command()
@_common
def status(url: str | None, schema: str | None, env_path: str | None, as_json: bool) -> None:
    """Show which migrations are applied. The exit code is 1 unless they are those of this library."""
    with JobQueue(open_config(url, schema, env_path)) as queue:
        applied, known = queue._requests.store.migration_state().wait()
    names: dict[int, str | None] = dict(sorted({**dict.fromkeys(applied), **dict(known)}.items()))
    if as_json:
        click.echo(json.dumps([{"version": v, "name": n, "applied": v in applied} for v, n in names.items()]))
    else:
        for version, name in names.items():
            state = "newer than this library" if name is None else "applied" if version in applied else "missing"
            click.echo(f"{version:04d} {name or '?':<24} {state}")
    if any(name is None or version not in applied for version, name in names.items()):
        raise SystemExit(1)


def _state(queue: JobQueue) -> tuple[list[int], list[tuple[int, str]]]:
    """The versions applied and the migrations known, if none is unknown."""
    applied, known = queue._requests.store.migration_state().wait()
    newest = max(applied, default=0)
    if newest > len(known):
        raise click.ClickException(
            f"the schema is at version {newest}, newer than this library's {len(known)}: upgrade the dataqueue package"
        )
    return applied, known


def _print_sql(queue: JobQueue, target: int | None, applied: list[int]) -> None:
    for version, name, sql in queue._requests.store.migration_sql(target, applied):
        click.echo(f"-- {version:04d} {name}\n{sql.strip()}\n")


def _report(steps: Sequence[tuple[int, str]], done: str, as_json: bool, idle: str = _HERE) -> None:
    if as_json:
        click.echo(json.dumps([{"version": version, "name": name} for version, name in steps]))
    elif not steps:
        click.echo(f"Nothing to do: {idle}.")
    for version, name in steps if not as_json else []:
        click.echo(f"{version:04d} {name}: {done}")
