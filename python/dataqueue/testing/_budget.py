"""How many runs a test may cause."""

from __future__ import annotations

from ..arguments import check_int

__all__ = ["LIMIT", "Budget"]

LIMIT = 1_000
_MOST = 10_000_000


class Budget:
    """Runs, and stops of the clock at which nothing ran: a handler that waits without end must not hold up a test."""

    def __init__(self, limit: int) -> None:
        self.limit = check_int("limit", limit, 1, _MOST)
        self._left = self.limit

    @property
    def most(self) -> int:
        """How many runs to ask for: one more than are left, so that too many can be told from just enough."""
        return self._left + 1

    @property
    def is_overdrawn(self) -> bool:
        return self._left < 0

    def take(self, count: int) -> None:
        self._left -= count
