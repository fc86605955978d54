"""Records as JSON, with the names of the API: camelCase, times as ISO 8601, durations as their fields say."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from ...models import JobEvent, JobRecord
from ...schedules import CronSchedule
from ..auth import Visitor
from ..site import Site

__all__ = ["camel", "event_json", "job_json", "record_json", "schedule_json"]

_UNDERSCORE = re.compile(r"_([a-z0-9])")
# What users put into the store keeps its own names.
_THEIRS = frozenset({"payload", "output", "step_data", "metadata"})


def camel(name: str) -> str:
    """`job_type` as `jobType`."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def record_json(record: Any, site: Site, visitor: Visitor) -> dict[str, Any]:
    """A record as this visitor may see it."""
    found = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name in _THEIRS:
            found[camel(field.name)] = site.shown(value, visitor)
        elif field.name == "timeout":
            found["timeoutMs"] = None if value is None else round(value.total_seconds() * 1000)
        else:
            found[camel(field.name)] = _plain(value, site, visitor)
    return found


def _plain(value: Any, site: Site, visitor: Visitor) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Enum():
            return value.value
        case str():
            return site.shown(value, visitor)
        case list() | tuple():
            return [_plain(item, site, visitor) for item in value]
        case Mapping():
            return {str(key): _plain(item, site, visitor) for key, item in value.items()}
        case _ if dataclasses.is_dataclass(value):
            return record_json(value, site, visitor)
        case _:
            return value


def job_json(job: JobRecord, site: Site, visitor: Visitor) -> dict[str, Any]:
    """A job; the delays of retries are in seconds."""
    return record_json(job, site, visitor)


def event_json(event: JobEvent, site: Site, visitor: Visitor) -> dict[str, Any]:
    """An event."""
    return record_json(event, site, visitor)


def schedule_json(schedule: CronSchedule, site: Site, visitor: Visitor) -> dict[str, Any]:
    """A schedule, as its jobs will be."""
    return record_json(schedule, site, visitor)
