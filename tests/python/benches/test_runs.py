"""A run from end to end: programs are started, measured, ended, and believed only where the counts agree."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benches.compare.orchestrate import registry
from benches.compare.orchestrate.drains import drain
from benches.compare.orchestrate.measures import MEASURES
from benches.compare.orchestrate.program import ContestantError, Program
from benches.compare.orchestrate.registry import OURS, Contestant
from benches.compare.orchestrate.results import Results
from benches.compare.orchestrate.run import run
from benches.compare.orchestrate.servers import Servers
from benches.compare.orchestrate.sizes import QUICK
from benches.compare.orchestrate.stage import Stage

JOBS = 200
DEADLINE = 60.0
# Answers everything and counts as many jobs as it is told to, whatever was added.
STRANGER = """
    import json, struct, sys
    counter = sys.argv[sys.argv.index("--counter") + 1]
    ran, left = {ran}, {left}
    for line in sys.stdin:
        do = json.loads(line)["do"]
        if do == "work":
            with open(counter, "r+b") as file:
                file.write(struct.pack("<Q", ran))
        told = {{"hello": {{"version": "1", "notes": ""}}, "left": {{"count": left}}, "add": {{"seconds": 1}}}}
        print(json.dumps(told.get(do, {{}})), flush=True)
"""


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage for few jobs."""
    with Servers() as servers:
        yield Stage(servers, replace(QUICK, jobs=JOBS, rounds=1, processes=(1, 2)), DEADLINE)


def stranger(folder: Path, text: str) -> Contestant:
    """A contestant made of a program's text."""
    program = folder / "stranger.py"
    program.write_text(textwrap.dedent(text))
    return Contestant("stranger", "sqlite", "peer", program)


def measured_here(*names: str) -> list[Contestant]:
    """Contestants on SQLite."""
    return [one for one in registry.everyone() if one.store == "sqlite" and one.name in names]


def test_ours_and_the_limit_are_measured_by_turns(stage: Stage) -> None:
    found, told = Results(), list[str]()
    measures = [measure for measure in MEASURES if measure.name in ("drain_async", "processes", "bulk_add")]
    run(stage, measures, measured_here(OURS, "by hand"), found, told.append)
    assert found.failures == []
    assert [(turn.measure, turn.contestant) for turn in found.turns] == [
        (measure.name, name) for measure in measures for name in (OURS, "by hand")
    ]
    for turn in found.turns:
        assert all(value >= 0 for value in turn.figures.values()), turn
    assert found.figure("drain_async", "sqlite", OURS, "rate").keys() == {0}
    assert {"dataqueue on sqlite", "by hand on sqlite"} <= found.notes.keys()


def test_a_contestant_that_fails_keeps_nobody_else_from_his_turn(stage: Stage, tmp_path: Path) -> None:
    found = Results()
    broken = stranger(tmp_path, "raise SystemExit('no such library')")
    drains = [measure for measure in MEASURES if measure.name == "drain_async"]
    run(stage, drains, [broken, *measured_here("by hand")], found, lambda _: None)
    assert [turn.contestant for turn in found.turns] == ["by hand"]
    (failure,) = found.failures
    assert "stranger on sqlite" in failure.said
    assert "no such library" in failure.said


@pytest.mark.parametrize(("ran", "left"), [(JOBS + 1, 0), (JOBS, 3)], ids=["a job ran twice", "jobs are left"])
def test_counts_that_do_not_agree_are_no_result(stage: Stage, tmp_path: Path, ran: int, left: int) -> None:
    contestant = stranger(tmp_path, STRANGER.format(ran=ran, left=left))
    with (
        stage.place(contestant) as place,
        pytest.raises(ContestantError, match=f"ran {ran} handlers for {JOBS} jobs and left {left}"),
    ):
        drain(stage, contestant, place, "async", JOBS)


def test_a_contestant_that_answers_as_it_should_has_a_rate(stage: Stage, tmp_path: Path) -> None:
    contestant = stranger(tmp_path, STRANGER.format(ran=JOBS, left=0))
    with stage.place(contestant) as place:
        assert drain(stage, contestant, place, "async", JOBS)["rate"] > 0


def test_a_contestant_that_never_answers_is_given_up_and_ended(tmp_path: Path) -> None:
    silent = stranger(tmp_path, "import os, sys\nprint(os.getpid(), file=sys.stderr, flush=True)\nsys.stdin.read()")
    program = Program(silent, "nowhere", 1.0)
    with pytest.raises(ContestantError, match="did not answer 'hello' within 1 s") as told, program:
        program.ask("hello")
    pid = int(str(told.value).splitlines()[-1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_store_that_is_long_to_fill_is_filled_once(stage: Stage) -> None:
    found = Results()
    stage.sizes = replace(stage.sizes, rounds=2, jobs=20, history=30, future=40)
    burdens = [measure for measure in MEASURES if measure.name in ("history", "future")]
    run(stage, burdens, measured_here(OURS), found, lambda _: None)
    assert found.failures == []
    # Jobs that were added a second time would be left, which is no result.
    assert [(turn.measure, turn.round) for turn in found.turns] == [
        ("history", 0),
        ("history", 1),
        ("future", 0),
        ("future", 1),
    ]
