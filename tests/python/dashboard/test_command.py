"""`dataqueue dashboard`: serves on loopback, and nowhere else without auth."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests.python.dashboard.test_mounting import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-c", "from dataqueue.cli import main; main()", "dashboard", "--port", "0"]


@contextmanager
def running(*options: str, **variables: str) -> Iterator[str]:
    process = subprocess.Popen([*COMMAND, *options], stderr=subprocess.PIPE, text=True, env={**os.environ, **variables})
    assert process.stderr is not None
    with process:
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found is not None, line + process.stderr.read()
            yield found[0].rstrip("/")
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.communicate(timeout=60)[1]
    assert process.returncode in (0, -signal.SIGTERM), rest


def test_it_serves_a_store_on_loopback(sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue:
        queue.add_job("a", None)
    with running("--url", sqlite_store_url, "--title", "My jobs") as url:
        assert url.startswith("http://127.0.0.1:")
        status, page, _ = ask(f"{url}/jobs")
        assert (status, "My jobs" in page, "#1<" in page) == (200, True, True)
        # A page elsewhere whose name was pointed here is not answered.
        assert ask(f"{url}/jobs", Host="evil.example")[0] == 400


def test_it_takes_a_password_and_a_path(sqlite_store_url: str) -> None:
    password = {"DATAQUEUE_DASHBOARD_PASSWORD": "secret"}
    options = ["--url", sqlite_store_url, "--host", "0.0.0.0", "--read-only"]
    with running(*options, **password) as url:
        near = url.replace("0.0.0.0", "127.0.0.1")
        assert ask(f"{near}/jobs")[0] == 401
        answer = ask(f"{near}/api/session", Authorization="Basic YWRtaW46c2VjcmV0")
        assert answer[0] == 200
        assert '"readOnly":true' in answer[1]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_another_address_needs_auth(host: str, sqlite_store_url: str) -> None:
    command = [*COMMAND, "--url", sqlite_store_url, "--host", host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "--auth" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("target", ["nothing", "no.such.module:auth", "json:nothing"])
def test_what_cannot_be_imported_is_said(target: str, sqlite_store_url: str) -> None:
    command = [*COMMAND, "--url", sqlite_store_url, "--auth", target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "--auth" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
