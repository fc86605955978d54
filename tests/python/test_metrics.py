"""What processors and the fleet tell of themselves, in numbers."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dataqueue import AsyncJobQueue, Cancel, Durations, JobHandlers, JobQueue, Processor, Retry, Snooze
from dataqueue.contrib._families import FAMILIES
from dataqueue.contrib.opentelemetry import instrument
from dataqueue.contrib.prometheus import DataqueueCollector, exposition
from dataqueue.logs import say
from tests.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "dataqueue.json"


def handlers() -> JobHandlers:
    made = JobHandlers()

    @made.job("well")
    def well(payload: None) -> None: ...

    @made.job("badly")
    def badly(payload: None) -> None:
        raise ValueError("it broke")

    @made.job("again")
    def again(payload: None) -> None:
        raise Retry(after=3600)

    @made.job("never mind")
    def never_mind(payload: None) -> None:
        raise Cancel("no need")

    @made.job("later")
    def later(payload: None) -> None:
        raise Snooze(3600)

    return made


def worked(queue: JobQueue, **types: int) -> Processor:
    """A processor that ran so many jobs of each type."""
    for name, count in types.items():
        for _ in range(count):
            queue.add_job(name.replace("_", " "), None, max_attempts=1 if name == "badly" else 3)
    processor = queue.create_processor(handlers(), batch_size=100)
    assert processor.start() == sum(types.values())
    return processor


def test_a_processor_counts_how_runs_of_each_type_ended_and_how_long_they_took(queue: JobQueue) -> None:
    metrics = worked(queue, well=4, badly=2, again=1, never_mind=1, later=1).metrics()
    told = {
        name: (one.completed, one.failed, one.retried, one.cancelled, one.waiting)
        for name, one in metrics.types.items()
    }
    assert told == {
        "again": (0, 1, 1, 0, 0),
        "badly": (0, 2, 0, 0, 0),
        "later": (0, 0, 0, 0, 1),
        "never mind": (0, 0, 0, 1, 0),
        "well": (4, 0, 0, 0, 0),
    }
    well = metrics.types["well"]
    assert (well.claimed, well.latency.count, well.run_time.count) == (4, 4, 4)
    assert well.latency.p50 is not None
    assert 0 <= well.latency.p50 <= 60
    assert (metrics.running, metrics.waiting, metrics.concurrency, metrics.lost_leases) == (0, 0, 3, 0)


def test_a_processor_that_was_never_started_counts_nothing(queue: JobQueue) -> None:
    processor = queue.create_processor(handlers(), worker_id="w1")
    metrics = processor.metrics()
    assert (metrics.worker, metrics.last_claim_age, dict(metrics.store_errors)) == ("w1", None, {})
    assert all(one.claimed == 0 and one.latency.p99 is None for one in metrics.types.values())


def test_what_the_processor_does_not_handle_is_other(queue: JobQueue) -> None:
    names = ["other", *(f"type {number}" for number in range(3))]
    for name in names:
        queue.add_job(name, None, max_attempts=1)
    processor = queue.create_processor(handlers(), unhandled="fail", batch_size=100)
    processor.start()
    assert processor.metrics().types["other"].failed == len(names)


def test_the_fleet_is_told_by_the_store_after_a_drain(queue: JobQueue) -> None:
    worked(queue, well=3, badly=1)
    worked(queue, well=2)
    traffic = queue.get_traffic()
    assert (dict(traffic.completed), dict(traffic.failures)) == ({"well": 5}, {"badly": 1})
    assert (traffic.step, len(traffic.points)) == (timedelta(minutes=1), 61)
    assert sum(point.completed for point in traffic.points) == 5
    assert (traffic.run_time.count, traffic.latency.count) == (6, 6)
    ats = [point.at for point in traffic.points]
    assert all(after - before == traffic.step for before, after in pairwise(ats))
    day = queue.get_traffic(timedelta(days=1), job_type="well")
    assert (day.step, len(day.points), dict(day.completed)) == (timedelta(hours=1), 25, {"well": 5})


def test_traffic_of_an_empty_store_is_all_zero(queue: JobQueue) -> None:
    traffic = queue.get_traffic(600)
    assert [point.completed for point in traffic.points] == [0] * 11
    assert (dict(traffic.completed), traffic.latency.p95, traffic.latency.mean) == ({}, None, None)


@pytest.mark.parametrize("span", [0, -1, 31 * 86_400, timedelta(days=40)])
def test_a_span_that_is_not_kept_is_refused_by_its_name(queue: JobQueue, span: float | timedelta) -> None:
    with pytest.raises(ValueError, match=r"span is .*seconds"):
        queue.get_traffic(span)


def test_durations_tell_quantiles_from_their_buckets() -> None:
    durations = Durations((1.0, 2.0, 4.0), (1, 2, 1, 0), 8.0)
    assert (durations.count, durations.mean, durations.p50) == (4, 2.0, 1.5)
    assert [durations.quantile(share) for share in (0, 0.25, 0.75, 1)] == [0.0, 1.0, 2.0, 4.0]
    assert Durations((1.0,), (0, 5), 99.0).p99 == 1.0
    with pytest.raises(ValueError, match="share is 2"):
        durations.quantile(2)


def families(text: str) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_prometheus_is_told_of_processors_and_of_the_queue(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        processor = worked(queue, well=3, again=1)
        queue.add_job("well", None)
        registry = CollectorRegistry(auto_describe=True)
        registry.register(DataqueueCollector(processor, queue=queue))
        told = families(generate_latest(registry).decode())
        settled = {
            (sample.labels["type"], sample.labels["outcome"]): sample.value
            for sample in told["dataqueue_jobs_settled"].samples
            if sample.value
        }
        assert settled == {("well", "completed"): 3, ("again", "retried"): 1}
        run_time = told["dataqueue_job_run_seconds"].samples
        whole = [one.value for one in run_time if one.labels["type"] == "well" and one.labels.get("le") == "+Inf"]
        assert whole == [3]
        depth = {sample.labels["status"]: sample.value for sample in told["dataqueue_queue_jobs"].samples}
        assert depth == {"pending": 1, "processing": 0, "waiting": 0}
        assert {name for name in told if name.startswith("dataqueue_queue")} == {
            "dataqueue_queue_jobs",
            "dataqueue_queue_up",
        }
        assert {family.name for family in FAMILIES} <= set(told)


class _Counting(JobQueue):
    """A queue that says how often it was asked."""

    asked = 0

    def count_jobs(self, **conditions: Any) -> int:
        self.asked += 1
        return super().count_jobs(**conditions)


def test_the_queue_is_asked_once_in_a_while_and_a_store_that_is_away_spoils_no_scrape(store_url: str) -> None:
    queue = _Counting(store_url)
    collector = DataqueueCollector(queue=queue, max_age=3600)
    registry = CollectorRegistry()
    registry.register(collector)
    assert queue.asked == 0
    for _ in range(3):
        assert families(generate_latest(registry).decode())["dataqueue_queue_up"].samples[0].value == 1
    assert queue.asked == 3
    queue.close()
    eager = CollectorRegistry()
    eager.register(DataqueueCollector(queue=queue, max_age=0))
    told = families(generate_latest(eager).decode())
    assert told["dataqueue_queue_up"].samples[0].value == 0
    assert told["dataqueue_queue_jobs"].samples == []


async def test_a_collector_refuses_a_queue_that_it_cannot_ask() -> None:
    async with AsyncJobQueue("sqlite://:memory:") as queue:
        with pytest.raises(TypeError, match="must be a JobQueue, not AsyncJobQueue"):
            DataqueueCollector(queue=queue)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_age is -1"):
        DataqueueCollector(max_age=-1)


def test_the_format_is_the_one_that_is_asked_for(queue: JobQueue) -> None:
    metrics = queue.create_processor(handlers()).metrics()
    plain, text = exposition(lambda: [("1", metrics)], "")
    assert plain.startswith("text/plain; version=0.0.4")
    assert b"# EOF" not in text
    open_metrics, text = exposition(lambda: [("1", metrics)], "application/openmetrics-text; version=1.0.0")
    assert open_metrics.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith(b"# EOF\n")


def test_each_expression_of_the_dashboard_names_metrics_that_are_exported(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        registry = CollectorRegistry()
        processor = worked(queue, well=1, badly=1)
        registry.register(DataqueueCollector(processor, queue=queue))
        processor.start_in_background()
        until(lambda: processor.metrics().last_claim_age is not None, "it claimed")
        exported = {sample.name for family in registry.collect() for sample in family.samples}
    # Told only once a call went wrong.
    exported |= {"dataqueue_store_errors_total"}
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [one["definition"] for one in dashboard["templating"]["list"] if "definition" in one]
    assert len(expressions) > 10
    for expression in expressions:
        named = set(re.findall(r"dataqueue_\w+", expression))
        assert named, expression
        assert named <= exported, expression


def observations(reader: InMemoryMetricReader) -> dict[str, list[Any]]:
    told = reader.get_metrics_data()
    assert told is not None
    data = json.loads(told.to_json())
    scopes = [scope for resource in data["resource_metrics"] for scope in resource["scope_metrics"]]
    return {one["name"]: one["data"]["data_points"] for scope in scopes for one in scope["metrics"]}


def test_opentelemetry_is_told_the_same(store_url: str) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    with JobQueue(store_url) as queue:
        first, second = worked(queue, well=3), worked(queue, badly=2)
        for processor in (first, second, first):
            instrument(processor, provider)
        told = observations(reader)
        settled = {
            (one["attributes"]["worker"], one["attributes"]["type"], one["attributes"]["outcome"]): one["value"]
            for one in told["dataqueue_jobs_settled"]
            if one["value"]
        }
        assert settled == {("1", "well", "completed"): 3, ("2", "badly", "failed"): 2}
        whole = [
            one["value"]
            for one in told["dataqueue_job_run_seconds_bucket"]
            if one["attributes"] == {"worker": "1", "type": "well", "le": "+Inf"}
        ]
        assert whole == [3]
        counts = told["dataqueue_job_latency_seconds_count"]
        assert sum(one["value"] for one in counts) == 5
    provider.shutdown()


def test_what_the_engine_logs_of_a_job_says_of_which(store_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dataqueue")
    JobQueue(store_url, verbose=True).close()
    caplog.set_level(logging.DEBUG, "dataqueue")
    with JobQueue(store_url, verbose=True) as queue:
        job_id = queue.add_job("well", None)
        processor = queue.create_processor(handlers(), worker_id="the worker")
        assert processor.start() == 1

        def ended() -> list[logging.LogRecord]:
            return [one for one in caplog.records if one.getMessage() == f"job {job_id} completed"]

        until(lambda: bool(ended()), "the engine's log came")
        record = vars(ended()[0])
        assert (record["job_id"], record["job_type"], record["worker"]) == (job_id, "well", "the worker")


def test_a_line_about_no_job_has_the_fields_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "dataqueue")
    log: Callable[..., None] = say
    log(logging.INFO, "%s", "a line", extra={"job_id": None, "job_type": None, "worker": None})
    assert vars(caplog.records[-1])["job_id"] is None
