"""`dataqueue install-mcp`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from ..examples import example
from .changes import Change, carry_out, change_options, planned
from .clients import Client, choose, client_option
from .json_edit import EditError, with_entry
from .toml_edit import with_table

__all__ = ["install_mcp"]

_NAME = "dataqueue"


@example(
    "dataqueue install-mcp --client claude",
    "dataqueue install-mcp --client cursor --command 'uv run dataqueue' --env-path .env --redact email",
)
@click.command("install-mcp")
@client_option
@change_options
@click.option("--command", default="dataqueue", show_default=True, help="How the assistant starts dataqueue.")
@click.option("--env-path", help="Let it look into the queue whose URL is in this file of KEY=VALUE.")
@click.option("--redact", multiple=True, metavar="NAME", help="Hide the values of this field; may be repeated.")
@click.option("--hide-payloads", is_flag=True, help="Hide all payloads, outputs and results of steps.")
def install_mcp(
    clients: tuple[str, ...],
    folder: Path,
    dry_run: bool,
    as_json: bool,
    command: str,
    env_path: str | None,
    redact: tuple[str, ...],
    hide_payloads: bool,
) -> None:
    """Add `dataqueue mcp` to the MCP servers of a coding assistant.

    Only the entry `dataqueue` is written; everything else in the file stays as it is. A file that cannot be parsed is
    refused. The URL of a queue is named by --env-path and never written itself, as it may have a password.
    """
    if (redact or hide_payloads) and env_path is None:
        raise click.UsageError("--redact and --hide-payloads are for a queue: give --env-path with them")
    try:
        program, *arguments = shlex.split(command)
    except ValueError as error:
        raise click.BadParameter(f"{command!r} is no command line: {error}", param_hint="--command") from None
    if env_path is not None and not (folder / env_path).is_file():
        raise click.BadParameter(f"there is no file {folder / env_path}", param_hint="--env-path")
    options = [word for name in redact for word in ("--redact", name)] + (["--hide-payloads"] if hide_payloads else [])
    chosen = choose(clients, folder)
    changes = []
    for client in chosen:
        # The user's own configuration is read in any folder.
        where = str((folder / env_path).resolve()) if env_path and client.mcp.is_the_users else env_path
        words = [*arguments, "mcp", *(["--env-path", where] if where else []), *options]
        changes.append(_change(client, folder, {"command": program, "args": words}))
    carry_out(changes, folder, dry_run=dry_run, as_json=as_json)


def _change(client: Client, folder: Path, entry: dict[str, Any]) -> Change:
    path = client.mcp.file(folder)
    if client.mcp.type is not None:
        entry = {"type": client.mcp.type, **entry}
    edit = with_table if path.suffix == ".toml" else with_entry

    def made(text: str) -> str:
        try:
            return edit(text, client.mcp.key, _NAME, entry)
        except EditError as error:
            raise click.ClickException(f"cannot edit {path}: {error}. Nothing was changed") from None

    return planned(path, made)
