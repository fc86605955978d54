"""The examples below the help of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

__all__ = ["example", "examples_of"]

C = TypeVar("C", bound=click.Command)

_HEADING = "Example:"


def example(*lines: str) -> Callable[[C], C]:
    """Shows command lines below a command's help; tests hold that each can be parsed."""

    def attach(command: C) -> C:
        # Lines behind \b are not joined to a paragraph.
        command.epilog = "\n".join(["\b", _HEADING, *(f"  {line}" for line in lines)])
        return command

    return attach


def examples_of(command: click.Command) -> list[str]:
    """The command lines that a command's help shows."""
    _, _, shown = (command.epilog or "").partition(f"{_HEADING}\n")
    return [line.strip() for line in shown.splitlines()]
