"""Supervisors, and the upkeep inside of processors."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from dataqueue import BackendUnavailable, JobHandlers, JobQueue, SupervisorRun
from tests.processes import until

# So short that what ended a moment ago is old.
INSTANT = 1e-9
HANDLERS = JobHandlers({"t": lambda payload: payload})


def finish(queue: JobQueue, count: int) -> None:
    """Adds jobs and runs them."""
    for number in range(count):
        queue.add_job("t", number)
    assert queue.create_processor(HANDLERS, batch_size=count).start() == count


def test_a_round_does_every_chore_and_counts(queue: JobQueue) -> None:
    finish(queue, 3)
    supervisor = queue.create_supervisor(cleanup_jobs_days_to_keep=INSTANT, cleanup_events_days_to_keep=INSTANT)
    done = supervisor.start()
    assert (done.reclaimed_jobs, done.cleaned_up_jobs) == (0, 3)
    assert queue.count_jobs() == 0
    assert supervisor.start() == SupervisorRun()
    assert not supervisor.is_running()


def test_it_expires_tokens_unless_it_is_told_not_to(queue: JobQueue) -> None:
    ids = [queue.create_token(timeout=0.001).id for _ in range(2)]

    def are_over() -> bool:
        tokens = [queue.get_token(token_id) for token_id in ids]
        return all(token is not None and token.status == "timed_out" for token in tokens)

    until(are_over, "the tokens' time is up")
    assert queue.create_supervisor(expire_timed_out_tokens=False).start() == SupervisorRun()
    assert queue.create_supervisor().start() == SupervisorRun(expired_tokens=2)
    assert queue.create_supervisor().start() == SupervisorRun()


@pytest.mark.parametrize("off", [None, 0])
def test_a_clean_up_that_is_switched_off_keeps_everything(queue: JobQueue, off: float | None) -> None:
    finish(queue, 2)
    supervisor = queue.create_supervisor(cleanup_jobs_days_to_keep=off, cleanup_events_days_to_keep=off)
    assert supervisor.start() == SupervisorRun()
    assert queue.count_jobs() == 2
    assert len(queue.get_job_events(queue.get_all_jobs()[0].id)) == 3


def test_it_keeps_what_is_younger_than_it_is_told(queue: JobQueue) -> None:
    finish(queue, 2)
    assert queue.create_supervisor().start() == SupervisorRun()
    assert queue.count_jobs() == 2


def test_it_works_in_the_background_until_it_is_stopped(queue: JobQueue) -> None:
    supervisor = queue.create_supervisor(interval=0.02, cleanup_jobs_days_to_keep=INSTANT)
    assert supervisor.stop_and_drain()
    supervisor.start_in_background()
    assert supervisor.is_running()
    with pytest.raises(RuntimeError, match="this supervisor is running"):
        supervisor.start_in_background()
    for count in (1, 2):
        finish(queue, count)
        until(lambda: queue.count_jobs() == 0, "what ended is deleted")
    assert supervisor.stop_and_drain(30)
    assert not supervisor.is_running()
    finish(queue, 1)
    supervisor.start_in_background()
    until(lambda: queue.count_jobs() == 0, "a supervisor that was stopped works again")
    supervisor.stop()
    assert not supervisor.is_running()


def test_closing_the_queue_ends_its_supervisors(store_url: str) -> None:
    def monitors() -> list[str]:
        return [thread.name for thread in threading.enumerate() if "supervisor" in thread.name]

    with JobQueue(store_url) as queue:
        supervisor = queue.create_supervisor(interval=0.02)
        supervisor.start_in_background()
        assert monitors()
    assert not supervisor.is_running()
    until(lambda: not monitors(), "its monitor has ended")


def test_errors_of_chores_are_handed_over_or_raised() -> None:
    told: list[Exception] = []
    with JobQueue("postgresql://app@127.0.0.1:1/app") as queue:
        with pytest.raises(BackendUnavailable, match=r"127\.0\.0\.1:1"):
            queue.create_supervisor().start()
        supervisor = queue.create_supervisor(interval=0.05, on_error=told.append)
        assert supervisor.start() == SupervisorRun()
        assert [type(error) for error in told] == [BackendUnavailable] * 4
        supervisor.start_in_background()
        until(lambda: len(told) > 3, "errors in the background are told")
        assert "127.0.0.1:1" in str(told[-1])
        assert supervisor.stop_and_drain()


def test_a_supervisor_that_nobody_stopped_lets_the_interpreter_exit() -> None:
    code = """
from dataqueue import JobQueue
queue = JobQueue("sqlite://:memory:")
queue.add_job("t", None)
queue.create_supervisor(interval=0.01).start_in_background()
"""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"interval": 0}, ValueError, "interval is 0: it must be positive"),
        ({"interval": "60"}, TypeError, "interval must be seconds"),
        ({"stuck_jobs_timeout_minutes": -1}, ValueError, "stuck_jobs_timeout_minutes is -1"),
        ({"stuck_jobs_timeout_minutes": None}, TypeError, "stuck_jobs_timeout_minutes must be a number"),
        ({"cleanup_jobs_days_to_keep": -1}, ValueError, "cleanup_jobs_days_to_keep is -1"),
        ({"cleanup_events_days_to_keep": "30"}, TypeError, "cleanup_events_days_to_keep must be a number, not str"),
        ({"reclaim_stuck_jobs": 1}, TypeError, "reclaim_stuck_jobs must be True or False, not int"),
        ({"expire_timed_out_tokens": 0}, TypeError, "expire_timed_out_tokens must be True or False, not int"),
        ({"on_error": 5}, TypeError, "on_error must be a function"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with JobQueue("sqlite://:memory:") as queue, pytest.raises(error, match=says):
        queue.create_supervisor(**options)


@pytest.mark.parametrize("upkeep", [None, 1, "yes"])
def test_upkeep_of_a_processor_is_true_or_false(upkeep: Any) -> None:
    with JobQueue("sqlite://:memory:") as queue:
        with pytest.raises(TypeError, match="upkeep must be True or False"):
            queue.create_processor(HANDLERS, upkeep=upkeep)
        assert queue.create_processor(HANDLERS, upkeep=False).start() == 0
