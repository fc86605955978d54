"""`dataqueue install-rules`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..examples import example
from .bundled import rules
from .changes import Change, carry_out, change_options, planned
from .clients import Client, choose, client_option
from .marked import with_part

__all__ = ["install_rules"]

_FRONT = """---
description: How to use dataqueue, a job queue for Python ({name})
globs: "**/*.py"
alwaysApply: false
---

"""


@example("dataqueue install-rules --client claude", "dataqueue install-rules --client cursor --client agents --dry-run")
@click.command("install-rules")
@client_option
@change_options
def install_rules(clients: tuple[str, ...], folder: Path, dry_run: bool, as_json: bool) -> None:
    """Write rules about dataqueue into the file that a coding assistant reads.

    They stand between two markers. Everything outside of these stays as it is, and another run updates what is
    between them.
    """
    chosen = choose(clients, folder)
    changes = [change for client in chosen for change in _changes(client, folder)]
    carry_out(changes, folder, dry_run=dry_run, as_json=as_json)


def _changes(client: Client, folder: Path) -> Iterator[Change]:
    texts = rules()
    if "*" not in client.rules:
        path = folder / client.rules
        yield planned(path, lambda text: with_part(path, text, "\n".join(texts.values())))
        return
    for name, part in texts.items():
        yield _own_file(folder / client.rules.replace("*", name), name, part)


def _own_file(path: Path, name: str, part: str) -> Change:
    return planned(path, lambda text: with_part(path, text or _FRONT.format(name=name), part))
