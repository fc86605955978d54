"""`dataqueue top`: what the queue does, live."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

import click

from ...errors import DataQueueError
from ..examples import example
from ..options import json_option, with_queue
from ..printing import fit, print_json, span, terminal_width
from .drawing import draw
from .reading import Frame, Reader
from .screen import keys, paint, screen, wait_for_keys

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["top"]

_STATEMENT_TIMEOUT = 10.0
_ENDING = frozenset("qQ\x03\x04")


@example("dataqueue top --interval 5", "dataqueue top --json")
@click.command()
@with_queue(bound=_STATEMENT_TIMEOUT)
@click.option(
    "--interval", default=1.0, show_default=True, type=click.FloatRange(0.1, 3_600), help="Seconds between two frames."
)
@click.option("--once", is_flag=True, help="Print one frame, and end.")
@json_option
def top(queue: JobQueue, interval: float, once: bool, as_json: bool) -> None:
    """Show what the queue does, live: depth, rates, running jobs and failures. `q` or Ctrl-C ends it.

    Where the output is no terminal, and with --json, it is one frame. Rates are measured over an interval.
    """
    with Reader(queue) as reader:
        if not (once or as_json) and sys.stdout.isatty():
            _watch(reader, interval)
            return
        time.sleep(interval)
        frame = reader.read()
        if as_json:
            print_json(frame)
        else:
            click.echo("\n".join(draw(frame, terminal_width())))


def _watch(reader: Reader, interval: float) -> None:
    frame: Frame | None = None
    with keys(), screen():
        try:
            while True:
                size = shutil.get_terminal_size()
                try:
                    frame = reader.read()
                    lines = draw(frame, size.columns, size.lines - 1)
                except DataQueueError as error:
                    lines = _with_error(frame, error, size.columns, size.lines - 1)
                paint([*lines[: size.lines - 2], click.style("q: quit", dim=True)])
                if _ENDING & set(wait_for_keys(interval)):
                    return
        except KeyboardInterrupt:
            return


def _with_error(frame: Frame | None, error: DataQueueError, width: int, height: int) -> list[str]:
    told = click.style(fit(f"The store does not answer: {error}", width), fg="red")
    if frame is None:
        return [told]
    from datetime import UTC, datetime

    age = span((datetime.now(UTC) - frame.at).total_seconds())
    return [told, fit(f"What follows is {age} old.", width), *draw(frame, width, height - 2)]
