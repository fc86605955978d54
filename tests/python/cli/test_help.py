"""The help of every command: it shows examples, and each of them can be parsed."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from dataqueue.cli.examples import examples_of
from dataqueue.cli.main import group

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


ALL = dict(commands(group))


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> tuple[str, ...]:
    """Parses a command line without running it, and answers the names of its commands."""
    context = command.make_context(command.name, list(words), parent=parent)
    if not isinstance(command, click.Group):
        return ()
    name, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    assert name is not None
    assert inner is not None
    return (name, *parse(inner, rest, context))


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "dataqueue")
def test_every_command_shows_examples_that_can_be_parsed(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    examples = examples_of(ALL[path])
    assert examples, "give it @example(...)"
    for line in examples:
        assert line in CliRunner().invoke(group, [*path, "--help"]).output
        inner = line.removeprefix('eval "$(').removesuffix(')"')
        words = shlex.split(inner.split(" > ")[0].split(" < ")[0])
        assert words[0] == "dataqueue"
        assert parse(group, words[1:])[: len(path)] == path


def test_every_command_says_what_it_does() -> None:
    for path, command in ALL.items():
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.opts)


def test_every_command_is_in_the_docs() -> None:
    told = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
    headings = " ".join(line for line in told.splitlines() if line.startswith("## "))
    for path in ALL:
        assert not path or re.search(rf"\b{path[-1]}\b", headings), path
