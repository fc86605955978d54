"""A run: every measure, round by round, contestant by contestant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import turns
from .goals import is_rival
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
    """Measures everything on every store.

    A contestant that fails takes no further part in that measure. A peer that no goal names takes part in the first
    round only, unless the peers were chosen by name.
    """
    stage.notes = results.notes
    for store in dict.fromkeys(contestant.store for contestant in contestants):
        results.conditions[store] = stage.servers.conditions(store)
        tell(f"\n{store}: {results.conditions[store]}")
        for measure in measures:
            chosen = [one for one in contestants if one.store == store and measure.takes(one, by_name=by_name)]
            if chosen:
                tell(f"  {measure.title}")
                with stage.keeping():
                    _rounds(stage, measure, chosen, results, tell, every_round=by_name)


def _rounds(
    stage: Stage,
    measure: Measure,
    contestants: Sequence[Contestant],
    results: Results,
    tell: Told,
    *,
    every_round: bool,
) -> None:
    failed: set[Contestant] = set()
    for number, contestant in turns.order(stage.sizes.rounds, contestants):
        once = contestant.role == "peer" and not every_round and not is_rival(contestant.name, contestant.store)
        if contestant in failed or (once and number):
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
