"""What a measure works with: places, programs and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    paces: dict[tuple[Contestant, str], int] = field(default_factory=dict)
    """How many jobs a drain of a contestant has, by kind of handler."""

    @contextmanager
    def place(self, contestant: Contestant) -> Iterator[Place]:
        """A fresh place with the contestant's empty queue in it."""
        with self.servers.place(contestant.store) as place:
            with self.program(contestant, place) as program:
                program.ask("prepare")
            place.settle()
            yield place

    @contextmanager
    def program(self, contestant: Contestant, place: Place) -> Iterator[Program]:
        """The contestant's program, ready for commands."""
        with Program(contestant, place.url, self.deadline) as program:
            program.ask("hello")
            yield program
