"""`dataqueue install-skills`."""

from __future__ import annotations

from pathlib import Path

import click

from ..examples import example
from .bundled import skills
from .changes import Change, carry_out, change_options, planned
from .clients import choose, client_option

__all__ = ["install_skills"]


@example("dataqueue install-skills", "dataqueue install-skills --client claude --client cursor --json")
@click.command("install-skills")
@client_option
@change_options
def install_skills(clients: tuple[str, ...], folder: Path, dry_run: bool, as_json: bool) -> None:
    """Write skills about dataqueue, folders with a SKILL.md, where a coding assistant looks for them.

    Without --client, for each assistant whose folder the project has. The folders dataqueue-* are this command's own:
    another run brings their SKILL.md up to date.
    """
    chosen = choose(clients, folder, detect=True)
    places = dict.fromkeys(folder / client.skills for client in chosen)
    changes = [_change(place / name / "SKILL.md", text) for place in places for name, text in skills().items()]
    carry_out(changes, folder, dry_run=dry_run, as_json=as_json)


def _change(path: Path, text: str) -> Change:
    return planned(path, lambda _: text)
