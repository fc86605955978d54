"""Jobs of which there is to be one of a kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .arguments import Duration, years_at_most
from .filters import member
from .groups import JobGroup
from .models import JobStatus

if TYPE_CHECKING:
    from ._core import UniqueTuple

__all__ = ["Unique"]

_NAMES = ("type", "payload", "tags", "group")
_FIELD = "payload."
_OPEN = (JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.WAITING)


@dataclass(frozen=True, slots=True)
class Unique:
    """A rule by which a job is added only where no other of its kind counts: then that one's id is answered.

    The store keeps it, however many callers add at once.

    Attributes:
        by: What jobs of a kind have in common: any of "type", "payload", "tags" (as a set), "group" (its id), and
            single fields of the payload such as "payload.user_id".
        within: For how long after it was added a job counts: at most one is added in such a span. None is for ever.
        states: The states in which a job counts. By default those in which it has not ended; with `within`, all of
            them. A failed job whose retry is due counts as pending.

    Raises:
        TypeError: One is of the wrong type.
        ValueError: There is no such state or part, none is named, or the span is not positive or longer than ten years.
    """

    by: Sequence[str] = ("type", "payload")
    within: Duration | None = None
    states: Iterable[JobStatus | str] | None = None
    _span: float | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if isinstance(self.by, str | bytes) or not isinstance(self.by, Iterable):
            raise TypeError(f'by must be a list of str, not {type(self.by).__name__}: ("type", {self.by!r:.80})')
        names = tuple(dict.fromkeys(self.by))
        if not names:
            raise ValueError(f"by is empty: name what jobs of a kind have in common, of {_allowed()}")
        for name in names:
            if not isinstance(name, str):
                raise TypeError(f"by must hold str, not {type(name).__name__}: {name!r:.80}")
            if name not in _NAMES and (not name.startswith(_FIELD) or "" in name.split(".")):
                raise ValueError(f"by has {name!r:.80}, which no job has: use {_allowed()}")
        span = None if self.within is None else years_at_most("within", self.within)
        states = None if self.states is None else _states(self.states)
        object.__setattr__(self, "by", names)
        object.__setattr__(self, "states", states)
        object.__setattr__(self, "_span", span)


def _allowed() -> str:
    return ", ".join(f'"{name}"' for name in _NAMES) + ' and fields such as "payload.user_id"'


def _states(given: Iterable[JobStatus | str]) -> tuple[JobStatus, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"states must be a list of JobStatus, not {type(given).__name__}: {given!r:.80}")
    states = tuple(dict.fromkeys(member("states", JobStatus, state) for state in given))
    if not states:
        raise ValueError("states is empty: no job would count; leave it out, or name some of JobStatus")
    return states


def unique_to_core(
    unique: object, debounce: Duration | None, job_type: str, payload: bytes, tags: list[str], group: JobGroup | None
) -> UniqueTuple | None:
    """The rule as the engine takes it, with the digest of what its kind has in common.

    Raises:
        TypeError: The rule is of the wrong type.
        ValueError: The two exclude each other, the span is not positive, or the payload has no such field.
    """
    if unique is not None and not isinstance(unique, Unique):
        raise TypeError(f'unique must be a Unique, not {type(unique).__name__}: Unique(by=("type", "payload"))')
    if debounce is None:
        if unique is None:
            return None
        states = unique.states if unique.states is not None else () if unique._span is not None else _OPEN
        named = [JobStatus(state).value for state in states]
        return _digest(unique.by, job_type, payload, tags, group), unique._span, named, None
    span = years_at_most("debounce", debounce)
    if unique is not None and (unique.within is not None or unique.states is not None):
        raise ValueError(
            "debounce goes with unique only for what jobs of a kind have in common: leave within and states out, since "
            "a pending job counts until it begins"
        )
    by = ("type",) if unique is None else unique.by
    return _digest(by, job_type, payload, tags, group), None, [], span


def _digest(by: Sequence[str], job_type: str, payload: bytes, tags: list[str], group: JobGroup | None) -> str:
    common: list[tuple[str, Any]] = []
    decoded = json.loads(payload) if any(name.startswith("payload") for name in by) else None
    for name in sorted(by):
        match name:
            case "type":
                common.append((name, job_type))
            case "payload":
                common.append((name, decoded))
            case "tags":
                common.append((name, sorted(set(tags))))
            case "group":
                common.append((name, None if group is None else group.id))
            case _:
                common.append((name, _part(decoded, name)))
    text = json.dumps(common, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _part(payload: Any, name: str) -> Any:
    part = payload
    for key in name.removeprefix(_FIELD).split("."):
        if not isinstance(part, dict) or key not in part:
            raise ValueError(
                f"by has {name!r:.80}, and the payload has no such field: give it one, or leave that out of by"
            )
        part = part[key]
    return part
