"""How quickly jobs that are there are run, by one process and by several."""

from __future__ import annotations

from ..drains import drain, pace
from ..registry import Contestant
from ..stage import Figures, Stage
from .measure import Measure

__all__ = ["MEASURES"]


def _async(stage: Stage, contestant: Contestant) -> Figures:
    return _once(stage, contestant, "async")


def _sync(stage: Stage, contestant: Contestant) -> Figures:
    return _once(stage, contestant, "sync")


def _once(stage: Stage, contestant: Contestant, kind: str) -> Figures:
    kind, jobs = pace(stage, contestant, kind)
    with stage.place(contestant) as place:
        return drain(stage, contestant, place, kind, jobs)


def _processes(stage: Stage, contestant: Contestant) -> Figures:
    kind, jobs = pace(stage, contestant, "async")
    figures: Figures = {}
    for processes in stage.sizes.processes:
        with stage.place(contestant) as place:
            figures[f"rate_{processes}"] = drain(stage, contestant, place, kind, jobs, processes=processes)["rate"]
    for processes in stage.sizes.processes[1:]:
        figures[f"share_{processes}"] = figures[f"rate_{processes}"] / figures["rate_1"]
    return figures


MEASURES = (
    Measure("drain_async", "Drain, async handler", _async),
    Measure("drain_sync", "Drain, sync handler", _sync, roles=("ours", "peer")),
    Measure("processes", "Several processes on one store", _processes, key="rate_2", peers_by_name=True),
)
