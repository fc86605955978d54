"""What a worker without work asks of its store."""

from __future__ import annotations

import time

from ..drains import pace
from ..registry import Contestant
from ..stage import Figures, Stage
from .measure import Measure

__all__ = ["MEASURES"]

# What a worker does when it starts is not counted.
_SETTLE = 2.0


def _idle(stage: Stage, contestant: Contestant) -> Figures:
    kind, _ = pace(stage, contestant, "async")
    seconds = stage.sizes.idle_seconds
    with stage.place(contestant) as place, stage.program(contestant, place) as program:
        program.ask("work", kind=kind, latency=True)
        time.sleep(_SETTLE)
        work, used = place.work(), program.usage()
        time.sleep(seconds)
        done = place.work().since(work).per_job(1)
        used_after = program.usage()
        program.ask("stop")
    # PostgreSQL hears of commits too late to tell those of these seconds.
    told = {f"{name}_per_second": count / seconds for name, count in done.items() if name != "commits"}
    if used is not None and used_after is not None:
        spent = used_after.since(used)
        told["cpu_ms_per_second"] = spent.cpu / seconds * 1e3
        told["written_bytes_per_second"] = spent.written / seconds
    return told


MEASURES = (
    Measure(
        "idle",
        "Idle worker",
        _idle,
        roles=("ours", "peer"),
        key="statements_per_second",
        unit="statements/s",
        peers_by_name=True,
    ),
)
