"""Metrics of processors and of a queue for Prometheus. Needs `pip install dataqueue[prometheus]`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import Collector, CollectorRegistry
except ImportError as error:
    raise ImportError(
        "metrics for Prometheus need the package prometheus-client: pip install dataqueue[prometheus]"
    ) from error

from ..blocking import JobQueue
from ..errors import DataQueueError
from ..metrics import Durations, ProcessorMetrics
from ._families import FAMILIES, Family, samples

if TYPE_CHECKING:
    from ..processor import AsyncProcessor, Processor

__all__ = ["DataqueueCollector", "exposition"]

_Families: TypeAlias = "CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily"
_Tell: TypeAlias = Callable[[], "Iterable[tuple[str, ProcessorMetrics]]"]

# Those that ended may be millions, which nobody counts at a scrape: they are counted as they end.
_STATUSES = ("pending", "processing", "waiting")
_DEPTH = Family("dataqueue_queue_jobs", "gauge", "Jobs in the queue that are not over, by status.", ("status",))
_UP = Family("dataqueue_queue_up", "gauge", "Whether the store answered when it was last asked for them.", ())


class DataqueueCollector(Collector):
    """Tells a registry of Prometheus what processors did, and how many jobs are in a queue.

    ```python
    from prometheus_client import REGISTRY

    REGISTRY.register(DataqueueCollector(processor, queue=queue))
    ```

    The label `worker` is the place of a processor among those given, from 1: it stays when a processor is started
    again, and Prometheus sees its counters begin anew. A processor has up to 101 types: those that it handles, and
    `other`.
    """

    def __init__(
        self, *processors: Processor | AsyncProcessor, queue: JobQueue | None = None, max_age: float = 5.0
    ) -> None:
        """A collector of these.

        Args:
            processors: Whose metrics are told, running or not.
            queue: Whose jobs are counted by status, where a scrape asks for it.
            max_age: For how many seconds such a count serves further scrapes.

        Raises:
            TypeError: The queue is not a `JobQueue`: a scrape cannot wait on an event loop.
            ValueError: `max_age` is negative.
        """
        if queue is not None and not isinstance(queue, JobQueue):
            raise TypeError(
                f"queue must be a JobQueue, not {type(queue).__name__}: scrapes are answered outside of event loops. "
                "Create a JobQueue on the same store for it"
            )
        if not max_age >= 0:
            raise ValueError(f"max_age is {max_age!r}: give seconds, 0 or more")
        self._processors = processors
        self._depth = None if queue is None else _Depth(queue, max_age)

    def describe(self) -> Iterable[_Families]:
        """The names, without asking anybody."""
        return [_made(family) for family in (*FAMILIES, *([_DEPTH, _UP] if self._depth else []))]

    def collect(self) -> Iterator[_Families]:
        """The metrics as they are now."""
        yield from _told((str(place), one.metrics()) for place, one in enumerate(self._processors, 1))
        if self._depth is not None:
            yield from self._depth.told()


class _Depth:
    def __init__(self, queue: JobQueue, max_age: float) -> None:
        self._queue, self._max_age = queue, max_age
        # Scrapes that come at the same time wait for one count.
        self._lock = threading.Lock()
        self._counted: dict[str, int] | None = None
        self._asked: float | None = None

    def told(self) -> Iterator[_Families]:
        with self._lock:
            if self._asked is None or time.monotonic() - self._asked >= self._max_age:
                try:
                    self._counted = {status: self._queue.count_jobs(status=status) for status in _STATUSES}
                except DataQueueError:
                    # What a scrape can be told without the store must not be lost by it.
                    self._counted = None
                self._asked = time.monotonic()
            counted = self._counted
        yield GaugeMetricFamily(_UP.name, _UP.about, value=counted is not None)
        depth = GaugeMetricFamily(_DEPTH.name, _DEPTH.about, labels=_DEPTH.labels)
        for status, count in (counted or {}).items():
            depth.add_metric([status], count)
        yield depth


def exposition(tell: _Tell, accept: str) -> tuple[str, bytes]:
    """The metrics of processors as text in the format that an `Accept` header asks for, behind its content type."""

    class Told(Collector):
        def describe(self) -> Iterable[_Families]:
            return []

        def collect(self) -> Iterable[_Families]:
            return _told(tell())

    registry = CollectorRegistry()
    registry.register(Told())
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


def _told(workers: Iterable[tuple[str, ProcessorMetrics]]) -> Iterator[_Families]:
    made = {family.name: _made(family) for family in FAMILIES}
    for family, labels, value in samples(workers):
        metric = made[family.name]
        if isinstance(metric, HistogramMetricFamily):
            if isinstance(value, Durations):
                metric.add_metric(labels, _cumulated(value), value.total)
        elif not isinstance(value, Durations):
            metric.add_metric(labels, value)
    yield from made.values()


def _made(family: Family) -> _Families:
    if family.kind == "counter":
        return CounterMetricFamily(family.name, family.about, labels=family.labels)
    if family.kind == "gauge":
        return GaugeMetricFamily(family.name, family.about, labels=family.labels)
    return HistogramMetricFamily(family.name, family.about, labels=family.labels)


def _cumulated(durations: Durations) -> list[tuple[str, float]]:
    names = [*(str(bound) for bound in durations.bounds), "+Inf"]
    total, buckets = 0, []
    for name, count in zip(names, durations.counts, strict=True):
        total += count
        buckets.append((name, float(total)))
    return buckets
