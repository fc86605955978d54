"""`dataqueue dev`: the code as it was saved runs, mistakes are shown and mended, and Ctrl-C ends everything."""

from __future__ import annotations

import re
import signal
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from dataqueue import JobQueue
from dataqueue.cli.main import group
from dataqueue.config import URL_VARIABLES
from tests.processes import Script, gone, until

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLERS = """
import pathlib, time
from dataqueue import JobHandlers

handlers = JobHandlers()

@handlers.job("version")
def version(payload):
    return {version}

@handlers.job("slow")
def slow(seconds):
    pathlib.Path("slow").touch()
    time.sleep(seconds)
    return "slept"
"""
COMMAND = ["-c", "from dataqueue.cli import main; main()", "dev", "mine:handlers"]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in URL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    save("1")


def save(version: str) -> None:
    Path("mine.py").write_text(HANDLERS.format(version=version))


@contextmanager
def developing(*options: str) -> Iterator[tuple[Script, JobQueue]]:
    folder = Path("told")
    folder.mkdir()
    with (
        JobQueue("sqlite:///dataqueue.db") as queue,
        Script([*COMMAND, "--port", "0", *options], folder.resolve(), cwd=Path.cwd()) as running,
    ):
        yield running, queue
        assert "Traceback" not in running.out


def result(queue: JobQueue, job_type: str = "version", payload: Any = None) -> Any:
    job_id = queue.add_job(job_type, payload)
    return queue.wait_for_job(job_id, timeout=60, raise_on_failure=True).output


def runs(running: Script, what: str) -> None:
    until(lambda: Path("slow").exists() or running.process.poll() is not None, what)
    assert running.process.poll() is None, running.log


def test_what_was_saved_runs_and_mistakes_are_mended() -> None:
    with developing() as (running, queue):
        assert result(queue) == 1
        url = running.says(r"The dashboard is on (http://127\.0\.0\.1:\d+/)")[0]
        with urlopen(f"{url}jobs", timeout=30) as answer:
            assert "#1<" in answer.read().decode()

        save("2")
        running.says(r"mine\.py changed: starting the worker anew")
        # Both saves may lie within one second, and neither may be lost.
        until(lambda: result(queue) == 2, "the second version runs")

        save("(")
        running.says("the worker does not start: mend that and save the file")
        assert "SyntaxError" in running.log
        assert "mine.py" in running.log
        waiting = queue.add_job("version", None)
        save("4")
        assert queue.wait_for_job(waiting, timeout=60).output == 4

        running.send(signal.SIGINT)
        assert running.ends() == 0, running.log
        assert "stopping: jobs have 5 s to end" in running.log
        with pytest.raises(OSError, match="refused"):
            urlopen(f"{url}jobs", timeout=30)
        assert queue.get_workers() == []


def test_running_jobs_end_within_the_drain_timeout() -> None:
    with developing("--drain-timeout", "30", "--no-dashboard") as (running, queue):
        job_id = queue.add_job("slow", 1)
        runs(running, "the job runs")
        running.send(signal.SIGTERM)
        assert running.ends() == 0, running.log
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.output) == ("completed", "slept")


def test_jobs_that_take_longer_go_back() -> None:
    with developing("--drain-timeout", "0.1", "--no-dashboard") as (running, queue):
        job_id = queue.add_job("slow", 600)
        runs(running, "the job runs")
        save("2")
        running.says("a job that did not end in time went back to the queue")
        Path("slow").unlink()
        runs(running, "the job runs again, in the worker that was started anew")
        running.send(signal.SIGINT)
        assert running.ends() == 1, running.log
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)


def test_a_second_signal_stops_at_once_and_leaves_nothing_behind() -> None:
    with developing("--drain-timeout", "600") as (running, queue):
        queue.add_job("slow", 600)
        runs(running, "the job runs")
        [worker] = queue.get_workers()
        running.send(signal.SIGINT)
        running.says("stopping")
        running.send(signal.SIGINT)
        assert running.ends() == 130, running.log
        assert worker.pid is not None
        until(lambda: gone(worker.pid or 0), "the worker is gone")


def test_a_worker_that_dies_is_started_anew() -> None:
    Path("mine.py").write_text(
        HANDLERS.format(version="1")
        + "\n@handlers.job('die', max_attempts=1)\ndef die(payload):\n    import os; os._exit(7)\n"
    )
    with developing("--no-dashboard") as (running, queue):
        queue.add_job("die", None)
        running.says(r"the worker \(process \d+\) ended with exit code 7: starting it anew")
        assert result(queue) == 1
        running.send(signal.SIGINT)
        assert running.ends() == 0, running.log


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["mine"], 1, "MODULE:HANDLERS"),
        (["mine:handlers", "--watch", "nowhere"], 2, "nowhere"),
        (["mine:handlers", "--drain-timeout", "-1"], 2, "--drain-timeout"),
    ],
)
def test_mistakes_are_told_before_anything_starts(arguments: list[str], code: int, told: str) -> None:
    done = CliRunner().invoke(group, ["dev", *arguments])
    assert (done.exit_code, told in done.stderr) == (code, True), done.output
    assert not Path("dataqueue.db").exists()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        done = CliRunner().invoke(group, ["dev", "mine:handlers", "--port", str(port)])
    assert done.exit_code == 1
    assert re.search(rf"cannot listen on 127\.0\.0\.1 port {port}: .*: give another --port", done.stderr)


def test_what_it_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "dataqueue.cli.dev.watching", raising=False)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    done = CliRunner().invoke(group, ["dev", "mine:handlers"])
    assert done.exit_code == 1
    assert "pip install 'dataqueue[dev]'" in done.stderr
