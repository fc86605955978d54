"""What a measure works with: places, programs and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from .places import Place
from .program import Program
from .registry import Contestant
from .servers import Servers
from .sizes import Sizes

__all__ = ["Figures", "Stage"]

# How long a contestant may take for one command.
DEADLINE = 900.0

Figures = dict[str, float]
"""What one turn gave, by name."""


@dataclass
class Stage:
    """The servers, the sizes, and what is known about the contestants' pace."""

    servers: Servers
    sizes: Sizes
    deadline: float = DEADLINE
    paces: dict[tuple[Contestant, str], tuple[str, int]] = field(default_factory=dict)
    """The kind of handler and the number of jobs of a contestant's drains, by the kind that is asked for."""
    notes: dict[str, str] = field(default_factory=dict)
    """What contestants say about themselves."""
    _keeping: ExitStack = field(default_factory=ExitStack)
    _kept: dict[Contestant, Place] = field(default_factory=dict)

    @contextmanager
    def place(self, contestant: Contestant) -> Iterator[Place]:
        """A fresh place with the contestant's empty queue in it."""
        with self.servers.place(contestant.store) as place:
            with self.program(contestant, place) as program:
                program.ask("prepare")
            place.settle()
            yield place

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Lets places that are long to fill live on from turn to turn, until the context ends."""
        with self._keeping:
            try:
                yield
            finally:
                self._kept.clear()

    def kept(self, contestant: Contestant, fill: Callable[[Place], None]) -> Place:
        """The contestant's place that is kept, filled when it is first asked for."""
        place = self._kept.get(contestant)
        if place is None:
            place = self._keeping.enter_context(self.place(contestant))
            fill(place)
            place.settle()
            self._kept[contestant] = place
        return place

    @contextmanager
    def program(self, contestant: Contestant, place: Place) -> Iterator[Program]:
        """The contestant's program, ready for commands."""
        with Program(contestant, place.url, self.deadline) as program:
            told = program.ask("hello")
            self.notes[f"{contestant.name} on {contestant.store}"] = f"{told['version']}: {told['notes']}"
            yield program
