"""JSON Schema of records, as `encode` writes them."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from .encode import camel

__all__ = ["schema_of"]


def schema_of(record: type[Any], known: dict[str, Any]) -> dict[str, Any]:
    """A reference to the schema of a record; it and those in it are put among the known ones."""
    if record.__name__ not in known:
        known[record.__name__] = {}
        hints = typing.get_type_hints(record)
        properties = {}
        for field in dataclasses.fields(record):
            name = "timeoutMs" if field.name == "timeout" else camel(field.name)
            properties[name] = _schema(hints[field.name], known)
        known[record.__name__] = {"type": "object", "properties": properties, "required": list(properties)}
    return {"$ref": f"#/components/schemas/{record.__name__}"}


_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    timedelta: {"type": "number", "description": "Seconds, or milliseconds where the name ends in Ms."},
    type(None): {"type": "null"},
}


def _schema(hint: Any, known: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_schema(one, known) for one in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (list, tuple, Sequence):
        return {"type": "array", "items": _schema(arguments[0], known)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], known)}
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    if isinstance(hint, type) and issubclass(hint, int):
        return dict(_PLAIN[int])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return schema_of(hint, known)
    return {}
