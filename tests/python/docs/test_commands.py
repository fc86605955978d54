"""Every command that a page shows is one that there is, with options that it takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from dataqueue.cli.main import group

from .blocks import PAGES, name_of

FENCE = re.compile(r"^ *```(?!python)\w+\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(?!.*\[).*?(?<![\w./-])(?:\S*/bin/)?dataqueue ([a-z][^)\n]*).*$", re.MULTILINE)
INLINE_LIST = re.compile(r"\[dataqueue, ([^\]]+)\]")
LIST = re.compile(r"^ *- dataqueue\n((?: *- \S.*\n)+)", re.MULTILINE)
END = {"&&", "|", ">", ";", "||", "#"}


def commands(text: str) -> list[list[str]]:
    """The words of each command of ours in the blocks of a page that are no Python."""
    found = []
    for block in FENCE.findall(text):
        found += [shlex.split(line, comments=True) for line in LINE.findall(block)]
        found += [[word.strip().strip("\"'") for word in words.split(",")] for words in INLINE_LIST.findall(block)]
        found += [re.findall(r"^ *- (.+)$", words, re.MULTILINE) for words in LIST.findall(block)]
    return found


def check(words: list[str]) -> None:
    """Raises where the command does not exist, or does not take these words."""
    ended = next((place for place, word in enumerate(words) if word.rstrip(";") in END or word == ";"), len(words))
    command: click.Command = group
    words = words[:ended]
    while isinstance(command, click.Group):
        name, *words = words
        command = command.commands[name]
    command.make_parser(click.Context(command)).parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for words in commands(page.read_text()):
        try:
            check(words)
        except (KeyError, click.ClickException) as error:
            pytest.fail(f"{name_of(page)} shows dataqueue {shlex.join(words)}: {error!r}")


def test_commands_are_found_in_each_kind_of_block() -> None:
    shown = {name_of(page): len(commands(page.read_text())) for page in PAGES}
    assert shown["cli.md"] > 5
    assert shown["guides/kubernetes.md"] == 2
    assert shown["guides/systemd.md"] >= 4
    assert shown["processing.md"] == 1


@pytest.mark.parametrize("line", ["worker m:h --no-such-option", "no-such-command", "jobs list --status"])
def test_a_command_that_does_not_exist_is_told(line: str) -> None:
    with pytest.raises((KeyError, click.ClickException)):
        check(shlex.split(line))
