"""What is left of a drain's rate on a burdened store: an old snapshot, a long history, much that is not yet due."""

from __future__ import annotations

from ..drains import drain, pace
from ..history import fill
from ..places import Place
from ..registry import Contestant
from ..stage import Figures, Stage
from .measure import Measure

__all__ = ["MEASURES"]

_NOT_YET = 7 * 86_400.0


def _snapshot(stage: Stage, contestant: Contestant) -> Figures:
    kind, jobs = pace(stage, contestant, "async")
    clean = _clean(stage, contestant, kind, jobs)
    with stage.place(contestant) as place:
        held = drain(stage, contestant, place, kind, jobs, meanwhile=place.old_snapshot())
    return _shares(clean, held)


def _history(stage: Stage, contestant: Contestant) -> Figures:
    kind, jobs = pace(stage, contestant, "async")

    def finish_many(place: Place) -> None:
        fill(stage, contestant, place, stage.sizes.history)

    # Filled before the clean drain, which is to be a moment before the other.
    place = stage.kept(contestant, finish_many)
    clean = _clean(stage, contestant, kind, jobs)
    return _shares(clean, drain(stage, contestant, place, kind, jobs))


def _future(stage: Stage, contestant: Contestant) -> Figures:
    kind, jobs = pace(stage, contestant, "async")
    future = stage.sizes.future

    def add_many(place: Place) -> None:
        with stage.program(contestant, place) as program:
            program.ask("add", count=future, bytes=stage.sizes.bytes, kind=kind, delay=_NOT_YET)

    place = stage.kept(contestant, add_many)
    clean = _clean(stage, contestant, kind, jobs)
    return _shares(clean, drain(stage, contestant, place, kind, jobs, left=future))


def _clean(stage: Stage, contestant: Contestant, kind: str, jobs: int) -> Figures:
    with stage.place(contestant) as place:
        return drain(stage, contestant, place, kind, jobs)


def _shares(clean: Figures, burdened: Figures) -> Figures:
    share = burdened["rate"] / clean["rate"]
    return {"share": share, "clean_rate": clean["rate"], "rate": burdened["rate"]}


MEASURES = (
    Measure(
        "snapshot", "Old snapshot held open", _snapshot, stores=("postgres", "sqlite"), key="share", unit="of its rate"
    ),
    Measure("history", "Many finished jobs", _history, roles=("ours",), key="share", unit="of its rate"),
    Measure("future", "Many jobs not yet due", _future, roles=("ours",), key="share", unit="of its rate"),
)
