"""The overview as plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from ...inspection import Overview
from ..charts import rows

__all__ = ["overview_view"]

_MOST_BARS = 12


def overview_view(overview: Overview, root: str) -> dict[str, Any]:
    """What the overview shows."""
    lag = None if overview.oldest_due_at is None else max(overview.now - overview.oldest_due_at, timedelta())
    waiting = sorted(overview.types, key=lambda one: one.ready.value + one.scheduled.value, reverse=True)
    bars = [
        (
            one.job_type,
            one.ready.value,
            "gray" if one.is_paused else "blue",
            f"{root}/jobs?{urlencode({'type': one.job_type})}",
        )
        for one in waiting[:_MOST_BARS]
        if one.ready.value
    ]
    return {
        "overview": overview,
        "lag": lag,
        "depth": rows("Jobs that may be claimed now, by type", bars) if bars else None,
        "unhandled": [one for one in overview.types if not one.is_handled],
    }
