"""What is wrong with the site that was built: dead links, and anything that a browser would fetch from another host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

# What a browser fetches by itself when it opens the page.
FETCHED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("video", "src"),
}
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
OTHER_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
CSS_FETCH = re.compile(r"""(?:url\(|@import\s+)\s*["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
# The theme loads these from another host once a page has what they draw.
LOADS_SCRIPTS = {"mermaid", "pyodide", "glightbox"}


class Page(HTMLParser):
    """The links, the anchors and the resources of one page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.resources: set[str] = set()
        self.classes: set[str] = set()
        self._in_style = False
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes note of one element."""
        self._in_style = tag == "style"
        for name, value in attrs:
            if not value:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name == "class":
                self.classes.update(value.split())
            elif name == "style":
                self.resources.update(CSS_FETCH.findall(value))
            if (tag, name) in FETCHED:
                self.resources.update(part.split()[0] for part in value.split(",") if part.strip())
            elif tag == "a" and name == "href":
                self.links.add(value)

    def handle_data(self, data: str) -> None:
        """Looks through the styles of the page."""
        if self._in_style:
            self.resources.update(CSS_FETCH.findall(data))


def faults(site: Path) -> list[str]:
    """What is wrong, a line each."""
    # The server sends this one for any address, so what it links to is told from the root.
    pages = {file: Page(file) for file in sorted(site.rglob("*.html")) if file.name != "404.html"}
    found = []
    for file, page in pages.items():
        name = file.relative_to(site).as_posix()
        found += [f"{name} fetches {one}" for one in sorted(page.resources) if ELSEWHERE.match(one)]
        found += [f"{name} has {one}, which the theme fetches" for one in sorted(page.classes & LOADS_SCRIPTS)]
        for link in sorted(page.links | page.resources):
            if OTHER_SCHEME.match(link) or ELSEWHERE.match(link):
                continue
            path, anchor = urldefrag(link)
            there = (file.parent / unquote(path)).resolve() if path else file
            if there.is_dir():
                there /= "index.html"
            if not there.exists():
                found.append(f"{name} links to {link}, which is not there")
            elif anchor and there in pages and unquote(anchor) not in pages[there].anchors:
                found.append(f"{name} links to {link}, whose anchor is not there")
    for sheet in sorted(site.rglob("*.css")):
        found += [
            f"{sheet.relative_to(site)} fetches {one}" for one in sorted(set(CSS_FETCH.findall(sheet.read_text())))
        ]
    for figure in sorted(site.rglob("*.svg")):
        if re.search(r"""(?:href|src)\s*=\s*["']\s*(?:https?:)?//""", figure.read_text()):
            found.append(f"{figure.relative_to(site)} fetches from elsewhere")
    return found


def anchors(site: Path) -> set[str]:
    """Every anchor of the reference: the full names of what it describes."""
    return {anchor for file in (site / "reference").glob("*.html") for anchor in Page(file).anchors}
