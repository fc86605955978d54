"""What a measure is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..registry import STORES, Contestant
from ..stage import Figures, Stage

__all__ = ["Measure"]


@dataclass(frozen=True)
class Measure:
    """Something that is measured by turns.

    Attributes:
        name: How it is chosen and stored.
        title: How it is told.
        turn: Measures a contestant once, on fresh places.
        roles: Who takes part: `ours`, `limit`, `peer`.
        stores: Where it can be measured.
        key: The figure that contestants are compared by.
        unit: That figure's unit.
        peers_by_name: Whether peers take part only where they are asked for by name.
    """

    name: str
    title: str
    turn: Callable[[Stage, Contestant], Figures]
    roles: tuple[str, ...] = ("ours", "limit", "peer")
    stores: tuple[str, ...] = STORES
    key: str = "rate"
    unit: str = "jobs/s"
    peers_by_name: bool = False

    def takes(self, contestant: Contestant, *, by_name: bool = False) -> bool:
        """Whether a contestant takes part, who may have been asked for by name."""
        chosen = not contestant.only or self.name in contestant.only
        if self.peers_by_name and contestant.role == "peer" and not by_name:
            return False
        return chosen and contestant.role in self.roles and contestant.store in self.stores
