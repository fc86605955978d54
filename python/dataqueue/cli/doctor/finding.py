"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ...errors import DataQueueError, MigrationRequired

__all__ = ["Check", "Finding", "Level", "notice", "ok", "problem", "run_checks", "warning"]


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTICE = "notice"
    """Worth knowing; nothing need be done."""
    WARNING = "warning"
    """It will hurt, or hurts already where the queue is busy."""
    PROBLEM = "problem"
    """The queue does not work as it should, or can lose jobs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        check: What was looked at.
        level: How bad it is.
        found: What was found.
        remedy: What to do; None where nothing need be done.
    """

    check: str
    level: Level
    found: str
    remedy: str | None = None


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, found)


def notice(check: str, found: str, remedy: str | None = None) -> Finding:
    """Worth knowing."""
    return Finding(check, Level.NOTICE, found, remedy)


def warning(check: str, found: str, remedy: str) -> Finding:
    """It will hurt."""
    return Finding(check, Level.WARNING, found, remedy)


def problem(check: str, found: str, remedy: str) -> Finding:
    """It does not work as it should."""
    return Finding(check, Level.PROBLEM, found, remedy)


Check = tuple[str, Callable[[], Iterable[Finding]]]
"""What is looked at, and the function that looks."""


def run_checks(checks: Iterable[Check]) -> Iterable[Finding]:
    """The findings of all checks; one that the store refuses keeps none of the others from being made."""
    for name, check in checks:
        try:
            yield from check()
        except MigrationRequired:
            # What the schema lacks is a finding of its own.
            continue
        except (DataQueueError, ValueError) as error:
            yield warning(
                name, f"could not be looked at: {error}", "see the message; a role may lack the right to look"
            )
