"""What the fleet did lately, as charts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ...metrics import Durations, Traffic
from ..charts import Series, columns, lines, rows
from .words import duration

__all__ = ["SPANS", "traffic_view"]

SPANS = {"hour": ("Last hour", 3_600), "day": ("Last day", 86_400)}
"""The spans that can be shown: their names, and their lengths in seconds."""
_MOST_BARS = 10


def traffic_view(traffic: Traffic, root: str) -> dict[str, Any]:
    """The charts of the overview, and the numbers beside them."""
    points = traffic.points
    times = [point.at for point in points]
    done = columns(
        "Throughput",
        times,
        [
            Series("completed", "green", [point.completed for point in points]),
            Series("failed", "red", [point.failed for point in points]),
            Series("cancelled", "gray", [point.cancelled for point in points]),
        ],
    )
    latency = [point.latency for point in points]
    run_time = [point.run_time for point in points]
    bars = [
        (name, failed, "red", f"{root}/jobs?{urlencode({'type': name, 'status': 'failed'})}" if name != "other" else "")
        for name, failed in sorted(traffic.failures.items(), key=lambda one: -one[1])[:_MOST_BARS]
    ]
    return {
        "throughput": done,
        "latency": lines("Latency, from due to started", times, _quantiles(latency), duration),
        "run_time": lines("Run time", times, _quantiles(run_time), duration),
        "failures": rows("Failures by type", bars) if bars else None,
        "completed": sum(point.completed for point in points),
        "failed": sum(point.failed for point in points),
        "lost_leases": sum(point.lost_leases for point in points),
        "store_errors": sum(point.store_errors for point in points),
        "p50": traffic.latency.p50,
        "p99": traffic.latency.p99,
    }


def _quantiles(durations: list[Durations]) -> list[Series]:
    return [
        Series("p50", "blue", [one.p50 for one in durations]),
        Series("p95", "amber", [one.p95 for one in durations]),
        Series("p99", "red", [one.p99 for one in durations]),
    ]
