"""Charts and the graph of dependencies: what is drawn is what was given."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest

from dataqueue.dashboard.charts import Series, columns, lines, rows, ticks
from dataqueue.dashboard.graph import Node, dependencies
from dataqueue.dashboard.views.words import duration

EVIL = '"><script>alert(1)</script>'
AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
TIMES = [AT + timedelta(minutes=minute) for minute in range(4)]


def drawn(markup: str) -> ET.Element:
    return ET.fromstring(markup)


@pytest.mark.parametrize("most", [0.001, 0.7, 1, 3, 9.99, 10, 11, 99, 1234, 5e6, 1e12])
def test_ticks_are_round_and_reach_the_top(most: float) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert most <= found[-1] * 1.000001
    assert found[-1] <= most * 2
    assert 3 <= len(found) <= 6


@pytest.mark.parametrize("most", [0, -1, float("nan"), float("inf")])
def test_ticks_of_nothing_are_some(most: float) -> None:
    assert ticks(most) == [0, 1]


def test_columns_are_stacked_to_scale() -> None:
    chart = drawn(
        columns("Jobs", TIMES, [Series("done", "green", [10, 0, None, 5]), Series("bad", "red", [10, 0, 0, 5])])
    )
    plot = chart.find(".//svg[@role='img']")
    assert plot is not None
    assert plot.get("aria-label") == "Jobs. done: 15 in all; bad: 15 in all"
    greens = plot.findall(".//rect[@class='green']")
    reds = plot.findall(".//rect[@class='red']")
    assert [rect.get("height") for rect in greens] == ["50.00", "25.00"]
    assert [(rect.get("y"), rect.get("height")) for rect in reds] == [("0.00", "50.00"), ("50.00", "25.00")]
    titles = [title.text for title in plot.iter("title")]
    assert titles[0] == "12:00: done: 10, bad: 10"
    assert titles[1] == "12:01: nothing"


def test_lines_have_gaps_where_there_is_nothing() -> None:
    chart = drawn(lines("Latency", TIMES, [Series("p50", "blue", [1, 2, None, 4])], duration))
    line = chart.find(".//path[@class='line blue']")
    assert line is not None
    assert line.get("d") == "M5.0 75.00L15.0 50.00M31.0 0.00h8"
    plot = chart.find(".//svg[@role='img']")
    assert plot is not None
    assert plot.get("aria-label") == "Latency. p50: 4 s at most"
    assert chart.findtext(".//div[@class='y']/span") == "4 s"


def test_charts_of_nothing_are_drawn_too() -> None:
    for chart in (columns("None", [], []), columns("None", TIMES, [Series("a", "red", [None] * 4)]), rows("None", [])):
        drawn(chart)
    drawn(lines("None", TIMES, [Series("a", "red", [None] * 4)], duration))


def test_names_are_escaped() -> None:
    series = [Series(EVIL, "red", [1, 1, 1, 1])]
    node = Node(1, EVIL, "failed", "/jobs/1")
    for markup in (
        columns(EVIL, TIMES, series),
        lines(EVIL, TIMES, series, duration),
        rows(EVIL, [(EVIL, 1, "red", EVIL)]),
        dependencies([node], node, [node]),
    ):
        assert "<script>" not in markup
        drawn(markup)


def test_rows_are_to_scale() -> None:
    chart = drawn(rows("Failures", [("a", 8, "red", "/a"), ("b", 2, "red", "")]))
    assert [rect.get("width") for rect in chart.iter("rect")] == ["100.00", "25.00"]
    assert [link.get("href") for link in chart.iter("a")] == ["/a"]


def test_a_job_alone_has_no_graph() -> None:
    assert dependencies([], Node(1, "a", "pending", ""), []) == ""


def test_a_graph_leads_to_each_job_and_says_how_many_it_leaves_out() -> None:
    own = Node(100, "own", "pending", "/jobs/100")
    before = [Node(1, "first", "completed", "/jobs/1"), Node(2, None, "gone", "/jobs/2")]
    after = [Node(number, "next", "pending", f"/jobs/{number}") for number in range(200, 205)]
    graph = drawn(dependencies(before, own, after, more_after=18))
    links = [link.get("href") for link in graph.iter("a")]
    assert links == ["/jobs/1", *(f"/jobs/{number}" for number in range(200, 205))]
    assert len([path for path in graph.iter("path") if path.get("class") == "edge"]) == 7
    assert "and 18 more" in [text.text for text in graph.iter("text")]
    assert graph.get("aria-label") == "Job 100 waits for 2 jobs, and 23 wait for it"
