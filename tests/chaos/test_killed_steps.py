"""Processes that die inside, between and after steps.

What a step did is there once, but where the death fell between the effect and its record.
"""

from __future__ import annotations

import signal
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING

from tests.chaos.ledger import read_lines
from tests.processes import PATIENCE, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue, JobRecord

TARGET = "tests.chaos.handlers:handlers"
OPTIONS = ("--lease", "1", "--poll-interval", "600", "--concurrency", "1", "--batch-size", "1")

# Where the process dies, and which effect is there twice then.
POINTS = {
    "in welcome": None,
    "after welcome": "welcome",
    "between steps": None,
    "after the wait": None,
    "in survey": None,
    "after survey": "survey",
    "at the end": None,
}


def test_a_recorded_step_is_never_done_again_wherever_the_process_dies(
    queue: JobQueue, store_url: str, tmp_path: Path, ledger: Path
) -> None:
    ends: dict[str, JobRecord] = {}
    with Worker(TARGET, store_url, tmp_path, *OPTIONS) as worker:
        # One after the other: a death takes along what was claimed in advance.
        for point, handler in zip(POINTS, cycle(["onboard", "onboard_sync"]), strict=False):
            ends[point] = queue.wait_for_job(queue.add_job(handler, point), PATIENCE)
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
    effects = Counter((line["job"], line["step"]) for line in read_lines(ledger))
    for point, twice in POINTS.items():
        job = ends[point]
        assert (job.status, job.output, job.attempts) == ("completed", "welcome, survey", 2), point
        assert set(job.step_data) == {"welcome", "__wait_0", "survey"}
        for step in ("welcome", "survey"):
            assert effects[job.id, step] == (2 if step == twice else 1), (point, step)
        kinds = [event.event_type.value for event in queue.get_job_events(job.id)]
        # The wait is waited for once, whatever comes after it.
        assert (kinds.count("waiting"), kinds.count("reclaimed"), kinds[-1]) == (1, 1, "completed"), (point, kinds)
