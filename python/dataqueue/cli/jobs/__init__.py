"""`dataqueue jobs`: lists, shows, changes and adds jobs."""

from __future__ import annotations

import click

from ..examples import example
from .adding import add
from .changing import cancel, retry
from .listing import list_jobs
from .showing import show

__all__ = ["jobs"]


@example("dataqueue jobs list --status failed", "dataqueue jobs show 4711")
@click.group()
def jobs() -> None:
    """List, show, retry, cancel and add jobs."""


for command in (list_jobs, show, retry, cancel, add):
    jobs.add_command(command)
