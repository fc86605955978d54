"""Which jobs to read or change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .arguments import MAX_PAGE, check_count, check_int32, check_job_id, check_names, timestamp
from .job_types import JobType, type_name
from .models import JobStatus, TagMode

if TYPE_CHECKING:
    from ._core import FilterDict

__all__ = ["JobTypeFilter", "RunAt", "RunAtFilter", "StatusFilter", "Tags", "TagsFilter"]

E = TypeVar("E", bound=StrEnum)

_MAX_IDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAt:
    """Bounds on a time, such as when a job is due or was added; those given must all hold.

    Attributes:
        gt: Later than.
        gte: At or later than.
        lt: Earlier than.
        lte: At or earlier than.
        eq: At this time.
    """

    gt: datetime | None = None
    gte: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None
    eq: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tags:
    """A condition on a job's tags.

    Attributes:
        values: The tags asked for, as a set.
        mode: How they are compared.
    """

    values: Sequence[str]
    mode: TagMode | str = TagMode.ALL


JobTypeFilter: TypeAlias = str | JobType[Any] | Sequence[str | JobType[Any]]
StatusFilter: TypeAlias = JobStatus | str | Sequence[JobStatus | str]
RunAtFilter: TypeAlias = datetime | RunAt
TagsFilter: TypeAlias = Tags | Sequence[str]


def filter_to_core(
    *,
    job_type: JobTypeFilter | None = None,
    status: StatusFilter | None = None,
    priority: int | None = None,
    run_at: RunAtFilter | None = None,
    tags: TagsFilter | None = None,
    ids: Sequence[int] | None = None,
) -> FilterDict:
    """Conditions as the engine takes them; None is no condition.

    Raises:
        TypeError: A condition is of the wrong type.
        ValueError: A condition is out of its limits.
    """
    filters: FilterDict = {}
    if job_type is not None:
        filters["job_types"] = type_names("job_type", job_type)
    if status is not None:
        filters["statuses"] = statuses_to_core("status", status)
    if priority is not None:
        filters["priority"] = check_int32("priority", priority)
    if run_at is not None:
        filters["run_at"] = bounds_to_core("run_at", run_at)
    if tags is not None:
        condition = tags if isinstance(tags, Tags) else Tags(tags)
        filters["tags"] = (
            check_names("tags", condition.values),
            member("mode", TagMode, condition.mode).value,
        )
    if ids is not None:
        filters["ids"] = _ids(ids)
    return filters


def type_names(field: str, job_type: JobTypeFilter) -> list[str]:
    """One job type or several, by name.

    Raises:
        TypeError: One is neither a job type nor a name.
        ValueError: A name is out of its limits, or none was given.
    """
    types: list[Any] = [job_type] if isinstance(job_type, str | JobType) else _items(field, job_type)
    return [type_name(field, one) for one in types]


def statuses_to_core(field: str, status: StatusFilter) -> list[str]:
    """One status or several, by name.

    Raises:
        ValueError: There is no such status, or none was given.
    """
    given: list[Any] = [status] if isinstance(status, str) else _items(field, status)
    return [member(field, JobStatus, one).value for one in given]


def member(field: str, enum: type[E], value: Any) -> E:
    """The member of an enum that a value names.

    Raises:
        ValueError: There is none.
    """
    try:
        return enum(value)
    except ValueError:
        raise ValueError(f"{field} is {value!r:.80}: it must be one of {', '.join(enum)}") from None


def page_to_core(limit: int, offset: int, cursor: int | None = None) -> tuple[int, int, int | None]:
    """A page as the engine takes it: limit, offset, and the id below which it begins.

    Raises:
        TypeError: One is not an int.
        ValueError: One is out of its limits, or both a cursor and an offset were given.
    """
    limit = check_count("limit", limit, MAX_PAGE, least=1)
    offset = check_count("offset", offset, 2**31 - 1)
    if cursor is None:
        return limit, offset, None
    if offset:
        raise ValueError("cursor and offset exclude each other: page by cursor, the id of the last job seen")
    return limit, 0, check_job_id("cursor", cursor)


def _items(field: str, values: Any) -> list[Any]:
    if not isinstance(values, Iterable):
        raise TypeError(f"{field} must be one value or a list of them, not {type(values).__name__}: {values!r:.80}")
    listed = list(values)
    if not listed:
        raise ValueError(f"{field} is an empty list, which nothing matches: leave it out to match everything")
    return listed


def _ids(ids: Any) -> list[int]:
    if isinstance(ids, str | bytes):
        raise TypeError(f"ids must be a list of job ids, not {type(ids).__name__}: {ids!r:.80}")
    listed = [check_job_id(f"ids[{at}]", one) for at, one in enumerate(_items("ids", ids))]
    if len(listed) > _MAX_IDS:
        raise ValueError(f"ids has {len(listed):,} ids: give at most {_MAX_IDS:,} in one call")
    return listed


def bounds_to_core(field: str, given: RunAtFilter) -> dict[str, int]:
    """Bounds on a time as the engine takes them.

    Raises:
        TypeError: It is neither a datetime nor `RunAt`.
        ValueError: A datetime is naive, or out of its limits.
    """
    if isinstance(given, datetime):
        given = RunAt(eq=given)
    if not isinstance(given, RunAt):
        raise TypeError(f"{field} must be a datetime or RunAt(gt=, gte=, lt=, lte=, eq=), not {given!r:.80}")
    bounds = {one.name: getattr(given, one.name) for one in fields(given)}
    return {name: timestamp(f"{field}.{name}", value) for name, value in bounds.items() if value is not None}
