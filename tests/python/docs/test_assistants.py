"""What skills and rules tell assistants is true: each Python block runs, on SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dataqueue
from dataqueue.config import URL_VARIABLES
from tests.python.docs.blocks import Block, blocks
from tests.python.docs.chains import Runner, chains

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = Path(dataqueue.__file__).parent / "cli" / "assistants" / "texts"
PAGES = sorted(TEXTS.rglob("*.md"))


def every_chain() -> Iterator[tuple[str, list[Block]]]:
    for page in PAGES:
        for chain in chains(page):
            yield f"{page.parent.name}/{page.name}:{chain[0].line}", chain


CHAINS = dict(every_chain())


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in URL_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
async def test_a_block_runs(chain: list[Block], tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    try:
        for block in chain:
            await runner.run(block)
    finally:
        await runner.close()


def test_every_text_has_code() -> None:
    assert len(PAGES) == 6
    for page in PAGES:
        assert list(blocks(page)), page


async def test_a_block_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n```python\nx = 1\n```\n\n```python continued\nassert x == 2\n```\n\n```python\nx\n```\n")
    first, second = chains(page)
    assert [block.line for block in first] == [3, 7]
    runner = Runner(tmp_path)
    await runner.run(first[0])
    with pytest.raises(AssertionError) as failed:
        await runner.run(first[1])
    assert failed.traceback[-1].lineno == 7
    with pytest.raises(NameError):
        await Runner(tmp_path).run(second[0])
