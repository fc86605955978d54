"""A database that the TypeScript library's release made: adopted, and used by both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dataqueue import JobHandlers, JobQueue
from tests.conftest import NOT_HERE, with_parameter
from tests.processes import until
from tests.python.adopting.application import Application, application, installed, statements
from tests.python.cli.conftest import Cli
from tests.servers import NotHereError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Shared:
    """A database and those who use it."""

    app: Application
    cli: Cli

    def adopt(self) -> JobQueue:
        ran = self.cli.run("migrate", "up", "--adopt")
        assert ran.returncode == 0, ran.stderr
        return JobQueue(self.cli.url)


@pytest.fixture
def shared(postgres_url: str, schema: str, tmp_path: Path) -> Iterator[Shared]:
    try:
        folder = installed()
    except NotHereError as reason:
        pytest.skip(f"{NOT_HERE}{reason}")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"create schema if not exists {schema}".encode())
        connection.execute(f"set search_path to {schema}".encode())
        for statement in statements(folder):
            connection.execute(statement.encode())
    with application(folder, with_parameter(postgres_url, "search_path", schema)) as app:
        yield Shared(app, Cli(with_parameter(postgres_url, "schema", schema), tmp_path))


def handlers(seen: list[Any]) -> JobHandlers:
    made = JobHandlers()

    @made.job("ours")
    def ours(payload: Any, *, ctx: Any) -> Any:
        seen.append(payload)
        ctx.set_progress(50)
        return {"seen": payload}

    @made.job("approval")
    def approval(payload: Any, *, ctx: Any) -> Any:
        token = ctx.run("token", lambda: ctx.create_token(timeout="1h").id)
        return ctx.wait_for_token(token).output

    return made


def test_what_was_there_before_is_run_and_both_go_on(shared: Shared) -> None:
    app, seen = shared.app, list[Any]()
    first = app("addJob", {"jobType": "ours", "payload": {"n": 1}, "tags": ["a"]})
    app("addJob", {"jobType": "theirs", "payload": {"fails": True}})
    assert app("process") == 1
    refused = shared.cli.run("migrate", "up")
    assert (refused.returncode, "--adopt" in refused.stderr) == (1, True)
    with shared.adopt() as queue:
        assert shared.cli.run("migrate", "up", "--adopt").stdout.startswith("Nothing to do")
        failed = queue.get_job(2)
        assert failed is not None
        assert (failed.status, failed.error_history[-1].message) == ("failed", "it broke")
        second = app("addJob", {"jobType": "ours", "payload": {"n": 2}, "priority": 1})
        assert (type(second), queue.add_job("theirs", {"n": 3})) == (int, second + 1)
        later = datetime.now(UTC) + timedelta(hours=1)
        third = app("addJob", {"jobType": "ours", "payload": {}, "runAt": later.isoformat()})
        app("editJob", second, {"priority": 9, "payload": {"n": 22}})
        app("cancelJob", app("addJob", {"jobType": "ours", "payload": {}}))
        assert queue.create_processor(handlers(seen)).start() == 2
        assert sorted(one["n"] for one in seen) == [1, 22]
        told = app("getJob", first)
        assert (told["status"], told["attempts"], told["id"], told["tags"]) == ("completed", 1, first, ["a"])
        app("editJob", third, {"runAt": datetime.now(UTC).isoformat()})
        assert queue.create_processor(handlers(seen)).start() == 1
        assert app("process") == 1
        assert app("ran")[-1] == {"n": 3}
        assert queue.retry_job(2)
        assert app("process") == 1
        assert [event.event_type for event in queue.get_job_events(first)][:1] == ["added"]


def test_steps_waits_and_tokens_of_a_job_that_the_application_added(shared: Shared) -> None:
    with shared.adopt() as queue:
        job_id = shared.app("addJob", {"jobType": "approval", "payload": {}})
        processor = queue.create_processor(handlers([]))
        assert processor.start() == 1
        assert shared.app("getJob", job_id)["status"] == "waiting"
        (token,) = queue.get_tokens()
        assert queue.complete_token(token.id, {"approved": True})
        assert processor.start() == 1
        done = queue.get_job(job_id)
        assert done is not None
        assert (done.status, done.output, done.attempts) == ("completed", {"approved": True}, 1)


def test_each_runs_its_types_at_the_same_time_and_nobody_takes_what_another_runs(shared: Shared) -> None:
    seen: list[Any] = []
    with shared.adopt() as queue, ThreadPoolExecutor(1) as pool:
        processor = queue.create_processor(handlers(seen), concurrency=4)
        processor.start_in_background()

        def application() -> int:
            for number in range(40):
                shared.app("addJob", {"jobType": "ours", "payload": {"n": number}})
                shared.app("addJob", {"jobType": "theirs", "payload": {"n": number}})
            while shared.app("process"):
                shared.app("reclaimStuckJobs", 0)
            return len(shared.app("ran"))

        assert pool.submit(application).result(120) == 40
        until(lambda: queue.count_jobs(status="completed") == 80, "all jobs completed")
        processor.stop()
        assert sorted(one["n"] for one in seen) == list(range(40))
