"""The pages of the documentation: of the folder `docs/` in a source checkout, else of the file that a wheel has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SHIPPED", "Page", "Section", "load_pages", "packed", "pages_in", "read_pages", "unpacked"]

_PACKAGE = Path(__file__).parents[2]
SHIPPED = _PACKAGE / "_docs" / "llms-full.txt"
"""All pages in one file, as `scripts/llms.py` writes it."""

_OVERVIEW = "overview"
_BEGIN = re.compile(r"^<!-- page: (?P<slug>[\w/-]+) \((?P<path>[\w./-]+)\) -->\n", re.MULTILINE)
_ROW = re.compile(r"^\| \[(?P<title>[^]]+)\]\(docs/(?P<slug>[\w/-]+)\.md\) \| (?P<about>.+?) \|$", re.MULTILINE)
_LINE = re.compile(r"^(?:(?P<fence>```|~~~)|#{1,6} (?P<heading>.+))")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, with the heading above it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `slug` names it, `path` is where it lies in the source, `about` is what is in it, in a line."""

    slug: str
    path: str
    title: str
    about: str
    text: str

    def sections(self) -> Iterator[Section]:
        """Its parts, from heading to heading."""
        heading, lines, fenced = self.title, list[str](), False
        for line in self.text.splitlines():
            found = _LINE.match(line)
            if found and found["fence"]:
                fenced = not fenced
            if found and found["heading"] and not fenced:
                if lines:
                    yield Section(heading, "\n".join(lines).strip())
                heading, lines = found["heading"].strip(), []
            else:
                lines.append(line)
        yield Section(heading, "\n".join(lines).strip())


def load_pages() -> list[Page]:
    """All pages, in the order in which the overview names them."""
    root = _PACKAGE.parents[1]
    # The folder docs/ of another project may lie beside an installed package.
    if (root / "python" / "dataqueue") == _PACKAGE and (root / "docs").is_dir():
        return read_pages(root)
    return unpacked(SHIPPED.read_text(encoding="utf-8"))


def read_pages(root: Path) -> list[Page]:
    """The pages of a source checkout."""
    texts = {_OVERVIEW: ("README.md", (root / "README.md").read_text(encoding="utf-8"))}
    docs = root / "docs"
    for path in sorted(docs.rglob("*.md")):
        slug = path.relative_to(docs).with_suffix("").as_posix()
        texts[slug] = (f"docs/{slug}.md", path.read_text(encoding="utf-8"))
    return pages_in(texts)


def pages_in(texts: dict[str, tuple[str, str]]) -> list[Page]:
    """Pages by their slugs, paths and texts: those that the overview lists come first, with what it says of them."""
    told = {row["slug"]: row["about"] for row in _ROW.finditer(texts[_OVERVIEW][1])}
    order = [_OVERVIEW, *(slug for slug in told if slug in texts)]
    slugs = [*order, *(slug for slug in texts if slug not in order)]
    return [_page(slug, *texts[slug], told.get(slug)) for slug in slugs]


def _page(slug: str, path: str, text: str, about: str | None) -> Page:
    title, _, rest = text.partition("\n")
    first = next((part for part in rest.split("\n\n") if part.strip() and part.strip()[0] not in "#`|!<"), "")
    sentence = re.split(r"(?<=[.:])\s", " ".join(first.split()), maxsplit=1)[0]
    return Page(slug, path, title.removeprefix("# ").strip(), about or sentence, text)


def packed(pages: list[Page]) -> str:
    """All pages in one text."""
    return "\n".join(f"<!-- page: {page.slug} ({page.path}) -->\n{page.text.rstrip()}\n" for page in pages)


def unpacked(text: str) -> list[Page]:
    """The pages of such a text."""
    found = list(_BEGIN.finditer(text))
    ends = [one.start() - 1 for one in found[1:]] + [len(text)]
    return pages_in({one["slug"]: (one["path"], text[one.end() : end]) for one, end in zip(found, ends, strict=True)})
