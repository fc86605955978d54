"""The dashboard in applications: it goes by the path that it is mounted at."""

from __future__ import annotations

import re
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from starlette.testclient import TestClient

from dataqueue import AsyncJobQueue, JobQueue
from dataqueue.dashboard import create_dashboard, mount_wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., list[bytes]]

PATH = "/admin/jobs"


@pytest.mark.parametrize("path", ["", PATH])
async def test_in_fastapi(path: str, sqlite_store_url: str) -> None:
    from fastapi import FastAPI

    async with AsyncJobQueue(sqlite_store_url) as queue:
        job_id = await queue.add_job("a", None)
        app = FastAPI()
        app.mount(path, create_dashboard(queue))
        root = f"/behind{path}"
        client = TestClient(app, root_path="/behind")
        page = client.get(f"{root}/jobs").text
        assert f'href="{root}/jobs/{job_id}"' in page
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert token is not None
        answer = client.post(
            f"{root}/jobs/{job_id}/cancel", data={"csrf_token": token[1], "back": "/jobs"}, follow_redirects=False
        )
        assert (answer.status_code, answer.headers["location"]) == (303, f"{root}/jobs")
        element = client.get(f"{root}/static/latest/progress.js")
        assert (element.status_code, element.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert 'customElements.define("dataqueue-progress"' in element.text


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def served(app: Any) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, WSGIServer, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def around(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"around {environ['PATH_INFO']}".encode()]


def ask(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str, Any]:
    try:
        with urlopen(Request(url, data, headers), timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


@pytest.mark.parametrize("twin", [JobQueue, AsyncJobQueue])
def test_in_applications_that_speak_wsgi(twin: Any, sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue:
        job_id = queue.add_job("a", None)
        app = mount_wsgi(around, PATH, create_dashboard(twin(sqlite_store_url)))
        with served(app) as url:
            assert ask(f"{url}/else")[1] == "around /else"
            assert ask(f"{url}{PATH}-else")[1] == f"around {PATH}-else"
            status, page, headers = ask(f"{url}{PATH}/jobs")
            assert (status, f'href="{PATH}/jobs/{job_id}"' in page) == (200, True)
            assert 'data-stream="no"' in page
            assert ask(f"{url}{PATH}/api/stream")[0] == 501
            cookie = headers["set-cookie"].split(";")[0]
            token = cookie.split("=")[1]
            sent = {"Cookie": cookie, "X-CSRF-Token": token}
            assert ask(f"{url}{PATH}/api/jobs/{job_id}/cancel", b"", **sent)[0] == 200
            assert ask(f"{url}{PATH}/api/jobs/{job_id}/cancel", b"")[0] == 403
        job = queue.get_job(job_id)
        assert job is not None
        assert job.status == "cancelled"


@pytest.mark.parametrize("path", ["jobs", "/jobs/", "/"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        mount_wsgi(around, path, None)


def test_importing_the_package_does_not_need_what_the_dashboard_does() -> None:
    import subprocess

    code = """
import sys
for name in ("starlette", "jinja2", "uvicorn", "a2wsgi"):
    sys.modules[name] = None
import dataqueue, dataqueue.cli
try:
    import dataqueue.dashboard
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'dataqueue[dashboard]'" in done.stdout, done.stderr
