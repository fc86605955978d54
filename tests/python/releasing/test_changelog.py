"""What a release tells of itself is the changelog's section of its version."""

from __future__ import annotations

import datetime as dt

import pytest

from scripts.releasing.changelog import ChangelogError, notes, sections

CHANGELOG = """# Changelog

What users can notice.

## [0.2.0] - unreleased

### Fixed

- A sentence that is
  wrapped. And
  another one.
- A short one.

To upgrade, run this:

```bash
dataqueue migrate up
dataqueue doctor
```

Then go
on.

## [0.1.0] - 2026-01-31

- The first.
"""


def test_each_version_has_its_section() -> None:
    assert [(one.version, one.date) for one in sections(CHANGELOG)] == [
        ("0.2.0", None),
        ("0.1.0", dt.date(2026, 1, 31)),
    ]


def test_the_notes_are_those_of_one_version_and_break_no_line_within_a_sentence() -> None:
    assert notes(CHANGELOG, "0.1.0") == "- The first.\n"
    assert notes(CHANGELOG, "0.2.0") == (
        "### Fixed\n\n- A sentence that is wrapped. And another one.\n- A short one.\n\nTo upgrade, run this:\n\n"
        "```bash\ndataqueue migrate up\ndataqueue doctor\n```\n\nThen go on.\n"
    )


def test_a_version_without_a_section_has_no_notes() -> None:
    with pytest.raises(ChangelogError, match=r"no section of 0\.3\.0"):
        notes(CHANGELOG, "0.3.0")


@pytest.mark.parametrize("heading", ["## [Unreleased]", "## 0.1.0", "## [0.1.0] - soon", "## [0.1.0] - 2026-02-31"])
def test_a_heading_that_names_no_version_and_day_is_an_error(heading: str) -> None:
    with pytest.raises(ChangelogError):
        sections(f"# Changelog\n\n{heading}\n\n- A sentence.\n")


def test_a_link_into_the_repository_is_an_error() -> None:
    with pytest.raises(ChangelogError, match="leads nowhere"):
        sections("## [0.1.0] - unreleased\n\n- See [it](docs/it.md).\n")
