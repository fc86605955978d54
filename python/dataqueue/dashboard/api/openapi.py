"""`/api/openapi.json`: the API, described."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ...flow import Paused
from ...inspection import GroupRecord, Overview, TypeLimit, WorkerRecord
from ...metrics import Traffic
from ...models import JobEvent, JobRecord, JobStatus
from ...schedules import CronSchedule
from ...tokens import Token, TokenStatus
from .. import kinds
from ..audit import AuditEntry
from ..auth import Role
from ..csrf import HEADER
from ..reads import api_read
from .schemas import schema_of

__all__ = ["READS", "Read", "routes"]

_PARAMETER = re.compile(r"\{(\w+):?\w*\}")
_WHOLE = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Read:
    """A read of the API.

    Attributes:
        path: Where, below `/api`.
        summary: What it answers.
        answers: The fields of its answer: a schema each, a record, or a list with a record in it.
        query: The parameters of its query string, and what each is.
        role: Who may ask.
        kind: The type of what is answered.
    """

    path: str
    summary: str
    answers: Mapping[str, Any]
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    role: Role = Role.VIEWER
    kind: str = "application/json"


_FILTERS: Mapping[str, Mapping[str, Any]] = {
    "ids": {**_TEXT, "description": "The ids of a hundred jobs at most, with commas; no other condition counts then."},
    "status": {"enum": list(JobStatus)},
    "jobType": {**_TEXT, "description": "One type, or several with commas."},
    "tag": {**_TEXT, "description": "One tag, or several with commas."},
    "tag_mode": {"enum": ["all", "any", "exact", "none"]},
    "priority": {"type": "integer"},
    "text": {**_TEXT, "description": "A part of the payload; jobs are looked through, some thousand a call."},
    "error": {**_TEXT, "description": "A part of the message of an error, in the same way."},
    "group": {**_TEXT, "description": "The id of the group, in the same way."},
    "added": {"enum": ["15m", "1h", "24h", "7d"], "description": "Added within so long before now, in the same way."},
    "due": {"enum": ["15m", "1h", "24h", "7d"], "description": "Due within so long before now."},
    "since": {**_TEXT, "format": "date-time", "description": "Due at or later than."},
    "until": {**_TEXT, "format": "date-time", "description": "Due earlier than."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 25},
    "cursor": {**_WHOLE, "description": "`nextCursor` of the page before."},
}

READS = [
    Read(
        "/jobs",
        "Jobs that meet all conditions, newest first",
        {"jobs": [JobRecord], "hasMore": {"type": "boolean"}, "nextCursor": {"type": ["integer", "null"]}},
        {**_FILTERS, "offset": {**_WHOLE, "maximum": 1_000_000, "description": "Slower than `cursor`; not with it."}},
    ),
    Read("/jobs/{id}", "A job", {"job": JobRecord}),
    Read("/jobs/{id}/events", "The history of a job, oldest first", {"events": [JobEvent]}),
    Read("/schedules", "The schedules", {"schedules": [CronSchedule]}, {"status": {"enum": ["active", "paused"]}}),
    Read("/schedules/{id}", "A schedule", {"schedule": CronSchedule}),
    Read(
        "/flow",
        "What is paused, and what is limited",
        {
            "paused": [Paused],
            "limits": [TypeLimit],
            "groups": [GroupRecord],
            "nextCursor": {"type": ["string", "null"]},
        },
        {"cursor": _TEXT, "limit": {"type": "integer", "minimum": 1, "maximum": 200}},
    ),
    Read("/overview", "The queue at a glance", {"overview": Overview}),
    Read(
        "/traffic",
        "What the fleet did lately, by minute or by hour",
        {"traffic": Traffic},
        {"span": {"enum": ["hour", "day"], "default": "hour"}},
    ),
    Read(
        "/workers",
        "The workers",
        {"workers": [WorkerRecord], "nextCursor": {"type": ["integer", "null"]}},
        {"cursor": _WHOLE, "limit": {"type": "integer", "minimum": 1, "maximum": 200}},
    ),
    Read(
        "/tokens",
        "Tokens, newest first",
        {"tokens": [Token], "nextCursor": {"type": ["string", "null"]}},
        {
            "status": {"enum": list(TokenStatus)},
            "cursor": _TEXT,
            "limit": {"type": "integer", "minimum": 1, "maximum": 200},
        },
        role=Role.OPERATOR,
    ),
    Read("/session", "Who asks, and the token that changes need", {"role": {"enum": list(Role)}, "csrfToken": _TEXT}),
    Read("/audit", "The last hundred changes, newest first", {"entries": [AuditEntry]}, role=Role.ADMIN),
    Read(
        "/stream",
        "What happens to jobs, as server-sent events: `job` with a JobEvent, `gap` where some were left out",
        {},
        {"jobId": {**_WHOLE, "description": "Events of this job only."}},
        kind="text/event-stream",
    ),
    Read("/openapi.json", "This description", {}),
]


@functools.cache
def _described() -> dict[str, Any]:
    known: dict[str, Any] = {
        "Error": {
            "type": "object",
            "properties": {"ok": {"const": False}, "error": _TEXT},
            "required": ["ok", "error"],
        }
    }
    paths: dict[str, Any] = {}
    for read in READS:
        paths["/api" + read.path] = {"get": _read(read, known)}
    for change in kinds.all_changes():
        path = "/api" + _PARAMETER.sub(r"{\1}", change.path)
        paths.setdefault(path, {})["post"] = _change(change)
    return {
        "openapi": "3.1.0",
        "info": {"title": "dataqueue dashboard", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": known,
            "securitySchemes": {"csrf": {"type": "apiKey", "in": "header", "name": HEADER}},
        },
    }


def _read(read: Read, known: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _answer(kind, known) for name, kind in read.answers.items()}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    query = [{"name": name, "in": "query", "schema": dict(kind)} for name, kind in read.query.items()]
    return {
        "summary": read.summary,
        "description": f"For the role {read.role} and above.",
        "parameters": [*_path(read.path), *query],
        "responses": {"200": _says("What was asked for", schema, read.kind), "default": _error()},
    }


def _answer(kind: Any, known: dict[str, Any]) -> dict[str, Any]:
    if isinstance(kind, list):
        return {"type": "array", "items": schema_of(kind[0], known)}
    return schema_of(kind, known) if isinstance(kind, type) else dict(kind)


def _change(change: kinds.Change) -> dict[str, Any]:
    done = {"type": "object", "properties": {"ok": {"const": True}, "message": _TEXT}, "required": ["ok", "message"]}
    body = {"type": "object", "properties": {name: dict(kind) for name, kind in change.takes.items()}}
    return {
        "summary": change.name.capitalize(),
        "description": f"For the role {change.role} and above.",
        "parameters": _path(change.path),
        "security": [{"csrf": []}],
        "requestBody": {"required": False, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _says("It was done", done),
            "409": {**_error(), "description": "Nothing was changed"},
            "default": _error(),
        },
    }


def _path(path: str) -> list[dict[str, Any]]:
    kinds_ = {"id": {"type": "integer", "format": "int64"}}
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds_.get(name, _TEXT)}
        for name in _PARAMETER.findall(path)
    ]


def _says(description: str, schema: Mapping[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _error() -> dict[str, Any]:
    return _says("An error", {"$ref": "#/components/schemas/Error"})


async def _openapi(request: Request) -> dict[str, Any]:
    root = request.scope.get("root_path", "")
    return {**_described(), "servers": [{"url": root or "/"}]}


def routes() -> list[Route]:
    """The description."""
    return [api_read("/openapi.json", _openapi)]
