"""What a run found, in memory and in a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .stage import Figures

__all__ = ["Failure", "Results", "Turn", "load"]


@dataclass(frozen=True)
class Turn:
    """What one contestant did in one round."""

    measure: str
    store: str
    contestant: str
    round: int
    figures: Figures


@dataclass(frozen=True)
class Failure:
    """Why a contestant takes no further part in a measure."""

    measure: str
    store: str
    contestant: str
    said: str


@dataclass
class Results:
    """All turns of a run, and why some are missing."""

    conditions: dict[str, str] = field(default_factory=dict)
    """The machine's, those of each store, and the sizes."""
    notes: dict[str, str] = field(default_factory=dict)
    """Each contestant's version and set-up."""
    turns: list[Turn] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def figure(self, measure: str, store: str, contestant: str, name: str) -> dict[int, float]:
        """A figure of a contestant, by round."""
        return {
            turn.round: turn.figures[name]
            for turn in self.turns
            if (turn.measure, turn.store, turn.contestant) == (measure, store, contestant) and name in turn.figures
        }

    def contestants(self, measure: str, store: str) -> list[str]:
        """Who was measured, in the order of their first turns."""
        return list(
            dict.fromkeys(turn.contestant for turn in self.turns if (turn.measure, turn.store) == (measure, store))
        )

    def figures(self, measure: str, store: str) -> list[str]:
        """The names of the figures that anybody has."""
        return list(
            dict.fromkeys(
                name for turn in self.turns if (turn.measure, turn.store) == (measure, store) for name in turn.figures
            )
        )

    def save(self, file: Path) -> None:
        """Writes all of it as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def load(file: Path) -> Results:
    """Reads what was saved."""
    told = json.loads(file.read_text())
    return Results(
        told["conditions"],
        told["notes"],
        [Turn(**turn) for turn in told["turns"]],
        [Failure(**failure) for failure in told["failures"]],
    )
