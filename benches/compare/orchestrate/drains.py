"""One drain: jobs are added by one program, and run to their recorded end by others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext

from .places import Place
from .processes import Usage
from .program import ContestantError, Program
from .registry import Contestant
from .stage import Figures, Stage

__all__ = ["drain", "pace"]

_LOOK = 0.002
# A trial has so few jobs, and again more until it takes so long or has so small a part of a drain's.
_FEWEST, _MORE, _SECONDS, _PART = 200, 5, 0.5, 20


def drain(
    stage: Stage,
    contestant: Contestant,
    place: Place,
    kind: str,
    jobs: int,
    *,
    processes: int = 1,
    left: int = 0,
    meanwhile: AbstractContextManager[None] | None = None,
) -> Figures:
    """Adds jobs and times until the handler of the last one has ended.

    Args:
        stage: The run.
        contestant: Whose jobs they are.
        place: Where; what is there already stays.
        kind: `async` or `sync`, as the handlers are.
        jobs: How many.
        processes: Programs that work.
        left: Jobs that are there before, and are not due.
        meanwhile: What is the case during the drain.

    Raises:
        ContestantError: A job was lost or ran twice, or the drain takes too long.
    """
    with stage.program(contestant, place) as keeper:
        keeper.ask("add", count=jobs, bytes=stage.sizes.bytes, kind=kind)
        with ExitStack() as stack:
            workers = [stack.enter_context(stage.program(contestant, place)) for _ in range(processes)]
            stack.enter_context(meanwhile or nullcontext())
            work, used = place.work(), _used(workers)
            began = time.perf_counter()
            for worker in workers:
                worker.send("work", kind=kind)
            for worker in workers:
                worker.receive("work")
            _await(workers, jobs, stage.deadline)
            took = time.perf_counter() - began
            for worker in workers:
                worker.send("stop")
            for worker in workers:
                worker.receive("stop")
            settled = time.perf_counter() - began
            ran = sum(worker.count for worker in workers)
            used_after = _used(workers)
        figures = {"rate": jobs / took, "recorded_rate": jobs / settled, **place.work().since(work).per_job(jobs)}
        if used is not None and used_after is not None:
            figures |= _costs(used_after.since(used), jobs, contestant.store)
        open_still = keeper.ask("left")["count"]
    if ran != jobs or open_still != left:
        raise ContestantError(
            f"{contestant.name} on {contestant.store} ran {ran} handlers for {jobs} jobs and left {open_still - left}"
        )
    return figures


def pace(stage: Stage, contestant: Contestant, kind: str) -> tuple[str, int]:
    """The kind of handler and the number of jobs of a contestant's drains.

    A peer that has no handlers of a kind is measured with those it has, and one that is slow with as many jobs as it
    runs in the time that a drain may take. A trial tells both.
    """
    if contestant.role != "peer":
        return kind, stage.sizes.jobs
    known = stage.paces.get((contestant, kind))
    if known is None:
        try:
            known = kind, _trial(stage, contestant, kind)
        except ContestantError as refusal:
            other = "sync" if kind == "async" else "async"
            try:
                known = other, _trial(stage, contestant, other)
            except ContestantError:
                raise refusal from None
        stage.paces[contestant, kind] = known
    return known


def _trial(stage: Stage, contestant: Contestant, kind: str) -> int:
    jobs, most = _FEWEST, max(stage.sizes.jobs // _PART, _FEWEST)
    while True:
        with stage.place(contestant) as place:
            rate = drain(stage, contestant, place, kind, jobs)["rate"]
        if jobs >= most or jobs / rate >= _SECONDS:
            return max(_FEWEST, min(stage.sizes.jobs, int(rate * stage.sizes.drain_seconds)))
        jobs = min(jobs * _MORE, most)


def _await(workers: Sequence[Program], jobs: int, deadline: float) -> None:
    until = time.monotonic() + deadline
    while (ended := sum(worker.count for worker in workers)) < jobs:
        if time.monotonic() > until:
            raise ContestantError(f"{workers[0].contestant.name} ended {ended} of {jobs} jobs within {deadline:g} s")
        for worker in workers:
            worker.check()
        time.sleep(_LOOK)


def _used(workers: Sequence[Program]) -> Usage | None:
    used = [worker.usage() for worker in workers]
    return None if None in used else sum((one for one in used if one is not None), Usage())


def _costs(used: Usage, jobs: int, store: str) -> Figures:
    costs = {"cpu_us": used.cpu / jobs * 1e6, "peak_mb": used.peak / 2**20}
    # Elsewhere it is the server that writes.
    return {**costs, "written_bytes": used.written / jobs} if store == "sqlite" else costs
