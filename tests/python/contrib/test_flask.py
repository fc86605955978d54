"""The extension of Flask's, in applications from a factory, and its worker command with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.cli import FlaskGroup

from dataqueue import ConfigError, JobHandlers, JobQueue
from dataqueue.contrib.flask import Dataqueue
from tests.processes import PATIENCE, ROOT, Script
from tests.python.contrib.flask_shop import create_app, dataqueue, torn_down

if TYPE_CHECKING:
    from collections.abc import Iterator

FLASK = ["-m", "flask", "--app", "tests.python.contrib.flask_shop:create_app"]


@pytest.fixture
def app(store_url: str) -> Iterator[Flask]:
    torn_down.clear()
    app = create_app("ada", store_url)
    yield app
    app.extensions["dataqueue.queue"].close()


def test_jobs_run_in_the_context_of_their_application(app: Flask, sqlite_store_url: str) -> None:
    other = create_app("bob", f"{sqlite_store_url}2")
    both = {"ada": app, "bob": other}
    for owner, one in both.items():
        with one.test_client() as client:
            added = [client.post(f"/{number}").json["job"] for number in (1, 2)]  # type: ignore[index]
        with one.app_context():
            queue = dataqueue.queue
            added.append(queue.add_job("whose_async", 3))
        torn_down.clear()
        # All on one thread, where a context that was left open would be the next one's.
        processor = dataqueue.create_processor(one, concurrency=1)
        assert processor.start() == 3
        outputs = [queue.wait_for_job(job_id, 0).output[:2] for job_id in added]
        assert outputs == [[owner, [1]], [owner, [2]], [owner, [3]]]
        assert torn_down == [(owner, "None")] * 3
    other.extensions["dataqueue.queue"].close()


def test_the_context_is_told_of_an_error(app: Flask) -> None:
    queue: JobQueue = app.extensions["dataqueue.queue"]
    failed = queue.add_job("fails", 1, max_attempts=1)
    handlers = JobHandlers({"fails": dataqueue.handlers.get("fails").func})  # type: ignore[union-attr]
    extension = Dataqueue(handlers=handlers)
    assert extension.create_processor(app).start() == 1
    assert queue.wait_for_job(failed, 0).error_history[0].message == "'shop'"
    assert torn_down == [("ada", "KeyError('shop')")]


def test_mistakes_are_named(app: Flask, sqlite_store_url: str) -> None:
    with pytest.raises(ValueError, match="'shop' has a queue already"):
        dataqueue.init_app(app)
    bare = Flask("bare")
    with bare.app_context(), pytest.raises(RuntimeError, match="'bare' has no queue"):
        _ = dataqueue.queue
    with pytest.raises(RuntimeError, match="'bare' has no queue"):
        dataqueue.create_processor(bare)
    for url in (7, "mysql://db/app"):
        bare.config["DATAQUEUE_URL"] = url
        with pytest.raises(ConfigError):
            dataqueue.init_app(bare)
    with pytest.raises(TypeError, match="handlers must be JobHandlers"):
        Dataqueue(handlers=7)  # type: ignore[arg-type]


def environment(url: str) -> dict[str, str]:
    package = str(Path(sys.modules["dataqueue"].__file__ or "").parents[1])
    return {**os.environ, "SHOP_URL": url, "PYTHONPATH": os.pathsep.join([package, str(ROOT)])}


def test_the_worker_command_loads_the_application_and_drains(postgres_store_url: str, tmp_path: Path) -> None:
    command = [*FLASK, "dataqueue", "worker", "--concurrency", "2"]
    with (
        JobQueue(postgres_store_url) as queue,
        Script(command, tmp_path, env=environment(postgres_store_url)) as worker,
    ):
        added = [queue.add_job(name, 1) for name in ("whose", "whose_async", "apart")]
        outputs: list[Any] = [queue.wait_for_job(job_id, PATIENCE).output for job_id in added]
        assert [output[0] for output in outputs] == ["ada"] * 3
        pids = [outputs[0][2], outputs[2][1]]
        assert len({*pids, worker.process.pid}) == 3
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0, worker.log
        assert "stopping" in worker.log


def flask(url: str, *arguments: str, first: list[str] = FLASK) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *first, "dataqueue", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(url), capture_output=True, text=True, timeout=100, check=False
    )


def test_the_commands_say_what_is_wrong(postgres_url: str, schema: str) -> None:
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}schema={schema}"
    done = flask(url, "worker", "--processes", "0")
    assert (done.returncode, "Invalid value for '--processes'" in done.stderr) == (2, True)
    done = flask(url, "worker")
    assert (done.returncode, "migrate up" in done.stderr) == (1, True), done.stderr
    done = flask(url, "migrate")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the store is up to date"), done.stderr


def test_a_program_of_ones_own_has_to_name_the_application(
    sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLASK_APP", raising=False)
    group = FlaskGroup(create_app=lambda: create_app("ada", sqlite_store_url))
    from click.testing import CliRunner

    done = CliRunner().invoke(group, ["dataqueue", "worker"])
    assert (done.exit_code, "set $FLASK_APP" in done.output) == (2, True), done.output
