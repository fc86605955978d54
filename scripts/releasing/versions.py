"""The version, which is written in Cargo.toml, and whatever has to agree with it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from .changelog import ChangelogError, sections

if TYPE_CHECKING:
    from pathlib import Path


def version(root: Path) -> str:
    """The version of the tree."""
    return str(tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["package"]["version"])


def faults(root: Path, tag: str | None = None) -> list[str]:
    """What does not agree with Cargo.toml; with a tag, also what keeps the tree from being released under it."""
    expected = version(root)
    found = [*_locked(root, expected), *_python(root), *_changelog(root, expected, releasing=tag is not None)]
    if tag is not None and tag != f"v{expected}":
        found.append(f"the tag is {tag}, and Cargo.toml says {expected}: it has to be v{expected}")
    return found


def _locked(root: Path, expected: str) -> list[str]:
    packages = tomllib.loads((root / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    locked = next((one["version"] for one in packages if one["name"] == "dataqueue"), None)
    if locked == expected:
        return []
    return [f"Cargo.lock says {locked}, and Cargo.toml {expected}: run cargo update --workspace"]


def _python(root: Path) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if "version" in project or "version" not in project.get("dynamic", []):
        return ["pyproject.toml has a version of its own: it has to be in `dynamic`, which takes that of Cargo.toml"]
    return []


def _changelog(root: Path, expected: str, *, releasing: bool) -> list[str]:
    try:
        newest = sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))[0]
    except ChangelogError as error:
        return [f"CHANGELOG.md: {error}"]
    except IndexError:
        return ["CHANGELOG.md has no section of any version"]
    if newest.version != expected:
        return [f"CHANGELOG.md begins with {newest.version}, and Cargo.toml says {expected}"]
    if releasing and newest.date is None:
        return [f"CHANGELOG.md says that {expected} is unreleased: put in the day of the release"]
    return []
