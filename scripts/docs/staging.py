"""The pages as the site has them: those of `docs/`, and what else they link to.

In the repository a page links to files outside of `docs/`, such as `../benches/README.md`. The site has these too,
under `repository/`, so that every link works without another host: Markdown as it is, code as a page that shows it.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# Pages of the site whether or not a page of `docs/` links to them.
OTHERS = (
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "examples/README.md",
    "migrations/README.md",
)
FIGURES = (".png", ".svg", ".json")
FENCE = re.compile(r"^ *(`{3,}|~{3,})")
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
NAV_PAGE = re.compile(r'^ *\{ "[^"]+" = "([^"]+\.md)" \},$')
LANGUAGES = {".py": "python", ".rs": "rust", ".sql": "sql", ".toml": "toml", ".tsx": "tsx", ".ts": "ts", ".sh": "bash"}


class Staging:
    """The folder that the site is built from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._left = [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in OTHERS)]
        self._staged: set[Path] = set()

    def fill(self) -> None:
        """Makes the folder anew, with every page and figure."""
        shutil.rmtree(self.folder, ignore_errors=True)
        while self._left:
            file = self._left.pop()
            if file not in self._staged:
                self._staged.add(file)
                self._stage(file)
        for figure in DOCS.rglob("*"):
            if figure.suffix in FIGURES and figure.relative_to(DOCS).parts[0] != "model":
                self._place(figure).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(figure, self._place(figure))

    def _stage(self, file: Path) -> None:
        place = self._place(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            place.write_text(self._with_links(file))
        else:
            name = file.relative_to(ROOT).as_posix()
            language = LANGUAGES.get(file.suffix, "text")
            place.write_text(f"# {name}\n\n~~~~~ {language}\n{file.read_text()}~~~~~\n")

    def _place(self, file: Path) -> Path:
        """Where a file of the repository is in the site's source."""
        if file.is_relative_to(DOCS) and (file.suffix == ".md" or file.suffix in FIGURES):
            return self.folder / file.relative_to(DOCS)
        name = file.relative_to(ROOT)
        return self.folder / "repository" / (name if file.suffix == ".md" else name.with_name(f"{name.name}.md"))

    def _with_links(self, file: Path) -> str:
        lines, fence = [], ""
        for line in file.read_text().splitlines():
            if found := FENCE.match(line):
                fence = "" if fence and found[1].startswith(fence) else fence or found[1]
            lines.append(line if found or fence else LINK.sub(lambda link: self._link(file, link), line))
        return "\n".join(lines) + "\n"

    def _link(self, file: Path, link: re.Match[str]) -> str:
        target = link["target"]
        if ":" in target:
            return link[0]
        there = (file.parent / target).resolve()
        if there.is_dir():
            # A folder without a page of its own is a place in the repository, and nowhere to go to on the site.
            if not (there / "README.md").exists():
                return link["text"].strip("[]")
            there /= "README.md"
        if not there.is_file() or not there.is_relative_to(ROOT):
            # The builder tells of it, with the line.
            return link[0]
        if there.suffix not in FIGURES:
            self._left.append(there)
        way = os.path.relpath(self._place(there), self._place(file).parent)
        return f"{link['text']}({PurePosixPath(way)}{link['anchor'] or ''})"


def configuration(text: str, source: Path) -> tuple[str, list[str], list[str]]:
    """The configuration with the pages that are there, those that it names and are not, and those it does not name."""
    kept, missing, named = [], [], set()
    for line in text.splitlines():
        if (found := NAV_PAGE.match(line)) and not (source / found[1]).exists():
            missing.append(found[1])
            continue
        if found:
            named.add(found[1])
        kept.append(line)
    pages = {page.relative_to(source).as_posix() for page in source.rglob("*.md")}
    unnamed = sorted(page for page in pages - named if not page.startswith("repository/"))
    return "\n".join(kept) + "\n", missing, unnamed
