"""What a process of handlers does, and what becomes of its job when it dies."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import JobHandlers, JobQueue, JobRecord
from tests.processes import PATIENCE, Script, gone, until
from tests.python.isolation.handlers import Picture, area, area_async, die, handlers, undecorated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue import Processor

pytestmark = pytest.mark.skipif(os.name != "posix", reason="handlers in processes need a Unix")

FORCED: dict[str, Any] = {"timeout": 0.3, "force_kill_on_timeout": True, "max_attempts": 1}


@pytest.fixture
def processor(queue: JobQueue) -> Iterator[Processor]:
    """A processor at work."""
    processor = queue.create_processor(handlers, concurrency=2, poll_interval=0.2)
    processor.start_in_background()
    yield processor
    assert processor.stop_and_drain(PATIENCE)


def ended(queue: JobQueue, job_id: int) -> JobRecord:
    return queue.wait_for_job(job_id, PATIENCE)


@pytest.mark.parametrize("kind", ["spin", "spin_async", "stubborn"])
def test_a_handler_that_never_ends_is_killed_at_its_deadline(queue: JobQueue, processor: Processor, kind: str) -> None:
    job = ended(queue, queue.add_job(kind, None, **FORCED))
    assert (job.status, job.failure_reason, job.force_kill_on_timeout) == ("failed", "timeout", True)
    assert "limit of 0.3 s" in job.error_history[-1].message
    told = [event.event_type.value for event in queue.get_job_events(job.id)]
    assert told == ["added", "processing", "failed"], "prolong and on_timeout do nothing there"
    assert ended(queue, queue.add_job("where", None)).output == os.getpid()
    after = ended(queue, queue.add_job("where", None, **{**FORCED, "timeout": 60}))
    assert (after.status, after.output != os.getpid()) == ("completed", True)


@pytest.mark.parametrize("handler", [area, area_async])
def test_a_handler_in_a_process_gets_its_payload_and_gives_its_result(
    queue: JobQueue, processor: Processor, handler: Any
) -> None:
    jobs = [queue.add_job(handler, Picture(width=n, height=2)) for n in range(20)]
    outputs = [ended(queue, job_id).output for job_id in jobs]
    assert [output["area"] for output in outputs] == [2 * n for n in range(20)]
    pids = {output["pid"] for output in outputs}
    assert os.getpid() not in pids
    assert len(pids) <= 2
    bad = ended(queue, queue.add_job(handler.name, {"width": "wide"}))
    assert (bad.status, bad.attempts) == ("failed", 1)
    assert "width" in bad.error_history[-1].message


@pytest.mark.parametrize("kind", ["report", "report_async"])
def test_reports_from_inside_reach_the_queue(
    queue: JobQueue, processor: Processor, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="dataqueue.job")
    job = ended(queue, queue.add_job(kind, None))
    assert (job.progress, job.output) == (40, {"set": True})
    [record] = [record for record in caplog.records if record.name == "dataqueue.job"]
    assert record.getMessage() == f"[{kind} {job.id}] logged by attempt 1"
    assert (record.__dict__["job_id"], record.__dict__["attempt"]) == (job.id, 1)


@pytest.mark.parametrize("kind", ["journey", "journey_async"])
def test_steps_waits_tokens_and_other_jobs_work_from_inside(queue: JobQueue, processor: Processor, kind: str) -> None:
    job = ended(queue, queue.add_job(kind, None))
    assert job.status == "completed", job.error_history
    token = queue.get_token(job.output["token"])
    assert token is not None
    assert (token.job_id, token.tags) == (job.id, ["a"])
    child = queue.get_job(job.output["child"])
    assert child is not None
    assert (child.status, job.output["area"], job.attempts) == ("completed", 6, 1)


def test_an_error_of_a_call_from_inside_is_the_errors_own(queue: JobQueue, processor: Processor) -> None:
    job = ended(queue, queue.add_job("missing_token", "wp_missing", max_attempts=1))
    assert (job.status, job.error_history[-1].type) == ("failed", "dataqueue.errors.TokenNotFound")


def test_a_forced_job_cannot_wait_and_says_why(queue: JobQueue, processor: Processor) -> None:
    job = ended(queue, queue.add_job("waits", None, **{**FORCED, "timeout": 60}))
    assert (job.status, job.failure_reason) == ("failed", "handler_error")
    assert "force_kill_on_timeout cannot wait" in job.error_history[-1].message


def test_a_handler_in_a_process_may_ask_for_more_time(queue: JobQueue, processor: Processor) -> None:
    job = ended(queue, queue.add_job("prolonged", 1, timeout=2))
    assert (job.status, job.output) == ("completed", "had more time")
    assert "prolonged" in [event.event_type.value for event in queue.get_job_events(job.id)]


@pytest.mark.parametrize("kind", ["heeds", "heeds_async"])
def test_a_handler_in_a_process_is_told_that_its_time_is_up(
    queue: JobQueue, processor: Processor, kind: str, tmp_path: Path
) -> None:
    file = tmp_path / "told"
    job = ended(queue, queue.add_job(kind, str(file), timeout=1, max_attempts=1))
    assert (job.status, job.failure_reason, file.read_text()) == ("failed", "timeout", "timeout")


@pytest.mark.parametrize(
    ("how", "told"), [("segfault", "SIGSEGV"), ("exit", "exit code 3"), ("kill", "SIGKILL"), ("close", "")]
)
def test_a_process_that_dies_fails_its_own_job_only_and_three_times_for_good(
    queue: JobQueue, processor: Processor, how: str, told: str, tmp_path: Path
) -> None:
    beside = queue.add_job("heeds", str(tmp_path / "beside"))
    until((tmp_path / "beside").exists, "the other job runs")
    job = ended(queue, queue.add_job(die, how, max_attempts=10))
    assert (job.status, job.failure_reason, job.attempts) == ("failed", "lost", 3)
    assert [entry.attempt for entry in job.error_history] == [1, 2, 3]
    assert all(told in entry.message for entry in job.error_history)
    other = queue.get_job(beside)
    assert other is not None
    assert (other.status, other.attempts) == ("processing", 1)
    assert queue.cancel_job(beside, running=True)
    assert ended(queue, beside).status == "cancelled"


@pytest.mark.parametrize("what", ["exit", "interrupt", "base"])
def test_what_ends_a_program_fails_the_job_and_leaves_the_process(
    queue: JobQueue, processor: Processor, what: str
) -> None:
    before = ended(queue, queue.add_job(area, Picture(width=1, height=1))).output["pid"]
    job = ended(queue, queue.add_job("leave", what, max_attempts=1))
    assert (job.status, job.failure_reason) == ("failed", "handler_error")
    pids = {ended(queue, queue.add_job(area, Picture(width=1, height=1))).output["pid"] for _ in range(4)}
    assert before in pids


def test_a_handler_that_forks_ends_once(queue: JobQueue, processor: Processor) -> None:
    for _ in range(3):
        job = ended(queue, queue.add_job("forks", None))
        assert job.status == "completed"
        kinds = [event.event_type.value for event in queue.get_job_events(job.id)]
        # On a busy machine it may find no process in time and go back first.
        assert kinds[-1] == "completed"
        assert {*kinds[:-1]} <= {"added", "processing", "reclaimed"}
        assert job.attempts == 1


def test_what_a_killed_handler_had_started_is_killed_too(queue: JobQueue, processor: Processor, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    assert ended(queue, queue.add_job("starts", str(file), **{**FORCED, "timeout": 2})).failure_reason == "timeout"
    until(lambda: gone(int(file.read_text())), "the program is gone")


def test_processes_are_replaced_after_so_many_jobs(queue: JobQueue) -> None:
    processor = queue.create_processor(handlers, concurrency=1, max_jobs_per_process=2, poll_interval=0.2)
    processor.start_in_background()
    pids = [ended(queue, queue.add_job(area, Picture(width=1, height=1))).output["pid"] for _ in range(6)]
    assert pids[0::2] == pids[1::2]
    assert len(set(pids)) == 3
    assert processor.stop_and_drain(PATIENCE)
    until(lambda: all(gone(pid) for pid in pids), "no process is left")


def test_processes_are_replaced_when_they_hold_too_much(queue: JobQueue) -> None:
    most = 300_000_000
    processor = queue.create_processor(handlers, concurrency=1, max_memory_per_process=most, poll_interval=0.2)
    processor.start_in_background()
    small = [ended(queue, queue.add_job("grows", 1)).output for _ in range(3)]
    large = ended(queue, queue.add_job("grows", most)).output
    after = ended(queue, queue.add_job("grows", 1)).output
    assert len({*small, large}) == 1
    assert after != large
    assert processor.stop_and_drain(PATIENCE)


def test_a_mapping_of_functions_works_as_well(queue: JobQueue) -> None:
    processor = queue.create_processor(JobHandlers({"plain": undecorated}), poll_interval=0.2)
    processor.start_in_background()
    job = ended(queue, queue.add_job("plain", {"width": 7, "height": 1}, **{**FORCED, "timeout": 60}))
    assert (job.status, job.output) == ("completed", 7)
    assert processor.stop_and_drain(PATIENCE)


def test_a_handler_that_cannot_travel_fails_its_forced_jobs_and_says_what_to_change(queue: JobQueue) -> None:
    lock = threading.Lock()
    local = JobHandlers()

    @local.job("local")
    def held(payload: int) -> int:
        with lock:
            return payload

    processor = queue.create_processor(local, poll_interval=0.2)
    processor.start_in_background()
    assert ended(queue, queue.add_job("local", 1)).status == "completed"
    job = ended(queue, queue.add_job("local", 1, timeout=60, force_kill_on_timeout=True, max_attempts=5))
    assert (job.status, job.failure_reason, job.attempts) == ("failed", "handler_error", 1)
    assert "closes over 'lock'" in job.error_history[-1].message
    assert "top level of a module" in job.error_history[-1].message
    assert processor.stop_and_drain(PATIENCE)


def test_one_batch_runs_handlers_in_processes_too(queue: JobQueue) -> None:
    job_id = queue.add_job(area, Picture(width=3, height=3))
    assert queue.create_processor(handlers).start() == 1
    job = queue.get_job(job_id)
    assert job is not None
    assert job.output["area"] == 9
    until(lambda: gone(job.output["pid"]), "its process is gone with the batch")


def test_a_thousand_killed_handlers_leave_nothing_behind(tmp_path: Path) -> None:
    with JobQueue(f"sqlite:///{tmp_path / 'jobs.db'}") as queue:
        processor = queue.create_processor(handlers, concurrency=8, poll_interval=0.2)
        processor.start_in_background()
        options: dict[str, Any] = {**FORCED, "timeout": 0.02}

        def kill(count: int) -> None:
            for job_id in [queue.add_job("spin", None, **options) for _ in range(count)]:
                assert ended(queue, job_id).failure_reason == "timeout"

        kill(50)
        descriptors, memory = len(list(Path("/proc/self/fd").iterdir())), resident()
        kill(1_000)
        assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors + 8
        assert resident() < memory + 30_000_000
        assert len(descendants(os.getpid())) <= 1 + 8, "the nursery, and a process for each slot"
        assert processor.stop_and_drain(PATIENCE)
        until(lambda: not descendants(os.getpid()), "no process is left")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> list[int]:
    """Living processes below this one that have to do with handlers."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if b"dataqueue.isolation.nursery" in command and state != "Z" and started_by(int(folder.name), pid):
                found.append(int(folder.name))
    return found


def started_by(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


PROGRAM = """
import os, sys
from pathlib import Path
from dataqueue import JobHandlers, JobQueue

handlers = JobHandlers()

@handlers.job("where", run_in="process")
def where(payload: str) -> int:
    Path(payload).write_text(f"{os.getpid()} {__name__}")
    while True:
        pass

print("imported", __name__, flush=True)
if __name__ == "__main__":
    with JobQueue(sys.argv[1]) as queue:
        queue.create_processor(handlers, poll_interval=0.2).start_in_background()
        queue.wait_for_job(int(sys.argv[2]))
"""


def test_a_worker_that_is_killed_takes_its_processes_along(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'jobs.db'}", tmp_path / "where"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with JobQueue(url) as queue:
        job_id = queue.add_job("where", str(file))
        with Script([str(program), url, str(job_id)], tmp_path) as script:
            until(lambda: file.exists() and file.read_text(), "the handler of the program's own file runs")
            pid, name = file.read_text().split()
            assert name == "__mp_main__"
            os.kill(script.process.pid, signal.SIGKILL)
            until(lambda: gone(int(pid)), "its process is gone")
