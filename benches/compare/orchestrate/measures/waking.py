"""How quickly a job begins: added to an idle queue, and under a steady load."""

from __future__ import annotations

from ..drains import pace
from ..registry import Contestant
from ..stage import Figures, Stage
from ..turns import at
from .measure import Measure

__all__ = ["MEASURES"]


def _pick_up(stage: Stage, contestant: Contestant) -> Figures:
    kind, _ = pace(stage, contestant, "async")
    warm_up = max(stage.sizes.samples // 10, 1)
    with stage.place(contestant) as place, stage.program(contestant, place) as program:
        program.ask("work", kind=kind, latency=True)
        program.ask("latency", count=warm_up, pause=stage.sizes.pause)
        taken = program.ask("latency", count=stage.sizes.samples, pause=stage.sizes.pause)["milliseconds"]
        program.ask("stop")
    return {"p50": at(taken, 0.5), "p99": at(taken, 0.99), "longest": max(taken)}


def _steady(stage: Stage, contestant: Contestant) -> Figures:
    kind, _ = pace(stage, contestant, "async")
    with stage.place(contestant) as place, stage.program(contestant, place) as program:
        program.ask("work", kind=kind)
        taken = program.ask("steady", rate=stage.sizes.rate, seconds=stage.sizes.steady_seconds)["milliseconds"]
        program.ask("stop")
    return {"p50": at(taken, 0.5), "p99": at(taken, 0.99), "p999": at(taken, 0.999), "longest": max(taken)}


MEASURES = (
    Measure("pick_up", "Idle pick-up", _pick_up, key="p50", unit="ms"),
    Measure("steady", "Steady load, from due to start", _steady, roles=("ours", "peer"), key="p99", unit="ms"),
)
