"""Charts as inline SVG: bars over time, lines over time, and bars side by side.

Axes are HTML around the drawing, which stretches: so that their text has its size on every screen. Colours are classes,
for the pages allow no inline styles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from .views.words import number

__all__ = ["Series", "columns", "lines", "rows", "ticks"]

Values = Sequence[float | None]
_HIGH = 100.0
_STEP = 10.0


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn in one colour.

    Attributes:
        name: What it is called in the legend.
        colour: The class of its colour: `green`, `red`, `amber`, `blue`, `gray`.
        values: A value for each point in time; None where there is none.
    """

    name: str
    colour: str
    values: Values


def ticks(most: float, about: int = 4) -> list[float]:
    """Round numbers from 0 up to one that is not below `most`."""
    if not math.isfinite(most) or most <= 0:
        return [0.0, 1.0]
    raw = most / about
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * nice for nice in (1, 2, 2.5, 5, 10) if unit * nice >= raw * 0.9999)
    return [step * place for place in range(math.ceil(most / step - 1e-9) + 1)]


def columns(label: str, times: Sequence[datetime], series: Sequence[Series], form: str = "%H:%M") -> Markup:
    """Stacked bars over time, for counts."""
    totals = [sum(one.values[at] or 0 for one in series) for at in range(len(times))]
    scale = ticks(max(totals, default=0))
    if scale[-1] < 2:
        scale = [0.0, 1.0, 2.0]
    drawn = []
    for at, time in enumerate(times):
        told = [f"{one.name}: {number(one.values[at] or 0)}" for one in series if one.values[at]]
        parts, base = [], 0.0
        for one in series:
            value = one.values[at] or 0
            if value > 0:
                parts.append(_bar(one.colour, at, base, value, scale[-1]))
                base += value
        title = f"{time.strftime(form)}: {', '.join(told) or 'nothing'}"
        drawn.append(_column(at, title, parts))
    summary = f"{label}. " + "; ".join(
        f"{one.name}: {number(sum(v or 0 for v in one.values))} in all" for one in series
    )
    return _figure(label, summary, times, form, scale, number, series, Markup("").join(drawn))


def lines(
    label: str,
    times: Sequence[datetime],
    series: Sequence[Series],
    shown: Callable[[float | None], str],
    form: str = "%H:%M",
) -> Markup:
    """A line for each series, with gaps where there are no values."""
    values = [value for one in series for value in one.values if value is not None]
    scale = ticks(max(values, default=0))
    drawn = [
        Markup('<path class="line {}" d="{}" vector-effect="non-scaling-stroke"/>').format(
            one.colour, _path(one.values, scale[-1])
        )
        for one in series
    ]
    for at, time in enumerate(times):
        told = [f"{one.name}: {shown(one.values[at])}" for one in series if one.values[at] is not None]
        if told:
            drawn.append(_column(at, f"{time.strftime(form)}: {', '.join(told)}", []))
    highest = [(one.name, [value for value in one.values if value is not None]) for one in series]
    summary = f"{label}. " + "; ".join(f"{name}: {shown(max(found))} at most" for name, found in highest if found)
    return _figure(label, summary, times, form, scale, shown, series, Markup("").join(drawn))


def rows(label: str, bars: Sequence[tuple[str, float, str, str]]) -> Markup:
    """Bars side by side, longest first as they are given: name, value, colour and where it leads, "" for nowhere."""
    most = max((value for _, value, _, _ in bars), default=0) or 1
    drawn = []
    for name, value, colour, target in bars:
        width = max(value / most * 100, 0.6)
        shown = Markup('<a href="{}">{}</a>').format(target, name) if target else Markup.escape(name)
        drawn.append(
            Markup(
                '<li><span class="name">{}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" '
                'aria-hidden="true"><rect class="{}" width="{:.2f}" height="10"/></svg>'
                '<span class="num">{}</span></li>'
            ).format(shown, colour, width, number(value))
        )
    return Markup('<ul class="rows" aria-label="{}">{}</ul>').format(label, Markup("").join(drawn))


def _bar(colour: str, at: int, base: float, value: float, most: float) -> Markup:
    top, height = _HIGH * (1 - (base + value) / most), _HIGH * value / most
    return Markup('<rect class="{}" x="{:.1f}" y="{:.2f}" width="8" height="{:.2f}"/>').format(
        colour, at * _STEP + 1, top, height
    )


def _column(at: int, title: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<g class="at"><title>{}</title><rect class="field" x="{:.0f}" width="10" height="100"/>{}</g>'
    ).format(title, at * _STEP, Markup("").join(parts))


def _path(values: Values, most: float) -> str:
    pieces, pen_down = [], False
    for at, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        x, y = at * _STEP + _STEP / 2, _HIGH * (1 - value / most)
        alone = not pen_down and (at + 1 == len(values) or values[at + 1] is None)
        # A dot would hardly be seen: a point between gaps is as wide as its step.
        pieces.append(f"M{x - 4:.1f} {y:.2f}h8" if alone else f"{'L' if pen_down else 'M'}{x:.1f} {y:.2f}")
        pen_down = True
    return "".join(pieces)


def _figure(
    label: str,
    summary: str,
    times: Sequence[datetime],
    form: str,
    scale: Sequence[float],
    shown: Callable[[float | None], str],
    series: Sequence[Series],
    drawn: Markup,
) -> Markup:
    wide = max(len(times), 1) * _STEP
    grid = Markup("").join(
        Markup('<path class="rule" d="M0 {0:.2f}H{1:.0f}" vector-effect="non-scaling-stroke"/>').format(
            _HIGH * (1 - value / scale[-1]), wide
        )
        for value in scale
    )
    legend = Markup("").join(
        Markup(
            '<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10" height="10" rx="3"/></svg>'
            "{}</li>"
        ).format(one.colour, one.name)
        for one in series
    )
    heights = Markup("").join(Markup("<span>{}</span>").format(shown(value)) for value in reversed(scale))
    places = range(0, len(times), max(1, math.ceil(len(times) / 6)))
    along = Markup("").join(Markup("<span>{}</span>").format(times[at].strftime(form)) for at in places)
    return Markup(
        '<figure class="chart"><figcaption><b>{label}</b><ul class="legend">{legend}</ul></figcaption>'
        '<div class="plot"><div class="y" aria-hidden="true">{heights}</div>'
        '<svg viewBox="0 0 {wide:.0f} 100" preserveAspectRatio="none" role="img" aria-label="{summary}">'
        "{grid}{drawn}</svg>"
        '<div class="x" aria-hidden="true">{along}</div></div></figure>'
    ).format(
        label=label, legend=legend, heights=heights, wide=wide, summary=summary, grid=grid, drawn=drawn, along=along
    )
