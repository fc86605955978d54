"""`dataqueue worker --health-port` with real processes and stores: what Prometheus is told."""

from __future__ import annotations

import http.client
import re
import signal
import sys
from typing import TYPE_CHECKING

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from dataqueue import JobQueue
from tests.processes import PATIENCE, Worker, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TARGET = "tests.python.worker_handlers:handlers"
QUICK = ("--health-port", "0", "--poll-interval", "0.2")


def scrape(worker: Worker, accept: str = "") -> tuple[int, str, str]:
    """The status, the content type and the body."""
    port = int(worker.says(r"health is told on 127.0.0.1 port (\d+)")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics", headers={"Accept": accept} if accept else {})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def completed(text: str) -> dict[str, float]:
    """How many `echo` jobs each process completed."""
    return {
        sample.labels["worker"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "dataqueue_jobs_settled_total"
        and (sample.labels["type"], sample.labels["outcome"]) == ("echo", "completed")
    }


def test_the_metrics_of_all_processes_are_told_under_their_numbers(store_url: str, tmp_path: Path) -> None:
    with (
        JobQueue(store_url) as queue,
        Worker(TARGET, store_url, tmp_path, *QUICK, "--processes", "2") as worker,
    ):
        for number in range(20):
            queue.add_job("echo", number)

        def all_told() -> bool:
            told = completed(scrape(worker)[2])
            return set(told) == {"1", "2"} and sum(told.values()) == 20

        until(all_told, "both processes tell of all runs")
        status, content_type, text = scrape(worker)
        assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert len(re.findall(r"^dataqueue_concurrency\{", text, re.MULTILINE)) == 2
        _, content_type, text = scrape(worker, "application/openmetrics-text; version=1.0.0")
        assert content_type.startswith("application/openmetrics-text; version=1.0.0")
        names = {family.name for family in openmetrics.text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
        assert {"dataqueue_jobs_settled", "dataqueue_job_latency_seconds"} <= names
        worker.send(signal.SIGTERM)
        assert worker.ends() == 0
        assert sum(queue.get_traffic().completed.values()) == 20, "a drain tells the rest"


def test_without_prometheus_client_the_answer_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A module of that name that cannot be imported, as if it were not installed.
    (tmp_path / "prometheus_client.py").write_text("raise ImportError('not here')\n")
    path = [str(tmp_path), *(part for part in sys.path if part)]
    monkeypatch.setenv("PYTHONPATH", ":".join(path))
    with Worker(TARGET, f"sqlite:///{tmp_path}/jobs.db", tmp_path, *QUICK) as worker:
        status, _, text = scrape(worker)
        assert status == 501
        assert "pip install dataqueue[prometheus]" in text
