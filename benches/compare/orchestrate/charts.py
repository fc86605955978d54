"""Bars for the rates of a measure, as SVG: a file that needs nothing to be looked at, and little to be written."""

from __future__ import annotations

from html import escape
from pathlib import Path

from .measures import MEASURES
from .registry import OURS, STORES
from .results import Results
from .turns import Spread, spread

__all__ = ["bars", "write"]

_CHARTED = ("drain_async", "drain_sync", "bulk_add", "pick_up")
_WIDTH, _LEFT, _RIGHT = 720, 170, 110
_BAR, _GAP, _TOP = 20, 10, 44
_OURS, _OTHERS, _INK = "#2563eb", "#94a3b8", "#475569"


def write(results: Results, folder: Path) -> list[Path]:
    """Writes a chart for each measure and store that has at least two contestants."""
    written = []
    for measure in MEASURES:
        for store in STORES:
            rows = {
                name: spread(list(values.values()))
                for name in results.contestants(measure.name, store)
                if (values := results.figure(measure.name, store, name, measure.key))
            }
            if measure.name in _CHARTED and len(rows) > 1:
                folder.mkdir(parents=True, exist_ok=True)
                file = folder / f"{measure.name.replace('_', '-')}-{store}.svg"
                file.write_text(bars(f"{measure.title}, {store}: {measure.unit}", rows))
                written.append(file)
    return written


def bars(title: str, rows: dict[str, Spread]) -> str:
    """A chart: a bar to each median, and a line from the lowest to the highest value."""
    height = _TOP + len(rows) * (_BAR + _GAP)
    scale = (_WIDTH - _LEFT - _RIGHT) / (max(row.highest for row in rows.values()) or 1)
    text = f'font-family="sans-serif" font-size="13" fill="{_INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {text} role="img">',
        f"<title>{escape(title)}</title>",
        f'<text x="0" y="20" font-size="15">{escape(title)}</text>',
    ]
    ordered = sorted(rows.items(), key=lambda row: row[1].median, reverse=True)
    for place, (name, row) in enumerate(ordered):
        top = _TOP + place * (_BAR + _GAP)
        middle, end = top + _BAR / 2, _LEFT + row.highest * scale
        colour = _OURS if name == OURS else _OTHERS
        parts += [
            f'<text x="{_LEFT - 8}" y="{middle + 4.5}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{row.median * scale:.1f}" height="{_BAR}" fill="{colour}"/>',
            f'<path d="M{_LEFT + row.lowest * scale:.1f} {middle}H{end:.1f}" stroke="{_INK}" stroke-width="1.5"/>',
            f'<text x="{end + 8:.1f}" y="{middle + 4.5}">{_label(row.median)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
