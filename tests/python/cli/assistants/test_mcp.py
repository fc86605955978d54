"""`dataqueue mcp`, asked by a real client over standard input and output."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters

from dataqueue import JobHandlers, JobQueue
from dataqueue.cli.main import group
from dataqueue.config import URL_VARIABLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DOCS = {"search-docs", "get-doc-page", "list-doc-pages"}
QUEUE = {"queue-status", "list-jobs", "get-job"}


@asynccontextmanager
async def connected(folder: Path, *options: str, **variables: str) -> AsyncIterator[Client]:
    environ = {name: value for name, value in os.environ.items() if name not in URL_VARIABLES}
    command = ["-c", "from dataqueue.cli import main; main()", "mcp", *options]
    server = StdioServerParameters(command=sys.executable, args=command, env=environ | variables, cwd=folder)
    async with Client(server) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    text = "".join(getattr(part, "text", "") for part in answer.content)
    assert not answer.is_error, text
    assert answer.structured_content is not None
    return answer.structured_content.get("result", answer.structured_content)


async def error_of(client: Client, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return "".join(getattr(part, "text", "") for part in answer.content)


async def test_the_documentation_is_searched_listed_and_read(tmp_path: Path) -> None:
    async with connected(tmp_path) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == DOCS
        for tool in tools:
            assert tool.description
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
        listed = await call(client, "list-doc-pages")
        assert {"overview", "adding", "cli"} <= {page["slug"] for page in listed}
        found = await call(client, "search-docs", query="idempotency key", limit=3)
        assert len(found) == 3
        more = await call(client, "search-docs", query="idempotency key", limit=20)
        assert [hit["slug"] for hit in more][:3] == [hit["slug"] for hit in found]
        assert "adding" in [hit["slug"] for hit in more]
        page = await call(client, "get-doc-page", slug="docs/adding.md")
        assert page.startswith("# Adding jobs\n")
        assert "did you mean adding" in await error_of(client, "get-doc-page", slug="addin")
        assert "no word" in await error_of(client, "search-docs", query="?!")
        assert await error_of(client, "search-docs", query="lease", limit=0)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - without blocking paths


async def test_a_queue_is_looked_at_and_not_changed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    handlers = JobHandlers()

    @handlers.job("broken", max_attempts=1)
    def broken(payload: dict[str, str]) -> None:
        raise RuntimeError("no luck")

    with JobQueue(url) as queue:
        failed = queue.add_job(broken, {"email": "ada@example.com", "n": "1"}, tags=["acme"])
        queue.create_processor(handlers).start()
        later = queue.add_job("later", {"Email": "bob@example.com"})
        before = queue.get_all_jobs()
        async with connected(tmp_path, "--redact", "email", DATAQUEUE_URL=url) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == DOCS | QUEUE
            status = await call(client, "queue-status")
            assert status["counts"]["failed"]["value"] == 1
            listed = await call(client, "list-jobs", limit=1)
            assert [job["id"] for job in listed["jobs"]] == [later]
            rest = await call(client, "list-jobs", limit=1, cursor=listed["next_cursor"])
            assert [job["id"] for job in rest["jobs"]] == [failed]
            job = await call(client, "get-job", id=failed)
            assert job["payload"] == {"email": "[redacted]", "n": "1"}
            assert job["error_history"][0]["message"] == "no luck"
            assert [event["event_type"] for event in job["events"]] == ["added", "processing", "failed"]
            some = await call(client, "list-jobs", status="failed", job_type="broken", tags=["acme"])
            assert [one["id"] for one in some["jobs"]] == [failed]
            assert "@example.com" not in json.dumps([job, listed, rest])
            assert "there is no job 99" in await error_of(client, "get-job", id=99)
        async with connected(tmp_path, "--hide-payloads", "--url", url) as client:
            assert (await call(client, "get-job", id=failed))["payload"] == "[redacted]"
        assert queue.get_all_jobs() == before


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--redact", "email"], 2, "--url"),
        (["--url", "sqlite:///nothing.db"], 1, "there is no SQLite database"),
        (["--url", "mysql://x"], None, "mysql"),
    ],
)
def test_a_mistake_is_told_at_the_start(
    options: list[str], code: int | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in URL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(group, ["mcp", *options])
    assert told in done.stderr + str(done.exception)
    assert code is None or done.exit_code == code
    assert list(tmp_path.iterdir()) == []


def test_what_it_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    done = CliRunner().invoke(group, ["mcp"])
    assert done.exit_code == 1
    assert "pip install 'dataqueue[mcp]'" in done.stderr
