"""The changelog, taken apart: each version's section, as a release tells it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_HEADING = re.compile(r"## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<date>\d{4}-\d\d-\d\d|unreleased)")
# A line that begins something of its own, so that it does not go on with the line before.
_BEGINS = re.compile(r"#|\||```|\s*(?:[-*]|\d+\.) ")
_RELATIVE_LINK = re.compile(r"\]\((?!https?://)[^)]+\)")


class ChangelogError(Exception):
    """The changelog is not written as a release needs it."""


@dataclass(frozen=True)
class Section:
    """What one version brought."""

    version: str
    date: dt.date | None
    """The day of its release; None as long as it is not released."""
    text: str


def sections(changelog: str) -> list[Section]:
    """Every version's section, the newest first.

    Raises:
        ChangelogError: a heading of the second level names no version and day.
    """
    _, *parts = re.split(r"^(?=## )", changelog, flags=re.MULTILINE)
    return [_section(part) for part in parts]


def _section(part: str) -> Section:
    heading, _, text = part.partition("\n")
    match = _HEADING.fullmatch(heading)
    if match is None:
        raise ChangelogError(f"{heading!r} is not like '## [1.2.3] - 2026-01-31' or '## [1.2.3] - unreleased'")
    if link := _RELATIVE_LINK.search(text):
        raise ChangelogError(f"{link.group()!r} leads nowhere on the page of a release: name the page instead")
    date = None
    if match["date"] != "unreleased":
        try:
            date = dt.date.fromisoformat(match["date"])
        except ValueError as error:
            raise ChangelogError(f"{heading!r} names no day of the calendar") from error
    return Section(match["version"], date, text.strip())


def notes(changelog: str, version: str) -> str:
    """What the release of a version says of it.

    Raises:
        ChangelogError: the changelog has no section of it.
    """
    for section in sections(changelog):
        if section.version == version:
            return _unwrapped(section.text)
    raise ChangelogError(f"the changelog has no section of {version}")


def _unwrapped(text: str) -> str:
    """Each paragraph and item on one line: the page of a release breaks lines where the file does."""
    lines: list[str] = []
    in_code = False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        goes_on = lines and lines[-1] and line.strip() and not lines[-1].startswith("#") and not _BEGINS.match(line)
        if goes_on and not fence and not in_code and not lines[-1].lstrip().startswith("```"):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
        in_code ^= fence
    return "\n".join([*lines, ""])
