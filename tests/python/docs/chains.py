"""Blocks of pages that are run each for itself, or after the one that they continue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import dataqueue

from .blocks import Block, blocks

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Runner", "chains"]


def chains(page: Path) -> list[list[Block]]:
    """The blocks of a page, each with those that continue it."""
    found: list[list[Block]] = []
    for block in blocks(page):
        if block.is_continued:
            assert found, f"{page}, line {block.line}: nothing is before it that it could continue"
            found[-1].append(block)
        else:
            found.append([block])
    return found


class Runner:
    """Runs blocks that share their names, and closes the queues that they opened.

    A block whose first line is a comment with the name of a file is written to that file, in `folder`, so that others
    can import it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Dataclasses look their module up by name.
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self._written: set[str] = set()

    async def run(self, block: Block) -> None:
        """Runs a block, which may await; in a traceback its lines have their numbers on the page."""
        if block.file:
            (self._folder / block.file).write_text(block.code, encoding="utf-8")
            self._written.add(block.file.removesuffix(".py"))
        await block.run(self.names)

    async def close(self) -> None:
        """Closes queues, and forgets the modules that were written."""
        for module in self._written:
            sys.modules.pop(module, None)
        for thing in self.names.values():
            if isinstance(thing, dataqueue.JobQueue):
                thing.close()
            elif isinstance(thing, dataqueue.AsyncJobQueue):
                await thing.close()
