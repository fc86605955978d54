"""The order of turns, and what rounds say together."""

from __future__ import annotations

import pytest

from benches.compare.orchestrate.turns import Spread, at, order, ratios, spread


def test_nobody_is_always_first() -> None:
    taken = list(order(3, "ABC"))
    assert [name for _, name in taken] == list("ABCCBAABC")
    assert [number for number, _ in taken] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_an_even_number_of_rounds_gives_everyone_the_same_place_on_average() -> None:
    taken = list(order(4, "ABC"))
    places = {name: sum(place for place, (_, one) in enumerate(taken) if one == name) for name in "ABC"}
    assert len(set(places.values())) == 1


def test_a_spread_is_the_median_and_the_range() -> None:
    assert spread([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0)
    assert spread([1.0, 2.0]) == Spread(1.5, 1.0, 2.0)


def test_ratios_are_made_round_by_round() -> None:
    # The machine slows down threefold, both slow down alike: the ratio of medians would be the same, that of a mix not.
    assert ratios({0: 300.0, 1: 200.0, 2: 100.0}, {0: 150.0, 1: 100.0, 2: 50.0}) == Spread(2.0, 2.0, 2.0)
    assert ratios({0: 100.0, 1: 100.0, 2: 100.0}, {0: 100.0, 1: 50.0, 2: 200.0}) == Spread(1.0, 0.5, 2.0)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({}, {0: 1.0}), ({0: 1.0}, {}), ({0: 1.0}, {1: 1.0}), ({0: 1.0}, {0: 0.0})],
    ids=["none of ours", "none of theirs", "no round with both", "nothing to divide by"],
)
def test_there_is_no_ratio_without_a_round_of_both(ours: dict[int, float], theirs: dict[int, float]) -> None:
    assert ratios(ours, theirs) is None


def test_only_rounds_with_both_are_compared() -> None:
    assert ratios({0: 4.0, 2: 9.0}, {0: 2.0, 1: 1.0, 2: 3.0}) == Spread(2.5, 2.0, 3.0)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (0.999, 100), (1.0, 100)])
def test_a_share_of_the_values_is_below_a_percentile(share: float, value: int) -> None:
    assert at(list(range(100, 0, -1)), share) == value
