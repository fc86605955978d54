"""The waits of one run: which are over, and how the next begins. They are told apart by their order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from ._steps import Steps, inside_of
from .arguments import check_name, seconds, timestamp
from .errors import HandlerChanged

if TYPE_CHECKING:
    from ._core import Run

__all__ = ["Kind", "Place", "WaitSignal", "Waits", "compare", "span"]

Kind = Literal["duration", "date", "token", "job"]

_FIELDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 7 * 86_400, "months": 30 * 86_400}
_FIELDS["years"] = 365 * 86_400
# Far beyond what anyone waits for, and within what every store can keep.
_LONGEST = 100 * 366 * 86_400


@dataclass(eq=False)
class WaitSignal(BaseException):
    """Ends a run whose handler waits; the job goes on when the wait is over. Not an `Exception`: let it pass.

    Attributes:
        entry: The wait's place among those of the handler, as it is recorded.
        name: The handler's own name for it.
        kind: `duration`, `date`, `token` or `job`.
        is_date: Whether `micros` is a point in time, and not a span from now.
        micros: When it goes on at the latest, in microseconds.
        awaited: What else it goes on for: the id of a token, or `job:` and the id of a job.
    """

    entry: str
    name: str | None
    kind: Kind
    is_date: bool
    micros: int | None
    awaited: str | None = None


@dataclass(frozen=True)
class Place:
    """A wait's place in its handler.

    Attributes:
        entry: The name under which it is recorded.
        name: The handler's own name for it.
        number: Its number in the handler, from 1.
        kept: What was recorded of it in a run before.
    """

    entry: str
    name: str | None
    number: int
    kept: dict[str, Any] | None


class Waits:
    """Which waits of a handler are over."""

    def __init__(self, run: Run, steps: Steps) -> None:
        self._run = run
        self._steps = steps
        self._count = 0
        self.begun: WaitSignal | None = None

    def wait(self, kind: Kind, is_date: bool, micros: int, name: str | None) -> None:
        """Returns if this wait is over, and ends the run if not.

        Raises:
            WaitSignal: It has to be waited for.
            HandlerChanged: Another wait was recorded at this place.
            RuntimeError: It begins inside of a step.
        """
        place = self.place(kind, name)
        if place.kept is not None:
            until = place.kept.get("resumeAt")
            if until is None or place.kept.get("completed") is True or _micros(until) <= self._claimed_at():
                return
            is_date, micros = True, _micros(until)
        raise self.begin(WaitSignal(place.entry, name, kind, is_date, micros))

    def place(self, kind: Kind, name: str | None) -> Place:
        """The place of the wait that the handler has come to.

        Raises:
            HandlerChanged: Another kind of wait, or one of another name, was recorded there.
            RuntimeError: It begins inside of a step.
        """
        if name is not None:
            check_name("name", name)
        step = inside_of()
        if step is not None:
            raise RuntimeError(f"a wait begins inside of step {step!r}: put it between steps")
        entry = f"__wait_{self._count}"
        self._count += 1
        place = Place(entry, name, self._count, self._steps.kept(entry))
        if place.kept is not None:
            compare(place, _shown(place.kept.get("type"), place.kept.get("name")), _shown(kind, name))
        return place

    def begin(self, signal: WaitSignal) -> WaitSignal:
        """The signal that ends the run, for the handler to raise."""
        self.begun = signal
        return signal

    def _claimed_at(self) -> int:
        locked_at = self._run.record()["locked_at"]
        return 0 if locked_at is None else int(locked_at)


def compare(place: Place, before: str, now: str) -> None:
    """Notices a handler that waits for something else than it did.

    Raises:
        HandlerChanged: It does.
    """
    if before != now:
        raise HandlerChanged(
            f"wait {place.number} of this handler was {before} when the job waited, and is {now} now: the handler "
            "was changed while the job was under way. Finish such jobs with the old handler, or give the new one "
            "another job type"
        )


def _shown(kind: object, name: object) -> str:
    return f"a wait for a {kind}" + ("" if name is None else f" named {name!r}")


def _micros(text: str) -> int:
    return timestamp("resumeAt", datetime.fromisoformat(text))


def span(duration: float | timedelta | None, fields: dict[str, float]) -> int:
    """A duration in microseconds, of one argument or the sum of named fields.

    Raises:
        TypeError: There is none, both, or a field of another name.
        ValueError: It is negative, not finite, or too long.
    """
    unknown = sorted(set(fields) - set(_FIELDS))
    if unknown:
        raise TypeError(f"wait_for has no field {unknown[0]!r}: there are {', '.join(_FIELDS)}")
    if (duration is None) == (not fields):
        raise TypeError("wait_for takes a duration, or fields such as days=7, hours=12")
    if duration is None:
        total = sum(seconds(field, value) * _FIELDS[field] for field, value in fields.items())
    else:
        total = seconds("duration", duration)
    if not math.isfinite(total) or total > _LONGEST:
        raise ValueError(f"wait_for got {total:g} seconds: at most a hundred years can be waited for")
    return round(total * 1_000_000)
