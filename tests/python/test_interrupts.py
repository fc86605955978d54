"""Ctrl-C, and the interpreter's exit, with work under way."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests.processes import Script

if TYPE_CHECKING:
    from pathlib import Path

SETUP = """
import asyncio, sys, threading, time
from dataqueue import AsyncJobQueue, JobHandlers, JobQueue

handlers = JobHandlers()
started = threading.Event()

@handlers.job("sync")
def sync(payload, signal):
    print("running", flush=True)
    signal.wait(600)

@handlers.job("async")
async def on_loop(payload):
    print("running", flush=True)
    await asyncio.sleep(600)

@handlers.job("deaf")
def deaf(payload):
    started.set()
    time.sleep(600)

@handlers.job("blocks")
async def blocks(payload):
    started.set()
    time.sleep(600)

@handlers.job("quick")
def quick(payload):
    pass

def add(queue, *types):
    ids = [queue.add_job(name, None) for name in types]
    return ids[0]

url = sys.argv[1]
"""

INTERRUPTED = {
    "wait_for_job": """
with JobQueue(url) as queue:
    job_id = add(queue, "never")
    print("ready", flush=True)
    queue.wait_for_job(job_id)
""",
    "wait_for_job_async": """
async def main():
    async with AsyncJobQueue(url) as queue:
        job_id = await queue.add_job("never", None)
        print("ready", flush=True)
        await queue.wait_for_job(job_id)
asyncio.run(main())
""",
    "start": """
with JobQueue(url) as queue:
    add(queue, "sync", "async", "sync", "async")
    queue.create_processor(handlers, concurrency=2).start()
""",
    "start_async": """
async def main():
    async with AsyncJobQueue(url) as queue:
        for name in ("sync", "async", "sync", "async"):
            await queue.add_job(name, None)
        await queue.create_processor(handlers, concurrency=2).start()
asyncio.run(main())
""",
    "background": """
with JobQueue(url) as queue:
    add(queue, "sync", "async", "sync", "async")
    queue.create_processor(handlers, concurrency=2).start_in_background()
    while True:
        time.sleep(600)
""",
    "background_async": """
async def main():
    async with AsyncJobQueue(url) as queue:
        for name in ("sync", "async", "sync", "async"):
            await queue.add_job(name, None)
        queue.create_processor(handlers, concurrency=2).start_in_background()
        await asyncio.sleep(600)
asyncio.run(main())
""",
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_ctrl_c_ends(store_url: str, tmp_path: Path, name: str) -> None:
    with Script(["-c", SETUP + INTERRUPTED[name], store_url], tmp_path) as script:
        if name.startswith("wait"):
            script.says("ready")
        else:
            script.says("running", 2)
        script.send(signal.SIGINT)
        assert script.ends() == -signal.SIGINT, script.log
        assert script.log.endswith("KeyboardInterrupt\n"), script.log
    with JobQueue(store_url) as queue:
        for job in queue.get_all_jobs():
            # A handler that returned when it was told to has done its job. The others gave theirs back, uncounted.
            done = job.job_type == "sync" and job.attempts == 1
            assert (job.status, job.attempts) == (("completed", 1) if done else ("pending", 0)), script.log


LEFT_RUNNING = {
    "idle": """
queue = JobQueue(url)
queue.create_processor(handlers).start_in_background()
""",
    "busy": """
queue = JobQueue(url)
add(queue, *["quick"] * 200)
queue.create_processor(handlers).start_in_background()
""",
    "handlers_at_work": """
queue = JobQueue(url)
queue.create_processor(handlers).start_in_background()
job_id = add(queue, "sync", "async")
while queue.count_jobs(status="processing") < 2:
    pass
""",
    "several": """
queues = [JobQueue(url), JobQueue(url, verbose=True)]
for queue in queues:
    queue.create_processor(handlers).start_in_background()
add(queue, *["quick"] * 20)
""",
    "queue_closed_first": """
with JobQueue(url) as queue:
    queue.create_processor(handlers).start_in_background()
    add(queue, "sync", "async", "quick")
""",
    "async": """
async def main():
    queue = AsyncJobQueue(url)
    queue.create_processor(handlers).start_in_background()
    for name in ("sync", "async", "quick"):
        await queue.add_job(name, None)
    while await queue.count_jobs(status="processing") < 2:
        await asyncio.sleep(0)
asyncio.run(main())
""",
    "calls_under_way": """
queue = JobQueue(url)
job_id = add(queue, "never")
for _ in range(4):
    threading.Thread(target=queue.wait_for_job, args=(job_id,), daemon=True).start()
    threading.Thread(target=lambda: [add(queue, "never") for _ in range(10**9)], daemon=True).start()
""",
}


def said(script: Script) -> str:
    """What it wrote, but for the warning that the tests' own Redis keeps nothing on disk."""
    lines = script.log.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("a crash of "))


def exits(name: str, url: str, folder: Path) -> None:
    """Runs a script that ends without stopping what it started, and checks that it ends well."""
    folder.mkdir()
    with Script(["-W", "error", "-c", SETUP + LEFT_RUNNING[name], url], folder) as script:
        assert (script.ends(), said(script)) == (0, ""), name


@pytest.mark.parametrize("name", LEFT_RUNNING)
def test_the_interpreter_exits_with_a_running_processor(store_url: str, tmp_path: Path, name: str) -> None:
    # Handlers at work are given some seconds, which is slow to test.
    for turn in range(1 if name in ("handlers_at_work", "queue_closed_first") else 4):
        exits(name, store_url, tmp_path / str(turn))


@pytest.mark.parametrize("name", ["deaf", "blocks"])
def test_the_interpreter_exits_with_a_handler_that_does_not_stop(store_url: str, tmp_path: Path, name: str) -> None:
    source = f"""
queue = JobQueue(url)
processor = queue.create_processor(handlers)
processor.start_in_background()
job_id = add(queue, {name!r})
started.wait()
assert not processor.stop_and_drain(0)
"""
    with Script(["-c", SETUP + source, store_url], tmp_path) as script:
        assert (script.ends(), said(script)) == (0, "")
    with JobQueue(store_url) as queue:
        [job] = queue.get_all_jobs()
        assert (job.status, job.attempts) == ("pending", 0)


def test_a_processor_whose_loop_ended_claims_no_more(store_url: str, tmp_path: Path) -> None:
    source = """
async def main():
    queue = AsyncJobQueue(url)
    processor = queue.create_processor(handlers, lease=60)
    processor.start_in_background()
    job_id = await queue.add_job("async", None)
    while (await queue.get_job(job_id)).status != "processing":
        await asyncio.sleep(0)
    return processor

processor = asyncio.run(main())
with JobQueue(url) as queue:
    while queue.count_jobs(status="processing") or processor.is_running():
        pass
    [job] = queue.get_all_jobs()
    assert (job.status, job.attempts) == ("pending", 0), job
    other = JobHandlers({"async": lambda payload: "elsewhere"})
    assert queue.create_processor(other).start() == 1
    assert queue.wait_for_job(job.id, 60).output == "elsewhere"
"""
    with Script(["-W", "error", "-c", SETUP + source, store_url], tmp_path) as script:
        assert (script.ends(), said(script)) == (0, "")
