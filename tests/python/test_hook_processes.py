"""Listeners of whole processes: after a fork, and where nobody closes the queue."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_no_listeners_until_it_registers_its_own(tmp_path: Any) -> None:
    code = """
import os, sys, time
from dataqueue import JobQueue
queue = JobQueue(sys.argv[1])
told = []
queue.on("job:added", told.append)
queue.add_job("plain", 1)
while not told: time.sleep(0.005)
child = os.fork()
if child == 0:
    queue.add_job("plain", 2)
    assert len(told) == 1
    own = []
    queue.on("job:added", own.append)
    queue.add_job("plain", 3)
    while not own: time.sleep(0.005)
    assert len(told) == 1
    queue.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
queue.add_job("plain", 4)
while len(told) < 2: time.sleep(0.005)
queue.close()
"""
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_queue_that_nobody_closed_tells_what_is_left_and_lets_the_interpreter_exit() -> None:
    code = """
import time
from dataqueue import JobQueue
queue = JobQueue("sqlite://:memory:")
queue.on("job:completed", lambda event: print(event.output))
async def later(event): pass
queue.on("job:added", later)
queue.add_job("double", 21)
queue.create_processor({"double": lambda payload: 2 * payload}).start_in_background()
while not queue.get_jobs_by_status("completed"): time.sleep(0.005)
"""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
