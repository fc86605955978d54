"""Prints whatever the package, its extras and its documentation want from Python's package index, for an audit."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def requirements(root: Path) -> list[str]:
    """What pyproject.toml and the documentation's requirements say, in order, each once."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        # An extra that is made of others says nothing that they do not.
        found += [one for one in extra if not one.startswith("dataqueue[")]
    docs = (root / "scripts" / "docs" / "requirements.txt").read_text(encoding="utf-8")
    found += [line for line in docs.splitlines() if line and not line.startswith("#")]
    return sorted(set(found))


if __name__ == "__main__":
    print("\n".join(requirements(ROOT)))
