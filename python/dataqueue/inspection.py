"""What somebody who looks at a queue is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from .arguments import datetime_of
from .flow import Paused
from .models import JobRecord, JobStatus

__all__ = ["Count", "GroupRecord", "JobPage", "Overview", "RateState", "TypeDepth", "TypeLimit", "WorkerRecord"]

CountKind: TypeAlias = Literal["exact", "at_least", "estimate"]

# The fields that may be counts.
_COUNTED = frozenset({"ready", "scheduled", "running", "in_line"})
# A tenth of the last unit is told, so 999.95 K is a million already.
_UNITS = ((999_950_000, 1_000_000_000, "G"), (999_950, 1_000_000, "M"), (1_000, 1_000, "K"))


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, counted at no more than a bounded cost.

    Attributes:
        value: The number.
        kind: `exact`: it was counted. `at_least`: counting stopped there. `estimate`: from the store's statistics.
    """

    value: int
    kind: CountKind = "exact"

    def __str__(self) -> str:
        if self.kind == "estimate":
            return f"~{_rounded(self.value)}"
        return f"{self.value:,}+" if self.kind == "at_least" else f"{self.value:,}"


@dataclass(frozen=True, slots=True)
class TypeDepth:
    """What of a job type may be claimed.

    Attributes:
        job_type: The type.
        ready: How many of its jobs may be claimed now; those that a full group keeps in line are not among them.
        scheduled: How many fall due later, retries among them.
        oldest_due_at: When the oldest of the `ready` ones fell due; None where there is none.
        is_handled: Whether some living worker claims the type. One of an earlier version does not say what it claims,
            and counts as claiming everything.
        is_paused: Whether the type is paused, or everything is.
    """

    job_type: str
    ready: Count
    scheduled: Count
    oldest_due_at: datetime | None
    is_handled: bool
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """A queue at a glance.

    Attributes:
        now: The store's clock.
        counts: How many jobs there are of each status.
        types: The job types that may be claimed, now or later: fifty at most, and those first whose oldest job has been
            due for longest.
        more_types: Whether there are more than these.
        oldest_due_at: When the oldest job fell due that may be claimed: `now` less this is the queue's lag.
        next_due_at: When the next job falls due.
        workers: How many workers live.
        paused: What is paused.
    """

    now: datetime
    counts: Mapping[JobStatus, Count]
    types: list[TypeDepth]
    more_types: bool
    oldest_due_at: datetime | None
    next_due_at: datetime | None
    workers: int
    paused: list[Paused]

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> Overview:
        """The record as the engine reports it."""
        values = _with_times(fields, "now", "oldest_due_at", "next_due_at")
        values["counts"] = {JobStatus(status): Count(*count) for status, count in values["counts"]}
        values["types"] = [TypeDepth(**_with_times(_counted(one), "oldest_due_at")) for one in values["types"]]
        values["paused"] = [Paused.from_core(pair) for pair in values["paused"]]
        return cls(**values)


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A registered worker.

    Attributes:
        id: Its registration; one that lost its leases registers anew, under another id.
        name: Its `worker_id`, which stands in `JobRecord.locked_by`.
        host: The machine that it runs on; this and the next five are None of a worker of an earlier version.
        pid: The number of its process there.
        version: The version of its library.
        concurrency: How many jobs it runs at a time.
        job_types: The types that it claims; None where it claims every type.
        started_at: When it registered.
        renewed_at: When it renewed its leases last. One that has no job at hand does so more seldom.
        lease_expires_at: When its leases run out, unless it renews them.
        is_alive: Whether they have not run out.
        is_draining: Whether somebody asked it to drain.
        running: How many jobs it runs, or has at hand.
        job_ids: A hundred of these at most, the oldest claim first.
    """

    id: int
    name: str
    host: str | None
    pid: int | None
    version: str | None
    concurrency: int | None
    job_types: list[str] | None
    started_at: datetime | None
    renewed_at: datetime
    lease_expires_at: datetime
    is_alive: bool
    is_draining: bool
    running: Count
    job_ids: list[int]

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> WorkerRecord:
        """The record as the engine reports it."""
        return cls(**_with_times(_counted(fields), "started_at", "renewed_at", "lease_expires_at"))


@dataclass(frozen=True, slots=True)
class RateState:
    """How many jobs may start within a span of time, and how many did.

    Attributes:
        most: So many may.
        per: Within any span of this length.
        spent: So many did within the one that ends now.
    """

    most: int
    per: timedelta
    spent: int


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group, as the last claims saw it. Only groups of which a claim had to count something are known.

    Attributes:
        id: Its id.
        running: How many of its jobs run.
        most: How many may at a time; None is without limit.
        in_line: How many of its jobs a claim met that had to wait for their group, counted up to 1,000.
        is_paused: Whether it is paused.
        opens_at: When its line goes on, where its rate keeps it waiting.
        rate: Its rate, where it has one.
    """

    id: str
    running: int
    most: int | None
    in_line: Count
    is_paused: bool
    opens_at: datetime | None
    rate: RateState | None

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> GroupRecord:
        """The record as the engine reports it."""
        return cls(**_rated(_with_times(_counted(fields), "opens_at")))


@dataclass(frozen=True, slots=True)
class TypeLimit:
    """What keeps jobs of a type from running.

    Attributes:
        job_type: The type.
        running: How many of its jobs run, where they are counted.
        max_running: How many may at a time; None is without limit.
        rate: Its rate, which the types that name the same key share.
        held_until: Until when none starts, because a handler raised `RateLimited`.
        is_paused: Whether it is paused.
    """

    job_type: str
    running: int
    max_running: int | None
    rate: RateState | None
    held_until: datetime | None
    is_paused: bool

    @classmethod
    def from_core(cls, fields: Mapping[str, Any]) -> TypeLimit:
        """The record as the engine reports it."""
        return cls(**_rated(_with_times(fields, "held_until")))


@dataclass(frozen=True, slots=True)
class JobPage:
    """What one call of a search found.

    Attributes:
        jobs: The jobs, newest first. There may be fewer than were asked for, or none, although there are more.
        cursor: Where to go on, for the next call; None where every job has been looked at.
        looked_at: How many jobs this call looked at.
        oldest_looked_at: When the oldest of them was added; None where it looked at none.
    """

    jobs: list[JobRecord]
    cursor: int | None
    looked_at: int
    oldest_looked_at: datetime | None

    @classmethod
    def from_core(cls, answer: tuple[list[Mapping[str, Any]], int | None, int, int | None]) -> JobPage:
        """The record as the engine reports it."""
        jobs, cursor, looked_at, oldest = answer
        return cls(
            jobs=[JobRecord.from_core(row) for row in jobs],
            cursor=cursor,
            looked_at=looked_at,
            oldest_looked_at=None if oldest is None else datetime_of(oldest),
        )


def _rounded(value: int) -> str:
    for least, unit, letter in _UNITS:
        if value >= least:
            return f"{value / unit:.1f} {letter}"
    return str(value)


def _with_times(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    values = dict(fields)
    for name in names:
        values[name] = None if values[name] is None else datetime_of(values[name])
    return values


def _counted(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Count(*value) if name in _COUNTED and isinstance(value, tuple) else value
        for name, value in fields.items()
    }


def _rated(values: dict[str, Any]) -> dict[str, Any]:
    rate = values["rate"]
    if rate is not None:
        most, per, spent = rate
        values["rate"] = RateState(most, timedelta(seconds=per), spent)
    return values
