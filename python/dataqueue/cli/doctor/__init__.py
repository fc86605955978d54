"""`dataqueue doctor`: looks at the store and at the fleet, and says what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from ...errors import DataQueueError
from ..examples import example
from ..options import bounded, check_file, json_option, key_prefix_option, open_config, store_options
from ..printing import clean, print_json, terminal_width
from .finding import Finding, Level, problem, run_checks

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["doctor"]

_STATEMENT_TIMEOUT = 5.0
_COLORS = {Level.OK: "green", Level.NOTICE: "cyan", Level.WARNING: "yellow", Level.PROBLEM: "red"}


@example("dataqueue doctor --url redis://localhost:6379/0")
@click.command()
@store_options
@key_prefix_option
@json_option
def doctor(url: str | None, schema: str | None, env_path: str | None, key_prefix: str | None, as_json: bool) -> None:
    """Look at the store and at the fleet: each finding says what was found, and what to do about it.

    It changes nothing, and a server gives up a query of it after five seconds. Exits with 1 if there is a problem.
    """
    from ...blocking import JobQueue

    config = bounded(open_config(url, schema, env_path, None, key_prefix), _STATEMENT_TIMEOUT)
    found: list[Finding] = []
    with JobQueue(config) as queue:
        check_file(queue)
        if not as_json:
            click.echo(f"{queue._requests.store.location}\n")
        for finding in _examine(queue, config):
            found.append(finding)
            if not as_json:
                _print(finding)
        location = queue._requests.store.location
    worst = max((one.level for one in found), key=list(Level).index, default=Level.OK)
    if as_json:
        print_json({"store": location, "level": worst, "findings": found})
    else:
        _print_sum(found)
    if worst == Level.PROBLEM:
        raise SystemExit(1)


def _examine(queue: JobQueue, config: Any) -> Iterator[Finding]:
    try:
        # The first call connects, and tells why it cannot.
        queue._requests.store.migration_state().wait()
    except DataQueueError as error:
        yield problem("reach", str(error), "see the message; then run this again")
        return
    from . import fleet, postgres, redis, sqlite

    match queue._requests.store.backend:
        case "postgresql":
            checks = postgres.checks(queue, config)
        case "redis":
            checks = redis.checks(queue)
        case _:
            checks = sqlite.checks(queue)
    yield from run_checks(checks)
    yield from run_checks(fleet.checks(queue))


def _print(finding: Finding) -> None:
    width = terminal_width()
    level = click.style(f"{finding.level.value:<8}", fg=_COLORS[finding.level], bold=finding.level == Level.PROBLEM)
    told = _wrapped(clean(finding.found), width)
    click.echo(f"{level} {finding.check:<18} {told[0]}")
    for line in told[1:]:
        click.echo(f"{'':28}{line}")
    if finding.remedy is not None:
        for at, line in enumerate(_wrapped(clean(finding.remedy), None if width is None else width - 3)):
            click.echo(f"{'':28}{'-> ' if at == 0 else '   '}{line}")


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [" ".join(text.split())]
    return textwrap.wrap(text, max(width - 28, 30), break_on_hyphens=False) or [""]


def _print_sum(found: Iterable[Finding]) -> None:
    levels = [one.level for one in found]
    counted = [f"{levels.count(level)} {level.value}" for level in reversed(Level) if level in levels]
    click.echo(f"\n{', '.join(counted)}")
