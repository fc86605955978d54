"""What the figures must show, and whether they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .registry import OURS, STORES
from .results import Results
from .turns import Spread, ratios, spread

__all__ = ["GOALS", "UNMEASURED", "Goal", "is_rival"]


@dataclass(frozen=True)
class Goal:
    """A bound for a figure of ours, or for its ratio to somebody else's.

    Attributes:
        title: What is measured.
        store: Where.
        measure: The measure that has the figure.
        figure: The figure's name.
        bound: What it must reach.
        sense: Whether that is the least or the most.
        unit: The figure's unit; empty for a ratio.
        beside: Whose figure ours is divided by.
    """

    title: str
    store: str
    measure: str
    figure: str
    bound: float
    sense: Literal["least", "most"] = "least"
    unit: str = ""
    beside: str | None = None

    def value(self, results: Results) -> Spread | None:
        """What was measured; None where something for it is missing."""
        ours = results.figure(self.measure, self.store, OURS, self.figure)
        if self.beside is not None:
            return ratios(ours, results.figure(self.measure, self.store, self.beside, self.figure))
        return spread(list(ours.values())) if ours else None

    def is_reached(self, value: Spread) -> bool:
        """Whether the median is within the bound."""
        return self._holds(value.median)

    def is_always_reached(self, value: Spread) -> bool:
        """Whether every round is."""
        return self._holds(value.lowest) and self._holds(value.highest)

    def _holds(self, figure: float) -> bool:
        return figure >= self.bound if self.sense == "least" else figure <= self.bound


def _beside(title: str, measure: str, figure: str, wanted: dict[str, dict[str, float]], part: float = 1) -> list[Goal]:
    return [
        Goal(title, store, measure, figure, bound * part, beside=name)
        for store, bounds in wanted.items()
        for name, bound in bounds.items()
    ]


def _each(
    title: str, measure: str, figure: str, bounds: dict[str, float], sense: Literal["least", "most"], unit: str = ""
) -> list[Goal]:
    return [Goal(title, store, measure, figure, bound, sense, unit) for store, bound in bounds.items()]


def _all(bound: float) -> dict[str, float]:
    return dict.fromkeys(STORES, bound)


_DRAIN = {
    "postgres": {"graphile-worker": 1.0, "pgqueuer": 3.0, "awa": 4.0},
    "redis": {"bullmq": 2.0, "ardiq": 2.0},
    "sqlite": {"huey": 10.0, "flexiq": 10.0},
}
_SNAPSHOTS = {"postgres": 0.9, "sqlite": 0.9}

GOALS: tuple[Goal, ...] = (
    *_beside("drain, async no-op", "drain_async", "rate", _DRAIN),
    *_beside("drain, sync no-op on threads", "drain_sync", "rate", _DRAIN, part=0.5),
    *_each("two processes on one store", "processes", "share_2", _all(1.0), "least", "of one process"),
    *_beside(
        "bulk add",
        "bulk_add",
        "rate",
        {"postgres": {"graphile-worker": 2.0}, "redis": {"ardiq": 2.0}, "sqlite": {"flexiq": 2.0}},
    ),
    *_beside(
        "single add, one caller",
        "single_add",
        "rate",
        {"postgres": {"by hand": 0.8}, "redis": {"flexiq": 1.2}, "sqlite": {"flexiq": 2.0}},
    ),
    *_each("single add, fifty callers", "single_add", "gain", {"postgres": 5.0}, "least", "of one caller"),
    *_each("idle pick-up, p50", "pick_up", "p50", {"postgres": 0.8, "redis": 0.3, "sqlite": 0.5}, "most", "ms"),
    *_each("idle pick-up, p99", "pick_up", "p99", {"postgres": 2.5, "redis": 1.5, "sqlite": 2.0}, "most", "ms"),
    *_each("idle processor", "idle", "statements_per_second", {"postgres": 0.1, "redis": 0.1}, "most", "statements/s"),
    *_each("idle processor", "idle", "written_bytes_per_second", {"sqlite": 0.0}, "most", "bytes/s written"),
    *_each("old snapshot held open", "snapshot", "share", _SNAPSHOTS, "least", "of the clean rate"),
    *_each("many finished jobs", "history", "share", _all(0.95), "least", "of the clean rate"),
    *_each("many jobs not yet due", "future", "share", _all(0.95), "least", "of the clean rate"),
    *_each("worker's peak RSS in a drain", "drain_async", "peak_mb", _all(80.0), "most", "MB"),
    *_each(
        "worker's CPU per job in a drain",
        "drain_async",
        "cpu_us",
        {"postgres": 15.0, "redis": 15.0, "sqlite": 20.0},
        "most",
        "µs",
    ),
)

UNMEASURED: tuple[tuple[str, str], ...] = (
    ("one million jobs behind a full limit", "not measured: there are no limits on concurrency yet"),
    ("the engine alone", "`make bench-engine`"),
    ("the border alone", "`python -m benches.python.border`"),
)


def is_rival(name: str, store: str) -> bool:
    """Whether a goal names this contestant of a store."""
    return any((goal.beside, goal.store) == (name, store) for goal in GOALS)
