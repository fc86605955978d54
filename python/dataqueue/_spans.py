"""Spans around runs, where OpenTelemetry is installed; where it is not, no run is the slower."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from .verdicts import Cancel, Snooze

if TYPE_CHECKING:
    from ._core import Finished

__all__ = ["carried", "current_traceparent", "inside", "traced"]

Call = Callable[[Any, Any, Any], Any]

# How a run may end without being one that went wrong.
_WELL = frozenset({"completed", "waiting", "released", "cancelled"})


def current_traceparent() -> str | None:
    """The span that is active here, as a `traceparent`."""
    # A span can be active only where somebody has imported this.
    trace = sys.modules.get("opentelemetry.trace")
    current = getattr(trace, "get_current_span", None)
    return None if current is None else _written(current().get_span_context())


def traced(call: Call, *, is_async: bool) -> Call:
    """A call of a handler, with a span around it that continues the trace of its job."""
    spans = _spans()
    if spans is None:
        return call

    def around(ctx: Any) -> AbstractContextManager[Any]:
        job = ctx.job
        return spans.around(job.job_type, job.id, job.attempts, job.traceparent)

    if is_async:

        async def run_on_loop(payload: Any, signal: Any, ctx: Any) -> Any:
            with around(ctx):
                return await call(payload, signal, ctx)

        return run_on_loop

    def run(payload: Any, signal: Any, ctx: Any) -> Any:
        with around(ctx):
            return call(payload, signal, ctx)

    return run


@contextmanager
def carried(record: dict[str, Any]) -> Iterator[tuple[str | None, Callable[[Finished], None]]]:
    """A span around a run in another process: what to carry there, and what is told how the run ended."""
    spans = _spans()
    if spans is None:
        yield None, lambda _: None
        return
    around = spans.around(record["job_type"], record["id"], record["attempts"], record["traceparent"])
    with around as span:
        yield _written(span.get_span_context()), lambda finished: spans.tell(span, finished)


def inside(traceparent: str | None) -> AbstractContextManager[Any]:
    """What is done inside belongs to a span of another process."""
    if traceparent is None:
        return nullcontext()
    spans = _spans()
    return nullcontext() if spans is None else spans.within(traceparent)


def _written(context: Any) -> str | None:
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 0xFF:02x}"


@cache
def _spans() -> _Spans | None:
    try:
        # By name, so that what is not installed is nothing to a type checker either.
        return _Spans(importlib.import_module("opentelemetry.trace"), importlib.import_module("opentelemetry.context"))
    except ImportError:
        return None


class _Spans:
    def __init__(self, trace: Any, context: Any) -> None:
        self._trace = trace
        self._context = context
        self._tracer = trace.get_tracer("dataqueue")

    @contextmanager
    def around(self, job_type: str, job_id: int, attempt: int, traceparent: str | None) -> Iterator[Any]:
        """A span of a run: a child of the one that the job was added in, or else the first of a trace."""
        trace = self._trace
        span = self._tracer.start_span(
            f"process {job_type}",
            context=self._remote(traceparent, self._context.Context()),
            kind=trace.SpanKind.CONSUMER,
            attributes={
                "messaging.system": "dataqueue",
                "messaging.operation.type": "process",
                "messaging.destination.name": job_type,
                "messaging.message.id": str(job_id),
                "dataqueue.attempt": attempt,
            },
        )
        token = self._context.attach(trace.set_span_in_context(span))
        try:
            yield span
        except (Cancel, Snooze):
            raise
        except Exception as error:
            span.record_exception(error)
            span.set_status(trace.StatusCode.ERROR, f"{type(error).__name__}: {error}")
            raise
        finally:
            self._context.detach(token)
            span.end()

    @contextmanager
    def within(self, traceparent: str) -> Iterator[None]:
        token = self._context.attach(self._remote(traceparent, self._context.get_current()))
        try:
            yield
        finally:
            self._context.detach(token)

    def tell(self, span: Any, finished: Finished) -> None:
        """Marks a span whose run went wrong in another process."""
        if finished[1] not in _WELL:
            span.set_status(self._trace.StatusCode.ERROR, str(finished[2]) if len(finished) > 2 else finished[1])

    def _remote(self, traceparent: str | None, context: Any) -> Any:
        """The context with a span of another process in it."""
        if traceparent is None:
            return context
        _, trace_id, span_id, flags, *_ = traceparent.split("-")
        trace = self._trace
        remote = trace.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16))
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(remote), context)
