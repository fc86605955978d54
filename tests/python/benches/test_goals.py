"""What is held against the goals, and how it is told."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benches.compare.orchestrate import charts, tables
from benches.compare.orchestrate.goals import GOALS, Goal
from benches.compare.orchestrate.measures import MEASURES
from benches.compare.orchestrate.registry import OURS
from benches.compare.orchestrate.results import Failure, Results, Turn, load
from benches.compare.orchestrate.turns import Spread


def measured(**rates: list[float]) -> Results:
    """Drains on SQLite, a rate a round."""
    found = Results(conditions={"machine": "a machine", "sizes": "small", "sqlite": "SQLite"})
    for name, values in rates.items():
        found.turns += [
            Turn("drain_async", "sqlite", name, number, {"rate": rate, "cpu_us": 10.0})
            for number, rate in enumerate(values)
        ]
    return found


def test_a_goal_beside_a_peer_is_the_median_of_the_ratios() -> None:
    found = measured(dataqueue=[300.0, 100.0, 90.0], huey=[100.0, 50.0, 10.0])
    goal = Goal("drain", "sqlite", "drain_async", "rate", 3.0, beside="huey")
    assert goal.value(found) == Spread(3.0, 2.0, 9.0)
    assert goal.is_reached(Spread(3.0, 2.0, 9.0))
    assert not goal.is_reached(Spread(2.9, 2.0, 9.0))


def test_a_goal_of_ours_alone_can_be_the_most_that_is_allowed() -> None:
    goal = Goal("CPU", "sqlite", "drain_async", "cpu_us", 20.0, "most", "µs")
    assert goal.value(measured(dataqueue=[1.0])) == Spread(10.0, 10.0, 10.0)
    assert goal.value(measured(huey=[1.0])) is None
    assert goal.is_reached(Spread(20.0, 1.0, 90.0))
    assert not goal.is_reached(Spread(20.1, 1.0, 90.0))


def test_every_goal_is_about_a_measure_that_there_is() -> None:
    by_name = {measure.name: measure for measure in MEASURES}
    assert len(by_name) == len(MEASURES)
    for goal in GOALS:
        assert goal.store in by_name[goal.measure].stores


def test_tables_tell_ratios_before_rates() -> None:
    told = tables.markdown(measured(dataqueue=[1_000.0, 1_200.0, 800.0], huey=[100.0, 100.0, 100.0]))
    assert (
        "| drain, async no-op | SQLite | at least 10 times huey | 10.0 (8.00 to 12.0) | reached, not in every round |"
        in told
    )
    assert "| huey | 10.0 (8.00 to 12.0) | 100 (100 to 100) | 10.0 |" in told
    assert "| drain, async no-op | SQLite | at least 10 times flexiq | - | not measured |" in told
    assert "PostgreSQL" not in told


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [([10.0, 11.0, 12.0], "reached"), ([9.0, 10.0, 12.0], "reached, not in every round"), ([9.0], "**not reached**")],
)
def test_a_goal_that_single_rounds_miss_is_told_as_that(rates: list[float], verdict: str) -> None:
    told = tables.markdown(measured(dataqueue=rates, huey=[1.0, 1.0, 1.0]))
    (row,) = [line for line in told.splitlines() if "| at least 10 times huey |" in line]
    assert row.endswith(f"| {verdict} |")


def test_what_failed_is_told_by_its_first_line() -> None:
    found = measured(dataqueue=[1.0])
    found.failures.append(Failure("drain_async", "sqlite", "huey", "huey ended:\na long log"))
    told = tables.markdown(found)
    assert "- huey on SQLite, drain_async: huey ended:" in told
    assert "a long log" not in told


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    found = measured(dataqueue=[1.0, 2.0], huey=[3.0])
    found.failures.append(Failure("drain_async", "sqlite", "flexiq", "no"))
    found.save(tmp_path / "new" / "results.json")
    assert load(tmp_path / "new" / "results.json") == found


def test_a_chart_is_drawn_of_each_measure_with_several_contestants(tmp_path: Path) -> None:
    assert charts.write(measured(dataqueue=[1.0]), tmp_path) == []
    (file,) = charts.write(measured(dataqueue=[100.0, 300.0, 200.0], **{"<&>": [50.0]}), tmp_path)
    drawn = ET.fromstring(file.read_text())
    bars = [float(bar.get("width") or 0) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert len(bars) == 2
    assert bars[0] == pytest.approx(4 * bars[1], rel=0.01)
    assert texts[1:] == [OURS, "200", "<&>", "50.00"]
