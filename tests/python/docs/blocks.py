"""The Python blocks of Markdown files, and how they are run: each for itself, or after the one that it continues.

A block begins with ```` ```python ````. With the word `continued` behind it, it has the names of the block before.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dataqueue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Block", "Runner", "blocks", "chains"]

_BLOCK = re.compile(r"^( *)```python([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+)\.py\n")


@dataclass(frozen=True)
class Block:
    """A piece of code on a page: the line before its first, what stands behind `python`, and the code."""

    page: Path
    line: int
    info: str
    code: str

    @property
    def is_continued(self) -> bool:
        """Whether it goes on where the block before it ended."""
        return "continued" in self.info.split()


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        indent, info, code = found.groups()
        lines = [line.removeprefix(indent) for line in code.splitlines()]
        yield Block(page, text[: found.start(3)].count("\n"), info.strip(), "\n".join(lines) + "\n")


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

    def __init__(self, folder: Path, names: dict[str, Any] | None = None) -> None:
        self._folder = folder
        # Dataclasses look their module up by name.
        self.names: dict[str, Any] = {"__name__": "__main__", **(names or {})}
        self._written: set[str] = set()

    async def run(self, block: Block) -> None:
        """Runs a block, which may await; in a traceback its lines have their numbers on the page."""
        if file := _FILE.match(block.code):
            (self._folder / f"{file[1]}.py").write_text(block.code, encoding="utf-8")
            self._written.add(file[1])
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile("\n" * block.line + block.code, str(block.page), "exec", flags=flags, dont_inherit=True)
        awaited = eval(code, self.names)
        if inspect.isawaitable(awaited):
            await awaited

    async def close(self) -> None:
        """Closes queues, and forgets the modules that were written."""
        for module in self._written:
            sys.modules.pop(module, None)
        for thing in self.names.values():
            if isinstance(thing, dataqueue.JobQueue):
                thing.close()
            elif isinstance(thing, dataqueue.AsyncJobQueue):
                await thing.close()
