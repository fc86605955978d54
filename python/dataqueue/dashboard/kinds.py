"""All kinds of changes."""

from __future__ import annotations

from . import flow_changes, job_changes, processing, schedule_changes
from .changes import Change

__all__ = ["Change", "all_changes"]


def all_changes() -> list[Change]:
    """Those of all pages."""
    return [*job_changes.CHANGES, *processing.CHANGES, *schedule_changes.CHANGES, *flow_changes.CHANGES]
