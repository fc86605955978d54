"""`dataqueue pause`, `resume` and `paused`: what the whole fleet leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from .examples import example
from .options import json_option, with_queue
from .printing import clean, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..blocking import JobQueue
    from ..flow import Paused

__all__ = ["pause", "paused", "resume"]

F = TypeVar("F", bound="Callable[..., Any]")


def _scope(command: F) -> F:
    group = click.option("--group", metavar="GROUP", help="Only jobs of this group.")
    return click.option("--type", "job_type", metavar="TYPE", help="Only jobs of this type.")(group(command))


@example("dataqueue pause --type send_email")
@click.command()
@with_queue()
@_scope
@json_option
def pause(queue: JobQueue, job_type: str | None, group: str | None, as_json: bool) -> None:
    """Keep jobs from being started, on every worker, until `resume`: all, a type or a group. What runs goes on."""
    _report(queue.pause(job_type, group=group), "paused", job_type, group, as_json)


@example("dataqueue resume --type send_email")
@click.command()
@with_queue()
@_scope
@json_option
def resume(queue: JobQueue, job_type: str | None, group: str | None, as_json: bool) -> None:
    """Let go on what `pause` with the same options keeps from running."""
    _report(queue.resume(job_type, group=group), "not paused", job_type, group, as_json)


@example("dataqueue paused --json")
@click.command()
@with_queue()
@json_option
def paused(queue: JobQueue, as_json: bool) -> None:
    """Show what is paused."""
    found = queue.paused()
    if as_json:
        print_json(found)
    elif not found:
        click.echo("Nothing is paused.")
    for one in found if not as_json else []:
        click.echo(_named(one))


def _named(one: Paused) -> str:
    return _scope_name(one.job_type, one.group)


def _scope_name(job_type: str | None, group: str | None) -> str:
    if job_type is not None:
        return f"type {clean(job_type)}"
    return "everything" if group is None else f"group {clean(group)}"


def _report(changed: bool, state: str, job_type: str | None, group: str | None, as_json: bool) -> None:
    if as_json:
        print_json({"changed": changed, "job_type": job_type, "group": group})
    else:
        click.echo(f"{_scope_name(job_type, group)}: {state}{'' if changed else ' already'}")
