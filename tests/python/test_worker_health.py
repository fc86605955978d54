"""`dataqueue worker --health-port` with real processes and stores: what a probe is told."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import JobQueue
from tests.conftest import proxied
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TARGET = "tests.python.worker_handlers:handlers"
QUICK = ("--health-port", "0", "--poll-interval", "0.2", "--lease", "1", "--unready-after", "1")


class Probe:
    """Asks a fleet how it is."""

    def __init__(self, worker: Worker) -> None:
        self._port = int(worker.says(r"health is told on 127.0.0.1 port (\d+)")[0])

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """The status and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def is_live(self) -> bool:
        return self.get("/livez")[0] == 200

    def first(self) -> dict[str, Any]:
        """The first process."""
        one: dict[str, Any] = self.get("/readyz")[1]["processes"][0]
        return one


def test_a_fleet_that_claims_is_live_and_ready(store_url: str, tmp_path: Path) -> None:
    with Worker(TARGET, store_url, tmp_path, *QUICK, "--processes", "2") as worker:
        probe = Probe(worker)
        assert probe.is_live()
        until(probe.is_ready, "the fleet is ready")
        status, told = probe.get("/healthz?verbose=1")
        assert (status, told["live"], told["ready"], told["reason"]) == (200, True, True, None)
        assert [one["pid"] for one in told["processes"]] == worker.children(2)
        for one in told["processes"]:
            assert (one["store_reachable"], one["running"], one["restarts"], one["reason"]) == (True, 0, 0, None)
            assert one["last_claim_age"] >= 0
            assert one["last_renewal_age"] >= 0
        assert probe.get("/")[0] == 404
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


@contextmanager
def sqlite_away(url: str) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=PATIENCE)
    try:
        yield (
            f"{url}?busy_timeout=0.2",
            lambda: connection.execute("BEGIN IMMEDIATE"),
            lambda: connection.execute("ROLLBACK"),
        )
    finally:
        connection.close()


@contextmanager
def away(url: str) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """A URL of a store, and how to take it away and bring it back."""
    if url.startswith("sqlite"):
        with sqlite_away(url) as taken:
            yield taken
        return
    with proxied(url) as (proxy, through):
        yield through, proxy.shut, proxy.let_go


def test_it_is_not_ready_while_the_store_is_away(store_url: str, tmp_path: Path) -> None:
    with away(store_url) as (url, take_away, bring_back), Worker(TARGET, url, tmp_path, *QUICK) as worker:
        probe = Probe(worker)
        until(probe.is_ready, "the fleet is ready")
        for _ in range(2):
            take_away()
            until(lambda: not probe.is_ready(), "the fleet is not ready")
            until(lambda: not probe.first()["store_reachable"], "it is told why")
            assert re.match(
                r"(no claim succeeded|the store has not answered|the leases were not renewed) for \d",
                probe.first()["reason"],
            )
            assert probe.is_live()
            bring_back()
            until(probe.is_ready, "the fleet is ready again")
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


def test_a_handler_that_holds_the_interpreter_turns_nothing_red(store_url: str, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with JobQueue(store_url) as queue, Worker(TARGET, store_url, tmp_path, *QUICK) as worker:
        probe = Probe(worker)
        until(probe.is_ready, "the fleet is ready")
        queue.add_job("hold", {"started": str(started), "seconds": 600})
        until(started.exists, "the handler holds the interpreter")
        seen = {probe.first()["last_renewal_age"]}

        def look() -> bool:
            status, told = probe.get("/readyz")
            assert status == 200, told
            assert told["live"]
            seen.add(told["processes"][0]["last_renewal_age"])
            return len(seen) > 4

        until(look, "the process went on reporting")
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGTERM)
        worker.ends()


def test_it_is_live_and_not_ready_while_it_drains(sqlite_store_url: str, tmp_path: Path) -> None:
    started, gate = tmp_path / "started", tmp_path / "open"
    with JobQueue(sqlite_store_url) as queue, Worker(TARGET, sqlite_store_url, tmp_path, *QUICK) as worker:
        probe = Probe(worker)
        until(probe.is_ready, "the fleet is ready")
        queue.add_job("gate", {"started": str(started), "open": str(gate)})
        until(started.exists, "the job runs")
        worker.send(signal.SIGTERM)
        worker.says("stopping")
        status, told = probe.get("/readyz")
        assert (status, told["live"], told["reason"]) == (503, True, "it is stopping")
        assert probe.is_live()
        gate.touch()
        assert worker.ends() == 0


def test_a_process_that_stands_still_is_not_live(sqlite_store_url: str, tmp_path: Path) -> None:
    with Worker(TARGET, sqlite_store_url, tmp_path, *QUICK) as worker:
        probe = Probe(worker)
        until(probe.is_ready, "the fleet is ready")
        child = worker.children()[0]
        os.kill(child, signal.SIGSTOP)
        until(lambda: not probe.is_live(), "the process is missed")
        assert re.match(r"it said nothing for \d", probe.first()["reason"])
        os.kill(child, signal.SIGCONT)
        until(lambda: probe.is_live() and probe.is_ready(), "the process is back")
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0


def test_a_port_that_is_taken_ends_it_before_any_worker_starts(sqlite_store_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Worker(TARGET, sqlite_store_url, tmp_path, "--health-port", str(port)) as worker:
            assert worker.ends() == 1
    assert f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use: give another" in worker.log
    assert "started" not in worker.log
    assert "Traceback" not in worker.log


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--health-port", "70000"), 2, "70000 is not in the range"),
        (("--health-port", "x"), 2, "'x' is not a valid integer"),
        (("--health-host", "::1"), 2, "--health-host needs --health-port"),
        (("--health-port", "0", "--health-host", "nowhere.invalid"), 1, "cannot listen on nowhere.invalid"),
        (("--unready-after", "0"), 1, "unready_after is 0.0: it must be positive"),
    ],
)
def test_a_bad_option_is_told(
    sqlite_store_url: str, tmp_path: Path, options: tuple[str, ...], code: int, says: str
) -> None:
    with Worker(TARGET, sqlite_store_url, tmp_path, *options) as worker:
        assert worker.ends() == code
    assert says in worker.log
    assert "Traceback" not in worker.log


def test_what_is_no_probe_does_no_harm(sqlite_store_url: str, tmp_path: Path) -> None:
    with Worker(TARGET, sqlite_store_url, tmp_path, *QUICK) as worker:
        probe = Probe(worker)
        port = probe._port
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        try:
            idle[0].sendall(b"\x00\xff\r\n\r\n")
            until(probe_answers(probe), "a probe is answered again once the others were given up")
        finally:
            for one in idle:
                one.close()
        until(probe.is_ready, "the fleet is ready")
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
    assert "Traceback" not in worker.log


def probe_answers(probe: Probe) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return probe.is_live()
        except (OSError, http.client.HTTPException):
            return False

    return ask
