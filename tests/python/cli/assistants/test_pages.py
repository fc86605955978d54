"""The pages that assistants read: they are those of docs/, wherever they come from, and can be searched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dataqueue.cli.mcp.pages import SHIPPED, load_pages, packed, read_pages, unpacked
from dataqueue.cli.mcp.searching import Index

ROOT = Path(__file__).parents[4]


def test_what_is_shipped_is_what_the_pages_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "llms.py", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wheel_and_a_checkout_have_the_same_pages() -> None:
    pages = load_pages()
    assert pages == read_pages(ROOT)
    assert pages == unpacked(SHIPPED.read_text(encoding="utf-8"))
    assert unpacked(packed(pages)) == pages
    assert pages[0].slug == "overview"
    assert {page.path for page in pages[1:]} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")
    }
    for page in pages:
        assert page.title, page.slug
        assert page.about, page.slug
    slugs = [page.slug for page in pages]
    assert len(set(slugs)) == len(slugs)


def test_the_list_names_every_page() -> None:
    listed = (SHIPPED.parent / "llms.txt").read_text(encoding="utf-8")
    assert listed.startswith("# dataqueue\n\n> ")
    for page in load_pages():
        assert f"- [{page.title}]({page.path}): {page.about}\n" in listed


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("drain timeout SIGTERM", "cli"),
        ("PgBouncer transaction mode", "postgres"),
        ("cron time zones", "schedules"),
        ("web component progress", "react"),
        ("tokens approval", "waiting"),
        ("mount_wsgi", "dashboard"),
    ],
)
def test_a_search_finds_the_page(query: str, slug: str) -> None:
    found = Index(load_pages()).search(query, 5)
    assert slug in [hit["slug"] for hit in found]
    assert all(hit["excerpt"] and hit["section"] for hit in found)


def test_a_search_is_of_words_and_nothing_else() -> None:
    index = Index(load_pages())
    assert index.search('lease" OR NEAR(* -x {', 3)
    assert len(index.search("the", 2)) == 2
    assert index.search("zyxwvut", 3) == []
    # Where no section has all words, those that have some are found.
    assert index.search("zyxwvut lease", 3)
    with pytest.raises(ValueError, match="no word"):
        index.search("-- ''", 3)


def test_code_is_no_heading() -> None:
    sections = [one.heading for page in load_pages() for one in page.sections()]
    assert "jobs.py" not in sections
    assert "dataqueue worker MODULE:HANDLERS" in sections
