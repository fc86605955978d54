"""An audit sees all that an installation of the package may bring."""

from __future__ import annotations

from scripts.requirements import ROOT, requirements


def test_extras_and_the_documentation_are_among_what_is_audited() -> None:
    found = requirements(ROOT)
    names = {line.split(">")[0].split("=")[0] for line in found}
    assert {"pydantic", "click", "jinja2", "django", "mcp", "zensical"} <= names
    assert not any(name.startswith("dataqueue") for name in names)
    assert len(names) == len(found), "one of them is wanted twice, in two ways"
