"""Guards of the engine, each taken away once, with the test that must turn red.

An entry names the guard, a file, a text that stands in it once, what to put in its place, and the test that fails then,
as `cargo test` calls it: in the binary `core`, or in the library where the name begins with `policy::`.

`python -m tests.mutants` does it. A mutant whose test stays green is a hole in the tests.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Mutant", "all_mutants"]

ROOT = Path(__file__).parents[2]
# Each list is of one driver, but for the last, which concerns all of them.
LISTS = ("postgres", "redis", "sqlite", "engine")


@dataclass(frozen=True)
class Mutant:
    """A guard, and how to take it away."""

    room: str
    guard: str
    file: str
    old: str
    new: str
    test: str

    def apply(self, root: Path) -> None:
        """Takes the guard away in the tree under `root`."""
        path = root / self.file
        path.write_text(self.applied(path.read_text()))

    def applied(self, text: str) -> str:
        """The text without the guard."""
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.file} has {text.count(self.old)} times what {self.guard!r} takes away: {self.old!r}"
            )
        return text.replace(self.old, self.new)

    @property
    def binary(self) -> list[str]:
        """Which of cargo's test binaries has the test."""
        return ["--lib"] if self.test.startswith("policy::") else ["--test", "core"]


def all_mutants() -> list[Mutant]:
    """Every entry of the lists."""
    found = []
    for room in LISTS:
        entries = tomllib.loads((Path(__file__).parent / f"{room}.toml").read_text())["mutant"]
        found += [Mutant(room, **entry) for entry in entries]
    return found
