"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Sizes"]


@dataclass(frozen=True)
class Sizes:
    """The sizes of a run."""

    jobs: int
    """Jobs of one drain or one bulk add; fewer for a peer that is slow."""
    rounds: int
    drain_seconds: float
    """About how long a drain of a slow peer may take."""
    processes: tuple[int, ...]
    singles: int
    singles_together: int
    samples: int
    """Of the idle pick-up."""
    idle_seconds: float
    history: int
    future: int
    steady_seconds: float
    bytes: int = 100
    pause: float = 0.02
    rate: int = 1_000
    callers: int = 50


QUICK = Sizes(
    jobs=20_000,
    rounds=3,
    drain_seconds=4,
    processes=(1, 2),
    singles=500,
    singles_together=2_000,
    samples=100,
    idle_seconds=15,
    history=100_000,
    future=50_000,
    steady_seconds=4,
)
FULL = Sizes(
    jobs=100_000,
    rounds=3,
    drain_seconds=6,
    processes=(1, 2, 4, 8),
    singles=2_000,
    singles_together=20_000,
    samples=200,
    idle_seconds=30,
    history=10_000_000,
    future=1_000_000,
    steady_seconds=10,
)
