"""Writes the documentation as language models read it: `python scripts/llms.py`, or with `--check` compares.

`llms.txt` lists the pages, `llms-full.txt` has them whole. Both lie in the package, so that a wheel has them too.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "python" / "dataqueue" / "cli" / "mcp" / "pages.py"
ABOUT = "A job queue for Python with a Rust engine, on PostgreSQL, Redis and SQLite."


def module() -> Any:
    """The module that knows pages, without the package around it, whose engine may not be built yet."""
    spec = importlib.util.spec_from_file_location("pages", PAGES)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{PAGES} cannot be imported")
    # Dataclasses look their module up by name.
    found = sys.modules["pages"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def listing(pages: list[Any]) -> str:
    """The list of pages, after the convention of llms.txt."""
    lines = [f"- [{page.title}]({page.path}): {page.about}" for page in pages]
    return "\n".join(["# dataqueue", "", f"> {ABOUT}", "", "## Documentation", "", *lines, ""])


def files() -> dict[Path, str]:
    """The text of each file."""
    known = module()
    pages = known.read_pages(ROOT)
    return {known.SHIPPED.parent / "llms.txt": listing(pages), known.SHIPPED: known.packed(pages)}


def main() -> None:
    """Writes or compares them."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the pages say: run python scripts/llms.py")
        sys.exit(1 if stale else 0)
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
