"""Traces: from the span in which a job is added to the span of its run."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobContext, Cancel, JobContext, JobHandlers, JobQueue, JobRecord
from tests.python import tracing_handlers

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Spans:
    """What the application's own provider would export."""

    def __init__(self) -> None:
        export = import_module("opentelemetry.sdk.trace.export")
        memory = import_module("opentelemetry.sdk.trace.export.in_memory_span_exporter")
        self.trace = import_module("opentelemetry.trace")
        self._exporter = memory.InMemorySpanExporter()
        provider = import_module("opentelemetry.sdk.trace").TracerProvider()
        provider.add_span_processor(export.SimpleSpanProcessor(self._exporter))
        self.trace.set_tracer_provider(provider)
        self.tracer = self.trace.get_tracer("application")

    def ended(self) -> list[Any]:
        """The spans that have ended, and forgets them."""
        spans = list(self._exporter.get_finished_spans())
        self._exporter.clear()
        return spans


@pytest.fixture(scope="module")
def provided() -> Spans:
    """A provider, of which a process can have one."""
    return Spans()


@pytest.fixture
def spans(provided: Spans) -> Iterator[Spans]:
    """The spans of one test."""
    provided.ended()
    yield provided
    provided.ended()


def record(queue: JobQueue, job_id: int) -> JobRecord:
    found = queue.get_job(job_id)
    assert found is not None
    return found


def name(span: Any) -> str:
    """The span as a `traceparent`."""
    context = span.context
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def test_a_handler_sees_the_trace_that_was_given(queue: JobQueue) -> None:
    seen: list[str | None] = []
    handlers = JobHandlers({"a": lambda payload, signal, ctx: seen.append(ctx.job.traceparent)})
    queue.add_job("a", 1, traceparent=TRACE)
    queue.add_job("a", 2)
    queue.create_processor(handlers, concurrency=1).start()
    assert seen == [TRACE, None]


def test_where_nobody_uses_it_nothing_of_it_is_imported_by_an_add() -> None:
    program = (
        "import sys\nfrom dataqueue import Job\nJob('a', 1)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_run_is_a_child_of_the_span_that_its_job_was_added_in(queue: JobQueue, spans: Spans) -> None:
    inner: list[JobRecord] = []

    def handler(payload: object, *, ctx: JobContext) -> None:
        with spans.tracer.start_as_current_span("inside"):
            ctx.add_job("b", None)
        inner.append(ctx.job)

    async def handler_on_loop(payload: object, *, ctx: AsyncJobContext) -> None:
        with spans.tracer.start_as_current_span("inside of the loop"):
            await ctx.add_job("c", None)

    with spans.tracer.start_as_current_span("request") as request:
        job_id = queue.add_job("a", None)
    processor = queue.create_processor(JobHandlers({"a": handler, "b": handler_on_loop, "c": lambda payload: None}))
    while processor.start():
        pass
    ended = {span.name: span for span in spans.ended()}
    assert set(ended) == {"request", "process a", "inside", "process b", "inside of the loop", "process c"}
    assert record(queue, job_id).traceparent == inner[0].traceparent == name(request)
    assert len({span.context.trace_id for span in ended.values()}) == 1
    for child, parent in (
        ("process a", "request"),
        ("inside", "process a"),
        ("process b", "inside"),
        ("inside of the loop", "process b"),
        ("process c", "inside of the loop"),
    ):
        assert ended[child].parent.span_id == ended[parent].context.span_id, child
    run = ended["process a"]
    assert run.kind == spans.trace.SpanKind.CONSUMER
    assert run.attributes["messaging.message.id"] == str(int(job_id))
    assert (run.attributes["messaging.destination.name"], run.attributes["dataqueue.attempt"]) == ("a", 1)
    assert run.status.is_ok


def test_a_run_without_a_trace_begins_one_and_a_failed_one_says_so(queue: JobQueue, spans: Spans) -> None:
    def fail(payload: object) -> None:
        if payload == "cancel":
            raise Cancel("no use")
        raise ValueError("as it must")

    for payload in ("fail", "cancel"):
        queue.add_job("a", payload, max_attempts=1)
    queue.create_processor({"a": fail}, concurrency=1).start()
    failed, cancelled = spans.ended()
    assert (failed.parent, cancelled.parent) == (None, None)
    assert failed.context.trace_id != cancelled.context.trace_id
    assert (failed.status.is_ok, failed.status.description) == (False, "ValueError: as it must")
    assert [event.name for event in failed.events] == ["exception"]
    assert (cancelled.status.is_ok, list(cancelled.events)) == (True, [])


def test_each_attempt_is_a_span_of_the_trace_and_a_given_trace_wins(queue: JobQueue, spans: Spans) -> None:
    def handler(payload: object, *, ctx: JobContext) -> None:
        if ctx.job.attempts == 1:
            raise ValueError("as it must")

    with spans.tracer.start_as_current_span("request"):
        queue.add_job("a", None, traceparent=TRACE, retry_delay=0)
    processor = queue.create_processor({"a": handler})
    while processor.start():
        pass
    first, second = [span for span in spans.ended() if span.name == "process a"]
    assert {span.parent.span_id for span in (first, second)} == {int(TRACE.split("-")[2], 16)}
    assert {span.context.trace_id for span in (first, second)} == {int(TRACE.split("-")[1], 16)}
    assert [span.attributes["dataqueue.attempt"] for span in (first, second)] == [1, 2]
    assert (first.status.is_ok, second.status.is_ok) == (False, True)


def test_a_run_in_a_process_is_inside_of_its_span_too(store_url: str, spans: Spans) -> None:
    with JobQueue(store_url) as queue:
        with spans.tracer.start_as_current_span("request") as request:
            job_id = queue.add_job(tracing_handlers.elsewhere, "go")
            failing = queue.add_job(tracing_handlers.elsewhere, "fail", max_attempts=1)
        queue.create_processor(tracing_handlers.HANDLERS, concurrency=1).start()
        assert record(queue, failing).status == "failed"
        output = record(queue, job_id).output
    ended, failed = [span for span in spans.ended() if span.name == "process elsewhere"]
    assert ended.parent.span_id == failed.parent.span_id == request.context.span_id
    assert output == [name(request), [f"{ended.context.trace_id:032x}", f"{ended.context.span_id:016x}"]]
    assert (ended.status.is_ok, failed.status.is_ok, failed.status.description) == (True, False, "as it must")


def test_the_letter_of_a_dead_job_belongs_to_its_trace(queue: JobQueue, spans: Spans) -> None:
    def fail(payload: object) -> None:
        raise ValueError("as it must")

    with spans.tracer.start_as_current_span("request") as request:
        queue.add_job("a", None, max_attempts=1, dead_letter_job_type="dead")
    processor = queue.create_processor({"a": fail, "dead": lambda payload: None})
    while processor.start():
        pass
    parents = {span.name: span.parent for span in spans.ended()}
    assert parents["process dead"].span_id == parents["process a"].span_id == request.context.span_id
