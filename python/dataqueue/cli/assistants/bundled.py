"""The skills and rules that the package brings."""

from __future__ import annotations

from pathlib import Path

__all__ = ["RULES", "SKILLS", "rules", "skills"]

_FOLDER = Path(__file__).parent / "texts"
RULES = ("core", "advanced", "react")
SKILLS = ("dataqueue-core", "dataqueue-advanced", "dataqueue-react")


def rules() -> dict[str, str]:
    """Each set of rules, by its name."""
    return {name: (_FOLDER / "rules" / f"{name}.md").read_text(encoding="utf-8") for name in RULES}


def skills() -> dict[str, str]:
    """The SKILL.md of each skill, by the name of its folder."""
    return {name: (_FOLDER / "skills" / name / "SKILL.md").read_text(encoding="utf-8") for name in SKILLS}
