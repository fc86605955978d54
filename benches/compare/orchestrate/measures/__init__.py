"""Everything that is measured, in the order of the tables."""

from __future__ import annotations

from . import adding, burdens, draining, idling, waking
from .measure import Measure

__all__ = ["MEASURES", "Measure"]

MEASURES: tuple[Measure, ...] = (
    *draining.MEASURES,
    *adding.MEASURES,
    *waking.MEASURES,
    *idling.MEASURES,
    *burdens.MEASURES,
)
