"""`manage.py dataqueue_worker` with real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests.conftest import here
from tests.processes import PATIENCE, Script, until
from tests.python.contrib.environments import ROOT, with_backport, with_django_6
from tests.python.contrib.projects import environment
from tests.servers import NotHereError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASKS = "tests.python.contrib.shop.tasks"


@pytest.fixture(scope="module")
def python() -> Iterator[str]:
    """One with a task framework."""
    try:
        with with_django_6() as found:
            yield found
    except NotHereError:
        with here(with_backport()) as found:
            yield found


@pytest.fixture
def queue(postgres_store_url: str) -> Iterator[JobQueue]:
    with JobQueue(postgres_store_url) as queue:
        yield queue


def test_it_runs_all_tasks_and_drains(
    python: str, queue: JobQueue, postgres_url: str, schema: str, tmp_path: Path
) -> None:
    env = environment(python, postgres_url, schema)
    command = ["-m", "django", "dataqueue_worker", "--concurrency", "1", "--processes", "2"]
    started, release = tmp_path / "started", tmp_path / "release"
    with Script(command, tmp_path, env=env, python=python) as worker:
        mail = queue.add_job(f"mails:{TASKS}.add_async", {"args": [1], "kwargs": {"b": 2}})
        assert queue.wait_for_job(mail, PATIENCE).output == 3
        busy = queue.add_job(f"{TASKS}.wait_for", {"args": [str(started), str(release)], "kwargs": {}})
        until(started.exists, "the task started")
        worker.send(signal.SIGTERM)
        worker.says("stopping")
        late = queue.add_job(f"{TASKS}.add", {"args": [1], "kwargs": {}})
        release.touch()
        assert worker.ends() == 0, worker.log
    assert queue.wait_for_job(busy, 0).output == "released"
    job = queue.get_job(late)
    assert job is not None
    assert (job.status, job.attempts) == ("pending", 0)


def test_it_runs_only_the_queues_that_it_is_told(
    python: str, queue: JobQueue, postgres_url: str, schema: str, tmp_path: Path
) -> None:
    env = environment(python, postgres_url, schema)
    command = ["-m", "django", "dataqueue_worker", "--queue", "mails", "--poll-interval", "1"]
    with Script(command, tmp_path, env=env, python=python) as worker:
        other = queue.add_job(f"{TASKS}.add", {"args": [1], "kwargs": {}}, priority=5)
        mail = queue.add_job(f"mails:{TASKS}.add", {"args": [1], "kwargs": {}})
        assert queue.wait_for_job(mail, PATIENCE).output == 1
        worker.send(signal.SIGINT)
        assert worker.ends() == 0, worker.log
    job = queue.get_job(other)
    assert job is not None
    assert job.status == "pending"


def test_without_a_task_framework_it_runs_handlers(
    queue: JobQueue, postgres_url: str, postgres_store_url: str, schema: str, tmp_path: Path
) -> None:
    env = environment(sys.executable, postgres_url, schema)
    target = "tests.python.contrib.shop.jobs:handlers"
    command = ["-m", "django", "dataqueue_worker", "--handlers", target, "--url", postgres_store_url]
    with Script(command, tmp_path, env=env) as worker:
        asked = [queue.add_job(name, 5) for name in ("ask", "ask_async")]
        assert [queue.wait_for_job(job, PATIENCE).output for job in asked] == [[5, True], 5]
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0, worker.log


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--handlers", "tests.python.contrib.shop.nothing:handlers"], 1, "there is no module"),
        (["--handlers", "x:y", "--concurrency", "0"], 2, "Invalid value for '--concurrency'"),
        (["--handlers", "x:y", "--health-host", "127.0.0.1"], 2, "--health-host needs --health-port"),
    ],
)
def test_mistakes_are_named(options: list[str], code: int, says: str, postgres_url: str, schema: str) -> None:
    command = [sys.executable, "-m", "django", "dataqueue_worker", *options, "--url", "sqlite://:memory:"]
    env = environment(sys.executable, postgres_url, schema)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
