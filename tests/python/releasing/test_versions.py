"""The version stands in one place, and what has to agree with it does."""

from __future__ import annotations

from pathlib import Path

import pytest

import dataqueue
from scripts.releasing import versions
from scripts.releasing.__main__ import ROOT, main
from scripts.releasing.changelog import notes


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that can be released as v1.2.3."""
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "dataqueue"\nversion = "1.2.3"\n')
    (tmp_path / "Cargo.lock").write_text(
        '[[package]]\nname = "bytes"\nversion = "9.0.0"\n[[package]]\nname = "dataqueue"\nversion = "1.2.3"\n'
    )
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "dataqueue"\ndynamic = ["version"]\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.3] - 2026-01-31\n\n## [1.2.2] - 2026-01-01\n")
    return tmp_path


def changed(tree: Path, file: str, old: str, new: str) -> Path:
    """The tree with other words in a file."""
    path = tree / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return tree


def test_this_tree_agrees_with_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr().err
    assert versions.version(ROOT) == dataqueue.__version__
    assert notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), dataqueue.__version__)


def test_a_sound_tree_can_be_released(tree: Path) -> None:
    assert versions.faults(tree, "v1.2.3") == []


def test_another_tag_is_told_of(tree: Path) -> None:
    assert "has to be v1.2.3" in versions.faults(tree, "v1.2.4")[0]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("Cargo.lock", '"1.2.3"', '"1.2.2"'),
        ("pyproject.toml", "[project]", '[project]\nversion = "1.2.3"'),
        ("pyproject.toml", 'dynamic = ["version"]', ""),
        ("CHANGELOG.md", "[1.2.3]", "[1.3.0]"),
        ("CHANGELOG.md", "[1.2.3] -", "[1.2.3]"),
        ("CHANGELOG.md", "##", "###"),
    ],
)
def test_what_disagrees_is_told_of(tree: Path, file: str, old: str, new: str) -> None:
    [fault] = versions.faults(changed(tree, file, old, new))
    assert fault.startswith(file)


def test_an_unreleased_version_is_not_released(tree: Path) -> None:
    changed(tree, "CHANGELOG.md", "2026-01-31", "unreleased")
    assert versions.faults(tree) == []
    assert "put in the day" in versions.faults(tree, "v1.2.3")[0]
