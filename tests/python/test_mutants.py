"""The lists of mutants fit the tree: each guard stands where it is said to, and each test is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.mutants import ROOT, Mutant, all_mutants

MUTANTS = all_mutants()


def home(test: str) -> Path:
    """The file of a Rust test, by its name."""
    where = test.split("::")[:-1]
    if where[0] == "policy":
        return ROOT / "src" / f"{'/'.join(where[:-1])}.rs"
    if where[0] == "processor":
        return ROOT / "tests" / "core" / "processor" / f"{where[2]}.rs"
    if where[0] == "late_commits":
        return ROOT / "tests" / "core" / "late_commits.rs"
    if where[0] == "adopting":
        return ROOT / "tests" / "core" / "adopting" / f"{where[1] if where[1:] else 'mod'}.rs"
    if where[0] == "failpoints":
        return ROOT / "tests" / "core" / "failpoints" / "mod.rs"
    place = ROOT / "tests" / "core" / "conformance" / where[1]
    return place / "mod.rs" if place.is_dir() else place.with_suffix(".rs")


def test_there_are_guards_of_every_room_and_none_twice() -> None:
    counts = {room: sum(one.room == room for one in MUTANTS) for room in ("postgres", "redis", "sqlite", "engine")}
    assert min(counts.values()) >= 10, counts
    assert len({(one.room, one.guard) for one in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.room}: {one.guard}")
def test_a_guard_can_be_taken_away_and_its_test_exists(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    assert mutant.applied(text) != text
    name = mutant.test.split("::")[-1]
    assert re.search(rf"\bfn {name}\(", home(mutant.test).read_text()), f"no test {name} in {home(mutant.test)}"
    if mutant.test.startswith("processor::"):
        _, driver, module, *_ = mutant.test.split("::")
        suites = (ROOT / "tests" / "core" / "processor" / "mod.rs").read_text()
        assert re.search(rf"suite!\({driver}: .*\b{module}\b", suites), f"{driver} has no {module}"
