"""`dataqueue init`: each project that it begins runs, and nothing that is there is overwritten."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import stat
import sys
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result

from dataqueue import JobQueue
from dataqueue.cli.init.project import FRAMEWORKS, STORES, files
from dataqueue.cli.main import group
from dataqueue.cli.options import read_env
from dataqueue.config import URL_VARIABLES
from tests.browser import chromium
from tests.processes import Script, until

SERVERS = {
    "fastapi": ["-m", "uvicorn", "app:app", "--port", "{port}"],
    "flask": ["-m", "flask", "run", "--port", "{port}"],
    "django": ["manage.py", "runserver", "--noreload", "{port}"],
    "plain": ["app.py"],
}
WORKERS = {
    "own": ["worker.py"],
    "command": [
        "-c",
        "from dataqueue.cli import main; main()",
        *("worker", "jobs:handlers", "--env-path", ".env"),
    ],
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*URL_VARIABLES, "DASHBOARD_PASSWORD", "DJANGO_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, exit_code: int = 0) -> Result:
    done = CliRunner().invoke(group, ["init", *arguments])
    assert done.exit_code == exit_code, done.output + repr(done.exception)
    return done


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Site:
    """The running application, asked over HTTP as a page asks it."""

    def __init__(self, url: str) -> None:
        self._url, self._token = url, ""

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        if self._token:
            headers |= {"x-csrftoken": self._token, "cookie": f"csrftoken={self._token}"}
        request = Request(self._url + path, body, {"content-type": "application/json", **headers})
        try:
            with urlopen(request, timeout=30) as answer:
                cookie = SimpleCookie(answer.headers["set-cookie"] or "")
                self._token = cookie["csrftoken"].value if "csrftoken" in cookie else self._token
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def is_up(self) -> bool:
        try:
            return self.ask("/")[0] == 200
        except (URLError, ConnectionError):
            return False

    def job(self, job_id: int) -> Any:
        status, text = self.ask(f"/progress/api/jobs/{job_id}")
        assert status == 200, text
        return json.loads(text)["job"]


@pytest.mark.parametrize(
    ("framework", "store", "worker"),
    [
        ("fastapi", "sqlite", "command"),
        ("flask", "postgres", "own"),
        ("django", "sqlite", "own"),
        ("plain", "redis", "command"),
    ],
)
def test_a_project_runs(
    framework: str, store: str, worker: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run("--dir", "site", "--framework", framework, "--store", store)
    site = tmp_path / "site"
    port = free_port()
    variables = {"PORT": str(port)}
    if store != "sqlite":
        # The environment wins over the file, which names the server of compose.yaml.
        variables["DATAQUEUE_URL"] = request.getfixturevalue(f"{store}_store_url")
    (tmp_path / "server").mkdir()
    (tmp_path / "worker").mkdir()
    serve = [word.format(port=port) for word in SERVERS[framework]]
    with (
        Script(serve, tmp_path / "server", cwd=site, env=variables) as server,
        Script(WORKERS[worker], tmp_path / "worker", cwd=site, env=variables) as working,
    ):
        page = Site(f"http://127.0.0.1:{port}")
        until(lambda: page.is_up() or server.process.poll() is not None, "the application answers")
        assert server.process.poll() is None, server.log
        assert "<dataqueue-progress" not in page.ask("/")[1]
        status, text = page.ask("/reports", b'{"pages": 3}')
        assert status == 202, text
        job_id = json.loads(text)["job"]
        until(lambda: page.job(job_id)["status"] == "completed", "the job completes")
        assert page.job(job_id) == {"id": job_id, "status": "completed", "progress": 100, "nextAttemptAt": None}

        assert page.ask("/reports", b'{"pages": 0}')[0] == 422
        assert page.ask("/progress/api/jobs/999999")[0] == 404
        assert page.ask(f"/progress/api/jobs/{10**30}")[0] in (404, 422)
        assert page.ask("/admin/jobs/")[0] == 401
        password = read_env(str(site / ".env"))["DASHBOARD_PASSWORD"]
        basic = base64.b64encode(f"admin:{password}".encode()).decode()
        status, text = page.ask("/admin/jobs/jobs", authorization=f"Basic {basic}")
        assert (status, f"/admin/jobs/jobs/{job_id}" in text) == (200, True)
        # Their pages differ.
        if framework in ("django", "plain"):
            in_a_browser(f"http://127.0.0.1:{port}/")
        working.send(signal.SIGTERM)
        assert working.ends() == 0, working.log
    assert "Traceback" not in server.log + working.log


def in_a_browser(url: str) -> None:
    with chromium() as browser:
        page = browser.new_page()
        told: list[str] = []
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(url)
        page.get_by_label("Pages").fill("3")
        page.get_by_role("button", name="Make a report").click()
        page.locator("dataqueue-progress[status=completed]").wait_for(timeout=30_000)
        assert page.get_by_role("progressbar").get_attribute("aria-valuenow") == "100"
        assert told == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("store", STORES)
def test_what_a_project_has(framework: str, store: str) -> None:
    contents = files(framework, store)
    assert {"jobs.py", "worker.py", "page.html", "requirements.txt", ".env", ".gitignore"} <= set(contents)
    assert ("compose.yaml" in contents) == (store != "sqlite")
    for path, text in contents.items():
        assert not re.search(r"@[A-Z_]+@", text), path
        if path.endswith(".py"):
            compile(text, path, "exec")
    Path(".env").write_text(contents[".env"])
    environ = read_env(".env")
    if store != "sqlite":
        assert f":{environ['STORE_PASSWORD']}@localhost:" in environ["DATAQUEUE_URL"]
    with JobQueue(environ["DATAQUEUE_URL"]) as queue:
        assert queue._requests.store.backend == {"postgres": "postgresql"}.get(store, store)
    assert files(framework, store)[".env"] != contents[".env"]


def test_it_is_plain_and_on_sqlite_where_nobody_is_asked() -> None:
    told = json.loads(run("--json").stdout)
    assert (told["framework"], told["store"]) == ("plain", "sqlite")
    assert {one["action"] for one in told["files"]} == {"created"}
    assert told["next"] == [
        "pip install -r requirements.txt",
        "python app.py",
        "dataqueue worker jobs:handlers --env-path .env",
    ]
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600


def test_what_is_there_is_left_alone_and_named() -> None:
    Path("jobs.py").write_text("mine = 1\n")
    Path(".env").write_text("MINE=1\n")
    done = run("--framework", "flask", exit_code=1)
    assert "Left alone, as something else is there: .env, jobs.py." in done.stderr
    assert Path("jobs.py").read_text() == "mine = 1\n"
    assert Path(".env").read_text() == "MINE=1\n"
    assert Path("app.py").exists()
    told = json.loads(run("--framework", "flask", "--json", exit_code=1).stdout)
    actions = {one["path"]: one["action"] for one in told["files"]}
    assert {path for path, action in actions.items() if action == "left_alone"} == {".env", "jobs.py"}
    assert set(actions.values()) == {"left_alone", "unchanged"}


def test_it_may_be_repeated() -> None:
    run("--dir", "a/b", "--framework", "django", "--store", "redis")
    before = {path: path.read_bytes() for path in Path("a").rglob("*") if path.is_file()}
    done = run("--dir", "a/b", "--framework", "django", "--store", "redis")
    assert "created" not in done.stdout
    assert {path: path.read_bytes() for path in Path("a").rglob("*") if path.is_file()} == before


def test_where_a_file_cannot_be_written_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("there").mkdir()
    Path("there/web").write_text("a file where a folder must be")
    done = run("--dir", "there", "--framework", "django", exit_code=1)
    assert "web" in done.stderr
    assert "Nothing was written" in done.stderr
    assert [one.name for one in Path("there").iterdir()] == ["web"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--framework", "rails"], "'rails'"),
        (["--store", "mysql"], "'mysql'"),
        (["--dir", "file"], "which is a file"),
    ],
)
def test_bad_options_are_named(arguments: list[str], why: str) -> None:
    Path("file").touch()
    assert why in run(*arguments, exit_code=2).stderr
    assert [one.name for one in Path().iterdir()] == ["file"]


def test_on_a_terminal_it_asks() -> None:
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as terminal:
        program = [sys.executable, "-c", "from dataqueue.cli import main; main()", "init", "--json"]
        with subprocess.Popen(program, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
            os.close(theirs)
            terminal.write(b"\nnothing\nredis\n")
            out, log = asking.communicate(timeout=60)
    assert asking.returncode == 0, log
    told = json.loads(out)
    assert (told["framework"], told["store"]) == ("fastapi", "redis")
    assert b"Framework" in log
