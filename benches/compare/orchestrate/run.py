"""A run: every measure, round by round, contestant by contestant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import turns
from .measures import Measure
from .program import ContestantError
from .registry import Contestant
from .results import Failure, Results, Turn
from .stage import Stage

__all__ = ["run"]

Told = Callable[[str], None]


def run(
    stage: Stage,
    measures: Sequence[Measure],
    contestants: Sequence[Contestant],
    results: Results,
    tell: Told,
    *,
    by_name: bool = False,
) -> None:
    """Measures everything on every store; a contestant that fails takes no further part in that measure."""
    stage.notes = results.notes
    for store in dict.fromkeys(contestant.store for contestant in contestants):
        results.conditions[store] = stage.servers.conditions(store)
        tell(f"\n{store}: {results.conditions[store]}")
        for measure in measures:
            chosen = [one for one in contestants if one.store == store and measure.takes(one, by_name=by_name)]
            if chosen:
                tell(f"  {measure.title}")
                with stage.keeping():
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
            results.failures.append(Failure(measure.name, contestant.store, contestant.name, str(error)))
            tell(f"    {number + 1} {contestant.name}: {error}")
            continue
        results.turns.append(Turn(measure.name, contestant.store, contestant.name, number, figures))
        shown = ", ".join(f"{name} {value:,.5g}" for name, value in figures.items())
        tell(f"    {number + 1} {contestant.name:<18} {shown}")
