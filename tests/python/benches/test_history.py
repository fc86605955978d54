"""The finished jobs that a store is filled with are like real ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benches.compare.orchestrate import registry
from benches.compare.orchestrate.drains import drain
from benches.compare.orchestrate.history import fill
from benches.compare.orchestrate.registry import OURS
from benches.compare.orchestrate.servers import Servers
from benches.compare.orchestrate.sizes import QUICK
from benches.compare.orchestrate.stage import Stage
from dataqueue import JobQueue

DEADLINE = 60.0
COUNT = 40


@pytest.mark.parametrize("store", registry.STORES)
def test_copies_of_a_finished_job_are_finished_jobs(store: str) -> None:
    (ours,) = [one for one in registry.everyone() if (one.name, one.store) == (OURS, store)]
    with Servers() as servers:
        stage = Stage(servers, replace(QUICK, jobs=10, rounds=1), DEADLINE)
        with stage.place(ours) as place:
            fill(stage, ours, place, COUNT)
            drain(stage, ours, place, "async", 10)
            with JobQueue(f"sqlite:///{place.url}" if store == "sqlite" else place.url) as queue:
                jobs = queue.get_all_jobs()
                assert len({job.id for job in jobs}) == COUNT + 10
                assert {job.status for job in jobs} == {"completed"}
                assert len({job.payload for job in jobs}) == 1
                for job in jobs:
                    events = [event.event_type.value for event in queue.get_job_events(job.id)]
                    assert events == ["added", "processing", "completed"], job
