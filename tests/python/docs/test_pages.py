"""Every Python block of the README and the docs runs, page by page, so that what they say is true.

The blocks of a page share their names, as they do for its reader. What a page takes for granted, such as an open
queue, is in `preludes/`; everything that the package exports is there anyway. A block that cannot run says so on its
page, by `<!-- not run: the reason -->` just above it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dataqueue
from tests.conftest import with_parameter

from .blocks import DOCS, PAGES, PRELUDES, ROOT, blocks, granted, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_RUN: dict[str, int] = {}
"""How many blocks of a page cannot run: to be kept small, and to be seen."""


@pytest.fixture
def names(postgres_url: str, postgres_store_url: str, redis_store_url: str, schema: str) -> dict[str, Any]:
    """What every block may use: `url` is that of the reader's own tables, `queue_url` that of a queue beside them."""
    known: dict[str, Any] = {name: getattr(dataqueue, name) for name in dataqueue.__all__}
    exec("import psycopg\nfrom datetime import UTC, datetime, timedelta\nfrom pydantic import BaseModel", known)
    own = with_parameter(postgres_url, "options", f"-csearch_path%3D{schema}")
    return known | {"url": own, "queue_url": postgres_store_url, "redis_store_url": redis_store_url}


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every queue that is made from now on, so that none is left open with its processors."""
    made: list[Any] = []
    for twin in (dataqueue.JobQueue, dataqueue.AsyncJobQueue):

        def init(self: Any, *args: Any, _init: Any = twin.__init__, **options: Any) -> None:
            _init(self, *args, **options)
            made.append(self)

        monkeypatch.setattr(twin, "__init__", init)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, whose modules can be imported and are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for variable in ("DATAQUEUE_URL", "PG_DATAQUEUE_DATABASE"):
        monkeypatch.delenv(variable, raising=False)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


RUN = [page for page in PAGES if blocks(page)]


@pytest.mark.parametrize("page", RUN, ids=[name_of(page) for page in RUN])
async def test_the_blocks_of_a_page_run(page: Path, names: dict[str, Any], queues: list[Any], folder: Path) -> None:
    before, after = granted(page)
    try:
        for number, block in enumerate(blocks(page)):
            if number in before:
                await before[number].run(names)
            if block.not_run:
                continue
            if block.file:
                (folder / block.file).write_text(block.code)
            await block.run(names)
        if after:
            await after.run(names)
    finally:
        for queue in queues:
            if isinstance(queue, dataqueue.AsyncJobQueue):
                await queue.close()
            else:
                queue.close()


def test_what_pages_take_for_granted_is_of_blocks_that_there_are() -> None:
    known = {(PRELUDES / name_of(page)).with_suffix(".py") for page in PAGES}
    assert set(PRELUDES.rglob("*.py")) <= known
    for page in PAGES:
        assert all(number < len(blocks(page)) for number in granted(page)[0]), name_of(page)


def test_a_block_that_cannot_run_says_why_just_above_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("""<!-- not run: it needs a printer -->
```python
paper()
```

- In a list:

  ```python
  # jobs.py
  if True:
      x = 1
  ```
""")
    first, second = blocks(page)
    assert (first.not_run, first.line, first.file) == ("it needs a printer", 2, None)
    assert (second.not_run, second.code, second.file) == (None, "# jobs.py\nif True:\n    x = 1\n", "jobs.py")


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    counts = {name_of(page): sum(block.not_run is not None for block in blocks(page)) for page in PAGES}
    assert {name: count for name, count in counts.items() if count} == NOT_RUN
    assert sum(len(blocks(page)) for page in PAGES) > 150


def anchors(page: Path) -> set[str]:
    """Where on a page a link may lead: to headings that the repository's pages and the site call alike."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    described = re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"\s", "-", one) for one in plain} & {re.sub(r"[-\s]+", "-", one) for one in plain} | set(described)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text()):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name} links to {target}"
            if anchor and there.suffix == ".md":
                assert anchor in anchors(there), f"{page.name} links to {target}#{anchor}"


def test_every_test_that_a_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", (DOCS / "reliability.md").read_text())
    assert len(named) > 20
    for file, name in named:
        text = (ROOT / file).read_text()
        assert re.search(rf"^\s*(?:async )?def {name}\(|^(?:pub async )?fn {name}\(", text, re.MULTILINE), (
            f"{file}::{name}"
        )
