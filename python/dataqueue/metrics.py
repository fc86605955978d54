"""What a processor and the fleet did, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .arguments import datetime_of

if TYPE_CHECKING:
    from ._core import ChartTuple, MetricsTuple

__all__ = [
    "LONGEST_SPAN",
    "Durations",
    "ProcessorMetrics",
    "Traffic",
    "TrafficPoint",
    "TypeMetrics",
    "metrics_of",
    "traffic_of",
]


@dataclass(frozen=True, slots=True)
class Durations:
    """How long things took, counted in buckets.

    Attributes:
        bounds: The upper bounds of the buckets in seconds, growing, from a millisecond to an hour. What took
            longer is in one bucket more.
        counts: How many fell into each bucket; one more than there are bounds.
        total: All of them together, in seconds.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Their mean in seconds; None where there were none."""
        return self.total / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The seconds that this share of them did not exceed, as far as buckets tell; None where there were none.

        Within a bucket they are taken to lie evenly; what is beyond the last bound is told as that.

        Raises:
            ValueError: The share is not between 0 and 1.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share!r}: it must be between 0 and 1")
        if self.count == 0:
            return None
        rank, before = share * self.count, 0
        for at, count in enumerate(self.counts[:-1]):
            if count and before + count >= rank:
                below = self.bounds[at - 1] if at else 0.0
                return below + (self.bounds[at] - below) * max(rank - before, 0) / count
            before += count
        return self.bounds[-1]

    @property
    def p50(self) -> float | None:
        """The median in seconds."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float | None:
        """What 95 of 100 did not exceed, in seconds."""
        return self.quantile(0.95)

    @property
    def p99(self) -> float | None:
        """What 99 of 100 did not exceed, in seconds."""
        return self.quantile(0.99)


@dataclass(frozen=True, slots=True)
class TypeMetrics:
    """What a processor did of one type, since its session began. Runs are counted as they end.

    Attributes:
        claimed: Jobs claimed.
        completed: Runs that ended well.
        failed: Runs that failed, timeouts and those that are tried again among them.
        retried: Those of them that are tried again.
        cancelled: Runs that ended with their job cancelled.
        released: Jobs given back.
        waiting: Runs whose handlers wait.
        latency: From when jobs fell due, on the store's clock, until their handlers started.
        run_time: How long handlers ran.
    """

    claimed: int
    completed: int
    failed: int
    retried: int
    cancelled: int
    released: int
    waiting: int
    latency: Durations
    run_time: Durations


@dataclass(frozen=True, slots=True)
class ProcessorMetrics:
    """What `processor.metrics()` answers. The numbers are read one after another: they are not one moment.

    Attributes:
        worker: The name of the worker.
        concurrency: Most handlers running at once.
        running: Handlers that run.
        waiting: Jobs that are claimed and not started.
        last_claim_age: Since a claim last succeeded, one that found nothing too; None before the first.
        lost_leases: Runs whose lease was lost: what they did may be done again elsewhere.
        reclaimed: Jobs taken from dead workers.
        store_errors: How many calls to the store went wrong, by what was asked: `claim`, `settle`, `renew`, ...
        types: What was done of each type: the types that the processor handles, up to a hundred, and `other` for all
            else.
    """

    worker: str
    concurrency: int
    running: int
    waiting: int
    last_claim_age: timedelta | None
    lost_leases: int
    reclaimed: int
    store_errors: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    types: Mapping[str, TypeMetrics] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class TrafficPoint:
    """What the fleet did in one step of time.

    Attributes:
        at: When the step began.
        completed: Runs that ended well.
        failed: Runs that failed, timeouts and those that are tried again among them.
        retried: Those of them that are tried again.
        cancelled: Runs that ended with their job cancelled.
        released: Jobs given back.
        waiting: Runs whose handlers wait.
        lost_leases: Runs whose lease was lost. Of no type: 0 where one type was asked for.
        store_errors: Calls to the store that went wrong. Of no type, as these.
        latency: From when jobs fell due until their handlers started.
        run_time: How long handlers ran.
    """

    at: datetime
    completed: int
    failed: int
    retried: int
    cancelled: int
    released: int
    waiting: int
    lost_leases: int
    store_errors: int
    latency: Durations
    run_time: Durations


@dataclass(frozen=True, slots=True)
class Traffic:
    """What `queue.get_traffic()` answers.

    Attributes:
        step: How long a point is: a minute for spans of up to three hours, otherwise an hour.
        points: Every step of the span, the oldest first, those too in which nothing was done. The last one is not over.
        completed: Runs that ended well in the whole span, by type, the busiest types first; beyond fifty types `other`.
        failures: Runs that failed, likewise; types of which none did are left out.
        latency: From when jobs fell due until their handlers started, in the whole span.
        run_time: How long handlers ran, in the whole span.
    """

    step: timedelta
    points: tuple[TrafficPoint, ...]
    completed: Mapping[str, int]
    failures: Mapping[str, int]
    latency: Durations
    run_time: Durations


LONGEST_SPAN = 30 * 86_400
"""So many seconds back the fleet's traffic is kept."""

# How many counts the engine tells of a tally, before the two sums and the buckets.
_COUNTS = 8


def metrics_of(told: MetricsTuple | Sequence[Any]) -> ProcessorMetrics:
    """What the engine told."""
    worker, concurrency, running, waiting, last_claim, lost, reclaimed, errors, types = told
    by_type = {name: _type_metrics(claimed, numbers) for name, claimed, numbers in types}
    age = None if last_claim is None else timedelta(seconds=last_claim)
    calls = MappingProxyType(dict(errors))
    return ProcessorMetrics(
        worker, concurrency, running, waiting, age, lost, reclaimed, calls, MappingProxyType(by_type)
    )


def traffic_of(told: ChartTuple) -> Traffic:
    """What the engine told."""
    step, points, types = told
    completed = {name: numbers[0] for name, numbers in types if numbers[0]}
    failures = {name: numbers[1] for name, numbers in types if numbers[1]}
    latency, run_time = _durations([sum(column) for column in zip(*(numbers for _, numbers in points), strict=True)])
    return Traffic(
        timedelta(seconds=step),
        tuple(_point(at, numbers) for at, numbers in points),
        MappingProxyType(completed),
        MappingProxyType(failures),
        latency,
        run_time,
    )


def _type_metrics(claimed: int, numbers: Sequence[int]) -> TypeMetrics:
    completed, failed, retried, cancelled, released, waiting, _, _ = numbers[:_COUNTS]
    latency, run_time = _durations(numbers)
    return TypeMetrics(claimed, completed, failed, retried, cancelled, released, waiting, latency, run_time)


def _point(at: int, numbers: Sequence[int]) -> TrafficPoint:
    completed, failed, retried, cancelled, released, waiting, lost, errors = numbers[:_COUNTS]
    latency, run_time = _durations(numbers)
    counts = (completed, failed, retried, cancelled, released, waiting, lost, errors)
    return TrafficPoint(datetime_of(at), *counts, latency, run_time)


def _durations(numbers: Sequence[int]) -> tuple[Durations, Durations]:
    from ._core import BOUNDS

    bounds, first = tuple(BOUNDS), _COUNTS + 2
    middle = first + len(bounds) + 1
    latency, run_time = numbers[first - 2] / 1000, numbers[first - 1] / 1000
    return (
        Durations(bounds, tuple(numbers[first:middle]), latency),
        Durations(bounds, tuple(numbers[middle:]), run_time),
    )
