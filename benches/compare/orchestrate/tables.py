"""The results as Markdown: first what must be shown, then each measure, ratios before rates."""

from __future__ import annotations

from collections.abc import Iterator

from .goals import GOALS, UNMEASURED, Goal
from .measures import MEASURES, Measure
from .registry import OURS, STORES
from .results import Failure, Results
from .turns import Spread, ratios, spread

__all__ = ["markdown"]

_STORES = {"postgres": "PostgreSQL", "redis": "Redis", "sqlite": "SQLite"}
_FIGURES = {
    "rate": "jobs/s",
    "recorded_rate": "jobs/s until all is recorded",
    "rate_together": "jobs/s, fifty callers",
    "gain": "fifty callers ÷ one",
    "statements": "statements a job",
    "scripts": "scripts a job",
    "wal_bytes": "WAL bytes a job",
    "commits": "commits a job",
    "written_bytes": "bytes written a job",
    "cpu_us": "CPU µs a job",
    "peak_mb": "peak RSS, MB",
    "p50": "p50, ms",
    "p99": "p99, ms",
    "p999": "p99.9, ms",
    "longest": "longest, ms",
    "share": "share of the clean rate",
    "clean_rate": "clean jobs/s",
    "cpu_ms_per_second": "CPU ms/s",
}


def markdown(results: Results) -> str:
    """All tables."""
    lines = [f"{results.conditions.get('machine', '')}  ", f"{results.conditions.get('sizes', '')}", ""]
    lines += [f"- {_STORES[store]}: {results.conditions[store]}" for store in STORES if store in results.conditions]
    lines += ["", *_goals(results)]
    for measure in MEASURES:
        for store in STORES:
            if results.contestants(measure.name, store):
                lines += ["", f"### {measure.title}, {_STORES[store]}", "", *_measure(results, measure, store)]
    if results.notes:
        lines += ["", "### Versions and set-up", ""]
        lines += [f"- {name}: {note}" for name, note in sorted(results.notes.items())]
    if results.failures:
        lines += ["", "### Not measured", ""]
        lines += [f"- {_failure(one)}" for one in results.failures]
    return "\n".join(lines) + "\n"


def _goals(results: Results) -> Iterator[str]:
    yield "### What must be shown"
    yield ""
    yield "| | store | wanted | median (lowest to highest) | |"
    yield "|---|---|---|---|---|"
    for goal in GOALS:
        if goal.store not in results.conditions:
            continue
        value = goal.value(results)
        told = ("-", "not measured") if value is None else (_spread(value), _verdict(goal, value))
        yield f"| {goal.title} | {_STORES[goal.store]} | {_wanted(goal)} | {told[0]} | {told[1]} |"
    for title, why in UNMEASURED:
        yield f"| {title} | | | - | {why} |"


def _wanted(goal: Goal) -> str:
    if goal.beside is not None:
        return f"at least {goal.bound:g} times {goal.beside}"
    return f"at {goal.sense} {goal.bound:g} {goal.unit}"


def _verdict(goal: Goal, value: Spread) -> str:
    if not goal.is_reached(value):
        return "**not reached**"
    return "reached" if goal.is_always_reached(value) else "reached, not in every round"


def _measure(results: Results, measure: Measure, store: str) -> Iterator[str]:
    others = [name for name in results.figures(measure.name, store) if name != measure.key]
    titles = [f"{OURS} ÷ it", _title(measure.key, measure.unit), *(_title(name) for name in others)]
    yield f"| | {' | '.join(titles)} |"
    yield "|---" * (len(titles) + 1) + "|"
    ours = results.figure(measure.name, store, OURS, measure.key)
    for contestant in results.contestants(measure.name, store):
        theirs = results.figure(measure.name, store, contestant, measure.key)
        ratio = None if contestant == OURS else ratios(ours, theirs)
        cells = [_cell(ratio), _cell(spread(list(theirs.values())) if theirs else None)]
        for name in others:
            values = list(results.figure(measure.name, store, contestant, name).values())
            cells.append(_number(spread(values).median) if values else "-")
        yield f"| {contestant} | {' | '.join(cells)} |"


def _title(name: str, unit: str | None = None) -> str:
    return _FIGURES.get(name) or (f"{name.replace('_', ' ')}" if unit is None else f"{name.replace('_', ' ')}, {unit}")


def _cell(value: Spread | None) -> str:
    return "-" if value is None else _spread(value)


def _spread(value: Spread) -> str:
    return f"{_number(value.median)} ({_number(value.lowest)} to {_number(value.highest)})"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.4f}"


def _failure(one: Failure) -> str:
    said = one.said.splitlines()[0] if one.said else ""
    return f"{one.contestant} on {_STORES[one.store]}, {one.measure}: {said}"
