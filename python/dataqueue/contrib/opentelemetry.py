"""Metrics of processors for OpenTelemetry. Needs `pip install dataqueue[opentelemetry]`."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

try:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider
except ImportError as error:
    raise ImportError(
        "metrics for OpenTelemetry need the package opentelemetry-api: pip install dataqueue[opentelemetry]"
    ) from error

from ..metrics import Durations
from ._families import FAMILIES, Family, samples

if TYPE_CHECKING:
    from ..processor import AsyncProcessor, Processor

__all__ = ["instrument"]

_Processors: TypeAlias = "list[weakref.ref[Processor | AsyncProcessor]]"

# A provider has each instrument once, whose observations are those of all processors.
_instrumented: weakref.WeakKeyDictionary[MeterProvider, _Processors] = weakref.WeakKeyDictionary()


def instrument(processor: Processor | AsyncProcessor, meter_provider: MeterProvider | None = None) -> None:
    """Tells OpenTelemetry what a processor does, each time that metrics are collected.

    The instruments are observable counters and gauges with the names and labels that Prometheus is told, without
    `_total`. A histogram is a counter `..._bucket` with the label `le`, the upper bound of a bucket in seconds or
    `+Inf`, whose value counts all that did not exceed it, beside `..._sum` and `..._count`.

    The label `worker` is the place of the processor among those of the provider, from 1. A processor that is
    instrumented twice is told once; one that nobody holds any more is told no longer.

    Args:
        processor: Whose metrics are told, running or not.
        meter_provider: Where; the global one by default.
    """
    provider = get_meter_provider() if meter_provider is None else meter_provider
    processors = _instrumented.get(provider)
    if processors is None:
        processors = _instrumented[provider] = []
        _create(provider, processors)
    if all(known() is not processor for known in processors):
        processors.append(weakref.ref(processor))


def _create(provider: MeterProvider, processors: _Processors) -> None:
    meter = provider.get_meter("dataqueue")
    for family in FAMILIES:
        unit = "s" if family.name.endswith("_seconds") else "1"
        if family.kind == "histogram":
            for suffix, of in (("_bucket", "1"), ("_count", "1"), ("_sum", unit)):
                observe = _Observing(processors, family, suffix)
                meter.create_observable_counter(family.name + suffix, [observe], of, family.about)
        elif family.kind == "counter":
            meter.create_observable_counter(family.name, [_Observing(processors, family)], unit, family.about)
        else:
            meter.create_observable_gauge(family.name, [_Observing(processors, family)], unit, family.about)


class _Observing:
    """What one instrument asks for."""

    def __init__(self, processors: _Processors, family: Family, suffix: str = "") -> None:
        self._processors, self._family, self._suffix = processors, family, suffix

    def __call__(self, _options: CallbackOptions) -> Iterable[Observation]:
        alive = [(str(place), known()) for place, known in enumerate(self._processors, 1)]
        told = samples((place, processor.metrics()) for place, processor in alive if processor is not None)
        for family, values, value in told:
            if family is self._family:
                labels = dict(zip(family.labels, values, strict=True))
                if isinstance(value, Durations):
                    yield from self._of_durations(value, labels)
                else:
                    yield Observation(value, labels)

    def _of_durations(self, value: Durations, labels: dict[str, str]) -> Iterator[Observation]:
        if self._suffix == "_count":
            yield Observation(value.count, labels)
        elif self._suffix == "_sum":
            yield Observation(value.total, labels)
        else:
            total = 0
            for name, count in zip((*map(str, value.bounds), "+Inf"), value.counts, strict=True):
                total += count
                yield Observation(total, {**labels, "le": name})
