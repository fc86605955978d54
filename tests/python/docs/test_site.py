"""What stands between the pages and the site: the staging, and the search for what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import dataqueue
from scripts.docs.__main__ import public_names
from scripts.docs.checking import faults
from scripts.docs.staging import DOCS, Staging, configuration


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The staged pages."""
    Staging(tmp_path / "source").fill()
    return tmp_path / "source"


def site(folder: Path, **pages: str) -> Path:
    """A site of these pages."""
    for name, body in pages.items():
        (folder / f"{name}.html").write_text(f"<html><body>{body}</body></html>")
    return folder


def test_what_pages_link_to_outside_of_the_docs_comes_along(source: Path) -> None:
    assert "(repository/benches/README.md)" in (source / "benchmarks.md").read_text()
    assert "(../../benchmarks.md)" in (source / "repository/benches/README.md").read_text()
    assert "(repository/ARCHITECTURE.md#what-always-holds)" in (source / "reliability.md").read_text()
    assert (
        (source / "repository/examples/react/app.py.md")
        .read_text()
        .startswith("# examples/react/app.py\n\n~~~~~ python")
    )
    assert (source / "images/job.png").exists()


def test_code_on_a_page_is_left_as_it_is(source: Path) -> None:
    text = (DOCS / "limits.md").read_text()
    assert (source / "limits.md").read_text() == text


def test_each_page_is_in_the_navigation(source: Path) -> None:
    text, missing, unnamed = configuration((DOCS / "zensical.toml").read_text(), source)
    assert unnamed == []
    assert all(page not in text for page in missing)
    (source / "stray.md").touch()
    (source / "sqlite.md").unlink()
    text, missing, unnamed = configuration((DOCS / "zensical.toml").read_text(), source)
    assert unnamed == ["stray.md"]
    assert "sqlite.md" in missing
    assert "sqlite.md" not in text


def test_every_public_name_is_in_the_reference() -> None:
    pages = "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    described = {line.removeprefix("::: ") for line in pages.splitlines() if line.startswith("::: ")}
    assert described == public_names()
    assert {f"dataqueue.{name}" for name in dataqueue.__all__} <= described


def test_a_sound_site_has_no_faults(tmp_path: Path) -> None:
    site(
        tmp_path,
        one='<a href="two.html#here">x</a> <a href="https://example.org">y</a>',
        two='<p id="here"><img src="a.png">',
    )
    (tmp_path / "a.png").touch()
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="three.html">x</a>', "one.html links to three.html, which is not there"),
        ('<a href="#there">x</a>', "one.html links to #there, whose anchor is not there"),
        ('<script src="//cdn.example/x.js"></script>', "one.html fetches //cdn.example/x.js"),
        ('<img srcset="https://cdn.example/x.png 2x">', "one.html fetches https://cdn.example/x.png"),
        ("<style>@import 'https://cdn.example/x.css'</style>", "one.html fetches https://cdn.example/x.css"),
        ('<p style="background: url(https://cdn.example/x.png)">', "one.html fetches https://cdn.example/x.png"),
        ('<pre class="mermaid"></pre>', "one.html has mermaid, which the theme fetches"),
    ],
)
def test_each_fault_is_told(tmp_path: Path, body: str, fault: str) -> None:
    assert fault in faults(site(tmp_path, one=body))


def test_styles_and_figures_are_looked_through_too(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url(https://fonts.example/x.woff2) }")
    (tmp_path / "a.svg").write_text('<svg><image href="https://cdn.example/x.png"/></svg>')
    assert faults(tmp_path) == ["a.css fetches https://fonts.example/x.woff2", "a.svg fetches from elsewhere"]
