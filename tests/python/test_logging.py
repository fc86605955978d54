"""The log: a handler that raises harms nothing, and no thread hangs on one that holds the interpreter."""

from __future__ import annotations

import logging
import threading
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobQueue
from tests.conftest import with_parameter
from tests.processes import PATIENCE, Script, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Raises(logging.Handler):
    """Breaks the rule that a logging handler must not raise."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())
        raise RuntimeError("the log is full")


@pytest.fixture
def raising() -> Iterator[Raises]:
    handler = Raises()
    logger, of_jobs = logging.getLogger("dataqueue"), logging.getLogger("dataqueue.job")
    logger.addHandler(handler)
    of_jobs.setLevel(logging.INFO)
    yield handler
    of_jobs.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


def test_a_logging_handler_that_raises_harms_no_job(
    sqlite_store_url: str, raising: Raises, capfd: pytest.CaptureFixture[str]
) -> None:
    handlers = JobHandlers()

    def no_rule(attempt: int, error: BaseException) -> float:
        raise ValueError(attempt)

    def no_answer() -> float:
        raise ValueError("no answer")

    @handlers.job("says")
    def says(payload: None, *, ctx: JobContext) -> str:
        ctx.log("hello")
        return "said"

    @handlers.job("says_async")
    async def says_async(payload: None, *, ctx: AsyncJobContext) -> str:
        ctx.log("hello")
        return "said"

    @handlers.job("fails", max_attempts=1, retry=no_rule)
    def fails(payload: None) -> None:
        raise ValueError("no")

    @handlers.job("late", max_attempts=1, timeout=0.1)
    def late(payload: None, *, ctx: JobContext) -> None:
        ctx.on_timeout(no_answer)
        ctx.signal.wait(PATIENCE)

    with JobQueue(sqlite_store_url) as queue:
        ids = [queue.add_job(handler, None) for handler in (fails, late, says, says_async)]
        processor = queue.create_processor(handlers, concurrency=1)
        processor.start_in_background()
        first, second, third, fourth = (queue.wait_for_job(job_id, PATIENCE) for job_id in ids)
        assert processor.stop_and_drain(PATIENCE)
    assert (first.failure_reason, second.failure_reason) == ("handler_error", "timeout")
    assert (third.output, fourth.output) == ("said", "said")
    assert sum("hello" in text for text in raising.heard) == 2
    assert any("retry rule" in text for text in raising.heard)
    assert any("on_timeout" in text for text in raising.heard)
    assert "the log is full" in capfd.readouterr().err


def raises(error: Exception) -> None:
    raise SystemExit(str(error))


@pytest.mark.parametrize("on_error", [None, raises])
def test_reports_that_nobody_can_hear_do_not_deafen_the_monitor(
    postgres_url: str, postgres_store_url: str, raising: Raises, on_error: Callable[[Exception], object] | None
) -> None:
    handlers = JobHandlers()
    running = threading.Event()
    reasons: list[str | None] = []

    @handlers.job("waits")
    def waits(payload: None, *, ctx: JobContext) -> None:
        running.set()
        ctx.signal.wait(PATIENCE)
        reasons.append(ctx.signal.reason)

    name = f"t{uuid.uuid4().hex[:12]}"
    url = with_parameter(postgres_store_url, "application_name", name)
    with JobQueue(url) as queue, psycopg.connect(postgres_url, autocommit=True) as other:
        queue.add_job(waits, None)
        processor = queue.create_processor(handlers, lease=0.5, on_error=on_error)
        processor.start_in_background()
        assert running.wait(PATIENCE)

        def reported() -> bool:
            other.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s", [name])
            return bool(raising.heard)

        until(reported, "an error of the engine was reported")
        processor.stop_and_drain(0)
        until(lambda: reasons == ["shutdown"], "the handler was told to stop")


def test_callbacks_that_block_do_not_deafen_the_monitor(sqlite_store_url: str) -> None:
    handlers = JobHandlers()
    go_on = threading.Event()

    @handlers.job("blocked", max_attempts=1, timeout=0.1)
    def blocked(payload: None, *, ctx: JobContext) -> None:
        ctx.on_timeout(lambda: float(go_on.wait()))
        ctx.signal.wait(PATIENCE)

    @handlers.job("extended", max_attempts=1, timeout=0.2)
    def extended(payload: None, *, ctx: JobContext) -> bool:
        ctx.on_timeout(lambda: 5)
        return ctx.signal.wait(0.5)

    with JobQueue(sqlite_store_url) as queue:
        first, second = queue.add_job(blocked, None), queue.add_job(extended, None)
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        assert queue.wait_for_job(first, PATIENCE).failure_reason == "timeout"
        assert queue.wait_for_job(second, PATIENCE).output is False
        go_on.set()
        assert processor.stop_and_drain(PATIENCE)


HOLDS = """
import ctypes, logging, sys, threading
from dataqueue import JobHandlers, JobQueue

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
logging.getLogger("dataqueue").setLevel(logging.DEBUG)
handlers = JobHandlers()
# Called without giving up the interpreter.
sleep = ctypes.PyDLL(None).usleep

@handlers.job("holds")
def holds(payload):
    sleep(payload)

@handlers.job("logs")
async def logs(payload):
    logging.getLogger("mine").debug("%s", payload)

with JobQueue(sys.argv[1], verbose=True) as queue:
    processor = queue.create_processor(handlers, concurrency=8, lease=0.3)
    processor.start_in_background()
    def add():
        for number in range(30):
            queue.add_job("holds" if number % 10 == 0 else "logs", 200_000)
    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job in queue.get_jobs(limit=1000):
        assert queue.wait_for_job(job.id, 60).attempts == 1, job
    assert processor.stop_and_drain(60)
print("done")
"""


def test_threads_that_log_do_not_hang_on_one_that_holds_the_interpreter(store_url: str, tmp_path: Path) -> None:
    with Script(["-c", HOLDS, store_url], tmp_path) as script:
        assert script.ends() == 0, script.log
        assert script.out == "done\n"
        # Both the program and the engine were heard.
        assert "DEBUG:mine:" in script.log
        assert ":dataqueue:" in script.log
