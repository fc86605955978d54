"""The order of turns, and what several rounds say together: pure functions."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Spread", "at", "order", "ratios", "spread"]

T = TypeVar("T")


@dataclass(frozen=True)
class Spread:
    """A median, and how far single rounds were from it."""

    median: float
    lowest: float
    highest: float


def order(rounds: int, contestants: Sequence[T]) -> Iterator[tuple[int, T]]:
    """Who is measured when: A B C, then C B A, so that nobody is always the first or the last of a round."""
    for number in range(rounds):
        for one in contestants if number % 2 == 0 else reversed(contestants):
            yield number, one


def spread(values: Sequence[float]) -> Spread:
    """The median and the range of the values, of which there is at least one."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(ours: dict[int, float], theirs: dict[int, float]) -> Spread | None:
    """Ours divided by theirs, round by round; None where there is no round with both."""
    both = [ours[number] / theirs[number] for number in sorted(ours.keys() & theirs.keys()) if theirs[number] > 0]
    return spread(both) if both else None


def at(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values is."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
