"""A run: every measure, round by round, contestant by contestant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from . import turns
from .measures import Measure
from .program import ContestantError
from .registry import Contestant
from .stage import Figures, Stage

__all__ = ["Results", "Turn", "run"]

Told = Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """What one contestant did in one round."""

    measure: str
    store: str
    contestant: str
    round: int
    figures: Figures


@dataclass
class Results:
    """All turns of a run, and why some are missing."""

    conditions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    failures: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Measure, store, contestant, and what it said."""

    def figure(self, measure: str, store: str, contestant: str, name: str) -> dict[int, float]:
        """A figure of a contestant, by round."""
        return {
            turn.round: turn.figures[name]
            for turn in self.turns
            if (turn.measure, turn.store, turn.contestant) == (measure, store, contestant) and name in turn.figures
        }

    def contestants(self, measure: str, store: str) -> list[str]:
        """Who was measured, in the order of their first turns."""
        return list(
            dict.fromkeys(turn.contestant for turn in self.turns if (turn.measure, turn.store) == (measure, store))
        )


def run(
    stage: Stage, measures: Sequence[Measure], contestants: Sequence[Contestant], results: Results, tell: Told
) -> None:
    """Measures everything on every store; a contestant that fails takes no further part in that measure."""
    for store in dict.fromkeys(contestant.store for contestant in contestants):
        tell(f"{store}: {results.conditions.setdefault(store, stage.servers.conditions(store))}")
        for measure in measures:
            chosen = [one for one in contestants if one.store == store and measure.takes(one)]
            if chosen:
                tell(f"  {measure.title}")
                _rounds(stage, measure, chosen, results, tell)


def _rounds(stage: Stage, measure: Measure, contestants: Sequence[Contestant], results: Results, tell: Told) -> None:
    failed: set[Contestant] = set()
    for number, contestant in turns.order(stage.sizes.rounds, contestants):
        if contestant in failed:
            continue
        try:
            figures = measure.turn(stage, contestant)
        except ContestantError as error:
            failed.add(contestant)
            results.failures.append((measure.name, contestant.store, contestant.name, str(error)))
            tell(f"    {contestant.name}: {error}")
            continue
        results.turns.append(Turn(measure.name, contestant.store, contestant.name, number, figures))
        shown = ", ".join(f"{name} {value:,.5g}" for name, value in figures.items())
        tell(f"    {number + 1} {contestant.name:<18} {shown}")
