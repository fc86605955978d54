"""The metrics of processors, as every exporter names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..metrics import Durations, ProcessorMetrics

__all__ = ["FAMILIES", "Family", "Sample", "samples"]


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics of one name.

    Attributes:
        name: Its name, after Prometheus' conventions, without the suffix of counters.
        kind: What it is.
        about: What it tells.
        labels: The names of its labels.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...]


Sample: TypeAlias = tuple[Family, tuple[str, ...], "float | Durations"]
"""A family, the values of its labels, and its value."""

_CLAIMED = Family("dataqueue_jobs_claimed", "counter", "Jobs claimed.", ("worker", "type"))
_SETTLED = Family(
    "dataqueue_jobs_settled",
    "counter",
    "Runs that ended. Those that failed and are tried again are `retried`, and not `failed`.",
    ("worker", "type", "outcome"),
)
_LATENCY = Family(
    "dataqueue_job_latency_seconds",
    "histogram",
    "From when jobs fell due until their handlers started.",
    ("worker", "type"),
)
_RUN_TIME = Family("dataqueue_job_run_seconds", "histogram", "How long handlers ran.", ("worker", "type"))
_LOST = Family("dataqueue_leases_lost", "counter", "Runs whose lease was lost.", ("worker",))
_RECLAIMED = Family("dataqueue_jobs_reclaimed", "counter", "Jobs taken from dead workers.", ("worker",))
_ERRORS = Family(
    "dataqueue_store_errors", "counter", "Calls to the store that went wrong, by what was asked.", ("worker", "call")
)
_IN_HAND = Family(
    "dataqueue_jobs_in_hand", "gauge", "Jobs that handlers run, or that wait for a slot.", ("worker", "state")
)
_CONCURRENCY = Family("dataqueue_concurrency", "gauge", "Most handlers running at once.", ("worker",))
_LAST_CLAIM = Family(
    "dataqueue_last_claim_age_seconds",
    "gauge",
    "Since a claim last succeeded.",
    ("worker",),
)

FAMILIES = (
    _CLAIMED,
    _SETTLED,
    _LATENCY,
    _RUN_TIME,
    _LOST,
    _RECLAIMED,
    _ERRORS,
    _IN_HAND,
    _CONCURRENCY,
    _LAST_CLAIM,
)
"""All of them."""


def samples(workers: Iterable[tuple[str, ProcessorMetrics]]) -> Iterator[Sample]:
    """What these processors tell, each under a name that it keeps when it is started again."""
    for worker, metrics in workers:
        for name, told in metrics.types.items():
            yield _CLAIMED, (worker, name), told.claimed
            outcomes = {
                "completed": told.completed,
                "failed": told.failed - told.retried,
                "retried": told.retried,
                "cancelled": told.cancelled,
                "released": told.released,
                "waiting": told.waiting,
            }
            for outcome, count in outcomes.items():
                yield _SETTLED, (worker, name, outcome), count
            yield _LATENCY, (worker, name), told.latency
            yield _RUN_TIME, (worker, name), told.run_time
        yield _LOST, (worker,), metrics.lost_leases
        yield _RECLAIMED, (worker,), metrics.reclaimed
        for call, count in metrics.store_errors.items():
            yield _ERRORS, (worker, call), count
        yield _IN_HAND, (worker, "running"), metrics.running
        yield _IN_HAND, (worker, "waiting"), metrics.waiting
        yield _CONCURRENCY, (worker,), metrics.concurrency
        if metrics.last_claim_age is not None:
            yield _LAST_CLAIM, (worker,), metrics.last_claim_age.total_seconds()
