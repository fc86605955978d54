"""The coding assistants that are known, and where each keeps what."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["CLIENTS", "Client", "McpConfig", "choose", "client_option"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class McpConfig:
    """The file in which a client lists MCP servers: JSON, or TOML by its name, and the key that holds them.

    Below the project's folder, or below the user's own where it begins with `~`.
    """

    path: str
    key: str
    type: str | None = None

    @property
    def is_the_users(self) -> bool:
        """Whether it is the user's own, for all projects."""
        return self.path.startswith("~")

    def file(self, folder: Path) -> Path:
        """Where the file is, for a project in that folder."""
        if self.path.startswith("~/.codex/") and (home := os.environ.get("CODEX_HOME")):
            return Path(home) / self.path.removeprefix("~/.codex/")
        return Path(self.path).expanduser() if self.is_the_users else folder / self.path


@dataclass(frozen=True, slots=True)
class Client:
    """A coding assistant.

    `folder` is there in projects that it is used in. `rules` is a file of Markdown that is shared with others' rules,
    or a pattern with `*` for files of our own.
    """

    name: str
    title: str
    folder: str
    rules: str
    skills: str
    mcp: McpConfig


CLIENTS = {
    client.name: client
    for client in (
        Client(
            "cursor",
            "Cursor",
            ".cursor",
            ".cursor/rules/dataqueue-*.mdc",
            ".cursor/skills",
            McpConfig(".cursor/mcp.json", "mcpServers"),
        ),
        Client("claude", "Claude Code", ".claude", "CLAUDE.md", ".claude/skills", McpConfig(".mcp.json", "mcpServers")),
        Client(
            "agents",
            "AGENTS.md (Codex and others)",
            ".agents",
            "AGENTS.md",
            ".agents/skills",
            McpConfig("~/.codex/config.toml", "mcp_servers"),
        ),
        Client(
            "copilot",
            "GitHub Copilot",
            ".github",
            ".github/copilot-instructions.md",
            ".github/skills",
            McpConfig(".vscode/mcp.json", "servers", "stdio"),
        ),
        Client(
            "windsurf",
            "Windsurf",
            ".windsurf",
            "CONVENTIONS.md",
            ".windsurf/skills",
            McpConfig("~/.codeium/windsurf/mcp_config.json", "mcpServers"),
        ),
    )
}


def client_option(command: F) -> F:
    """Adds --client, which may be given again."""
    return click.option(
        "--client",
        "clients",
        multiple=True,
        type=click.Choice(list(CLIENTS)),
        help="The assistant; may be repeated. Asked for on a terminal if left out.",
    )(command)


def choose(given: Sequence[str], folder: Path, *, detect: bool = False) -> list[Client]:
    """The clients that were named, or that are used in the folder, or that whoever sits at the terminal names.

    Raises:
        click.UsageError: None was named, and there is nobody to ask.
    """
    if given:
        return [CLIENTS[name] for name in dict.fromkeys(given)]
    if detect and (found := [client for client in CLIENTS.values() if (folder / client.folder).is_dir()]):
        return found
    if not sys.stdin.isatty():
        raise click.UsageError(f"name the assistant with --client: {', '.join(CLIENTS)}", click.get_current_context())
    for client in CLIENTS.values():
        click.echo(f"  {client.name:<10} {client.title}", err=True)
    return [CLIENTS[click.prompt("Which assistant?", type=click.Choice(list(CLIENTS)), err=True)]]
