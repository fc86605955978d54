"""All kinds of changes."""

from __future__ import annotations

from . import bulk_changes, fleet_changes, flow_changes, job_changes, processing, schedule_changes
from .changes import Change

__all__ = ["Change", "all_changes"]


def all_changes() -> list[Change]:
    """Those of all pages."""
    modules = (job_changes, bulk_changes, processing, schedule_changes, flow_changes, fleet_changes)
    return [change for module in modules for change in module.CHANGES]
