"""How quickly jobs are added: in bulk, one by one, and one by one by many callers."""

from __future__ import annotations

from ..drains import pace
from ..registry import Contestant
from ..stage import Figures, Stage
from .measure import Measure

__all__ = ["MEASURES"]

_PART = 10


def _bulk(stage: Stage, contestant: Contestant) -> Figures:
    kind, jobs = pace(stage, contestant, "async")
    # Whoever is slow to run jobs need not be slow to add them.
    jobs = max(jobs, stage.sizes.jobs // _PART)
    with stage.place(contestant) as place:
        with stage.program(contestant, place) as program:
            # The first batch makes connections and plans.
            program.ask("add", count=max(jobs // 20, 1), bytes=stage.sizes.bytes, kind=kind)
            work, used = place.work(), program.usage()
            seconds = program.ask("add", count=jobs, bytes=stage.sizes.bytes, kind=kind)["seconds"]
            used_after = program.usage()
        # PostgreSQL hears of a connection's last commits when it ends.
        figures = {"rate": jobs / seconds, **place.work().since(work).per_job(jobs)}
        if used is not None and used_after is not None:
            figures["cpu_us"] = used_after.since(used).cpu / jobs * 1e6
        return figures


def _single(stage: Stage, contestant: Contestant) -> Figures:
    one, together = stage.sizes.singles, stage.sizes.singles_together
    with stage.place(contestant) as place, stage.program(contestant, place) as program:
        figures = {}
        for name, callers, count in (("rate", 1, one), ("rate_together", stage.sizes.callers, together)):
            told = program.ask("add_single", count=count, callers=callers, bytes=stage.sizes.bytes)
            figures[name] = count / told["seconds"]
        return {**figures, "gain": figures["rate_together"] / figures["rate"]}


MEASURES = (
    Measure("bulk_add", "Bulk add", _bulk),
    Measure("single_add", "Single add, one caller", _single),
)
