"""The Python blocks of a page, and what a page takes for granted."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PRELUDES = Path(__file__).parent / "preludes"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

FENCE = re.compile(r"^(?P<indent> *)```python(?P<info>[^\n]*)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*\Z")
SECTION = re.compile(r"^# %% (?:before block (?P<number>\d+)|after the page)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A piece of code, and where it is."""

    origin: str
    line: int
    code: str
    not_run: str | None = None
    """Why it cannot be run, as the page says just above it."""
    is_continued: bool = False
    """Whether it goes on where the block before it ended, on a page whose blocks share no names."""

    @property
    def file(self) -> str | None:
        """The file that it is, where its first line names one."""
        found = re.match(r"# (\w+\.py)\n", self.code)
        return found[1] if found else None

    async def run(self, names: dict[str, Any]) -> None:
        """Runs it among these names. It may await, and its lines keep their numbers."""
        code = compile(
            "\n" * self.line + self.code, self.origin, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        awaited = eval(code, names)
        if inspect.isawaitable(awaited):
            await awaited


def name_of(page: Path) -> str:
    """What a page is called: by its path below `docs/`, and README.md."""
    return page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The Python blocks of a page, in order."""
    text = page.read_text()
    found = []
    for fence in FENCE.finditer(text):
        lines = [line.removeprefix(fence["indent"]) for line in fence["code"].splitlines()]
        marker = NOT_RUN.search(text[: fence.start()])
        line = text[: fence.start("code")].count("\n")
        not_run, is_continued = marker["reason"] if marker else None, "continued" in fence["info"].split()
        found.append(Block(str(page), line, "\n".join(lines) + "\n", not_run, is_continued))
    return found


def granted(page: Path) -> tuple[dict[int, Block], Block | None]:
    """What a page takes for granted before a block, by its number, and what must be true after the page."""
    file = (PRELUDES / name_of(page)).with_suffix(".py")
    if not file.exists():
        return {}, None
    text = file.read_text()
    before: dict[int, Block] = {}
    after = None
    sections = [*SECTION.finditer(text), None]
    for this, following in pairwise(sections):
        assert this is not None
        code = text[this.end() : following.start() if following else len(text)].strip("\n") + "\n"
        block = Block(str(file), text[: this.end()].count("\n") + 1, code)
        if this["number"] is None:
            after = block
        else:
            before[int(this["number"])] = block
    return before, after
