"""Tells of a storm as a table."""

from __future__ import annotations

import platform
import statistics
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.storm.run import Report

__all__ = ["told"]

_FEW = 20


def told(report: Report) -> str:
    """The table, the faults by kind, and whatever must not be."""
    verdict = report.verdict
    recoveries = verdict.recoveries
    rows = {
        "store": report.store,
        "minutes": f"{report.seconds / 60:g}",
        "seed": str(report.seed),
        "jobs accepted": f"{verdict.accepted:,}",
        "jobs with children": f"{verdict.jobs:,}",
        "runs": f"{verdict.runs:,}",
        "faults": f"{report.faults.total():,}",
        "lost": str(len(verdict.lost)),
        "doubled": str(len(verdict.doubled)),
        "overlapping": str(len(verdict.overlapping)),
        "stale results recorded": str(len(verdict.stale)),
        "illegal paths, attempts over the maximum": str(len(verdict.illegal)),
        "more at a time than may": str(len(verdict.crowded)),
        "waits of one job for another": f"{verdict.tied:,}",
        "ran before what they wait for": str(len(verdict.early)),
        "results refused, the lease was lost": f"{verdict.refused:,}",
        "runs that a stalled worker went on with": f"{verdict.stalled:,}",
        "cancelled, most of them while they ran": f"{verdict.cancelled:,}",
        "ended as lost, after three deaths": f"{verdict.gave_up:,}",
        "worst recovery": f"{max(recoveries):.1f} s" if recoveries else "none",
        "median recovery": f"{statistics.median(recoveries):.1f} s of {len(recoveries):,}" if recoveries else "none",
        "lease": f"{report.size.lease:g} s",
        "versions": f"dataqueue {version('dataqueue')}, Python {platform.python_version()}",
    }
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]
    lines += [
        "| fault | times |",
        "|---|---|",
        *(f"| {name} | {times} |" for name, times in report.faults.most_common()),
    ]
    for name, found in verdict.findings().items():
        lines += ["", f"{name.upper()}:", *found[:_FEW]] if found else []
    return "\n".join(lines)
