"""`dataqueue worker` that cannot start, what it says then, and where it reads its store from."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests.conftest import with_parameter
from tests.processes import PATIENCE, ROOT, Worker, gone, until

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "tests.python.worker_handlers:handlers"

MISTAKES = {
    "no_colon": ("worker_handlers", "", r"Error: 'worker_handlers' is not of the form MODULE:HANDLERS"),
    "no_module": ("nowhere.jobs:handlers", "", r"Error: there is no module 'nowhere.jobs' here"),
    "no_parent_module": ("mine.jobs:handlers", "", r"Error: there is no module 'mine.jobs' here"),
    "no_attribute": ("mine:handlers", "other = 1", r"Error: module 'mine' has no 'handlers'"),
    "no_handlers": ("mine:handlers", "handlers = 7", r"Error: handlers must be JobHandlers or a mapping"),
    "import_error": ("mine:handlers", "import missing_one", r"mine.py\", line 1.*No module named 'missing_one'"),
    "similar_name": ("mine:handlers", "import min", r"mine.py\", line 1.*No module named 'min'"),
    "syntax_error": ("mine:handlers", "def f(:", r"mine.py\", line 1.*SyntaxError"),
    "error": ("mine:handlers", "\n1 / 0", r"mine.py\", line 2.*ZeroDivisionError"),
    "exit": ("mine:handlers", "raise SystemExit('no licence')", r"mine.py\", line 1.*SystemExit: no licence"),
}


@pytest.mark.parametrize(("target", "source", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_target_is_told_once_and_ends_it(
    sqlite_store_url: str, tmp_path: Path, target: str, source: str, says: str
) -> None:
    (tmp_path / "mine.py").write_text(source)
    with Worker(target, sqlite_store_url, tmp_path, "--processes", "4", cwd=tmp_path) as worker:
        assert worker.ends() == 1
        assert len(worker.says(f"(?s){says}")) == 1
        assert len(worker.children()) == 1
    assert "Traceback" not in worker.log
    assert "dataqueue/cli" not in worker.log


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--schema", "jobs"), "--schema is for PostgreSQL"),
        (("--lease", "0"), "lease is 0.0: it must be positive"),
        (("--poll-interval", "-1"), "poll_interval is -1.0"),
        (("--drain-timeout", "nan"), "drain_timeout"),
        (("--job-type", ""), "job_type"),
        (("--env-path", "nowhere.env"), "cannot read nowhere.env"),
    ],
)
def test_a_bad_option_is_told_once_and_ends_it(
    sqlite_store_url: str, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    with Worker(TARGET, sqlite_store_url, tmp_path, "--processes", "2", *options) as worker:
        assert worker.ends() == 1
        assert len(worker.says(f"Error: .*{says}")) == 1
    assert "Traceback" not in worker.log


@pytest.mark.parametrize("option", ["--processes", "--concurrency", "--batch-size"])
def test_a_number_out_of_range_is_a_usage_error(sqlite_store_url: str, tmp_path: Path, option: str) -> None:
    with Worker(TARGET, sqlite_store_url, tmp_path, option, "0") as worker:
        assert worker.ends() == 2
        worker.says(f"Invalid value for '{option}'")


def test_a_schema_that_was_not_migrated_is_told_with_the_remedy(postgres_url: str, schema: str, tmp_path: Path) -> None:
    with Worker(TARGET, with_parameter(postgres_url, "schema", schema), tmp_path) as worker:
        assert worker.ends() == 1
        assert len(worker.says("dataqueue migrate up")) == 1
    assert "Traceback" not in worker.log


def test_a_server_that_is_not_there_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql://app:Zq9-secret@127.0.0.1:{unused.getsockname()[1]}/app"
        with Worker(TARGET, url, tmp_path, "--processes", "2") as worker:
            assert worker.ends() == 1
            assert len(worker.says("Error: .*PostgreSQL")) == 3
            worker.says("the workers do not start: giving up")
    assert "Traceback" not in worker.log
    assert "Zq9-secret" not in worker.log


def test_an_import_that_hangs_does_not_keep_it(sqlite_store_url: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(1e6)\n")
    with Worker("slow:handlers", sqlite_store_url, tmp_path, cwd=tmp_path) as worker:
        worker.says("importing")
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
    with Worker("slow:handlers", sqlite_store_url, tmp_path, cwd=tmp_path) as worker:
        worker.says("importing", 2)
        child = worker.children(2)[-1]
        worker.send(signal.SIGKILL)
        worker.ends()
        until(lambda: gone(child), "the worker ended after its parent")


def test_a_replacement_that_does_not_start_is_tried_until_it_does(sqlite_store_url: str, tmp_path: Path) -> None:
    source = (ROOT / "tests/python/worker_handlers.py").read_text()
    (tmp_path / "mine.py").write_text(source)
    with (
        JobQueue(sqlite_store_url) as queue,
        Worker("mine:handlers", sqlite_store_url, tmp_path, cwd=tmp_path) as worker,
    ):
        queue.wait_for_job(queue.add_job("echo", 1), PATIENCE)
        (tmp_path / "mine.py").write_text("half a deployment")
        queue.add_job("die", 9, max_attempts=1)
        worker.says("mine.py", 2)
        (tmp_path / "mine.py").write_text(source)
        assert queue.wait_for_job(queue.add_job("echo", 2), PATIENCE).output == 2
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


def test_the_schema_can_be_an_option(postgres_url: str, postgres_store_url: str, schema: str, tmp_path: Path) -> None:
    with JobQueue(postgres_store_url) as queue, Worker(TARGET, postgres_url, tmp_path, "--schema", schema) as worker:
        assert queue.wait_for_job(queue.add_job("echo", 5), PATIENCE).output == 5
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


@pytest.mark.parametrize("name", ["DATAQUEUE_URL", "PG_DATAQUEUE_DATABASE"])
def test_the_url_can_come_from_a_file_or_the_environment(store_url: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "prod.env").write_text(f"# the store\nexport {name}='{store_url}'\n")
    ways: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("--env-path", str(tmp_path / "prod.env")), {}),
        ((), {name: store_url}),
    ]
    with JobQueue(store_url) as queue:
        for options, env in ways:
            with Worker(TARGET, None, tmp_path, *options, env=env) as worker:
                assert queue.wait_for_job(queue.add_job("echo", 5), PATIENCE).output == 5
                worker.send(signal.SIGTERM)
                assert worker.ends() == 0
                assert "Warning" not in worker.log


def test_the_help_explains_every_option(tmp_path: Path) -> None:
    with Worker("--help", None, tmp_path) as worker:
        assert worker.ends() == 0
    for word in ("--url", "--schema", "--env-path", "--processes", "--concurrency", "--batch-size", "--job-type"):
        assert f"{word} " in worker.out
    for words in ("myapp.jobs:handlers", "SIGTERM or Ctrl-C drains", "second", "130", "[default: 30.0]"):
        assert words in worker.out
