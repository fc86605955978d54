"""What ran while a test let it run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Drained"]


@dataclass(frozen=True, slots=True)
class Drained:
    """How many runs ended in which way. A job that waits twice and then completes counts three times.

    Attributes:
        completed: Runs whose handlers returned.
        failed: Runs that failed for good.
        retried: Runs that failed, and whose jobs will be tried again.
        waiting: Runs that ended because their handlers wait.
        died: Runs whose workers died, by `WorkerDied`.
        cancelled: Runs whose handlers cancelled their jobs, or that somebody asked to cancel.
    """

    completed: int = 0
    failed: int = 0
    retried: int = 0
    waiting: int = 0
    died: int = 0
    cancelled: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int], died: int) -> Drained:
        """What a processor counted."""
        retried = counts["retried"]
        return cls(
            counts["completed"], counts["failed"] - retried, retried, counts["waited"], died, counts["cancelled"]
        )

    @property
    def runs(self) -> int:
        """All of them."""
        return self.completed + self.failed + self.retried + self.waiting + self.died + self.cancelled

    def __add__(self, other: Drained) -> Drained:
        return Drained(
            self.completed + other.completed,
            self.failed + other.failed,
            self.retried + other.retried,
            self.waiting + other.waiting,
            self.died + other.died,
            self.cancelled + other.cancelled,
        )
