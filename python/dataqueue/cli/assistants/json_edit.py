"""An entry in a JSON file, put there so that every other character of the file stays as it is."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

__all__ = ["EditError", "merged", "with_entry"]

_SPACE = re.compile(r"[ \t\n\r]*")


class EditError(ValueError):
    """The file cannot be edited; the message says why."""


def with_entry(text: str, key: str, name: str, entry: dict[str, Any]) -> str:
    """The text of a JSON file in which `{key: {name: entry}}` holds, beside what the entry has already.

    Raises:
        EditError: It is not JSON, or what stands at `key` is no object.
    """
    if not text.strip():
        return json.dumps({key: {name: entry}}, indent=2) + "\n"
    document = _parsed(text)
    if not isinstance(document, dict):
        raise EditError("it holds no JSON object")
    section = document.get(key, {})
    if not isinstance(section, dict):
        raise EditError(f"what stands at {key!r} is no JSON object")
    entry = merged(section.get(name), entry)
    if section.get(name) == entry:
        return text
    edited = _edited(text, key, name, entry, key in document)
    if _parsed(edited) != {**document, key: {**section, name: entry}}:
        raise EditError("it is written in a way that cannot be edited safely")
    return edited


def merged(old: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, with what else the old one has, such as variables of the environment."""
    return {**old, **entry} if isinstance(old, dict) else entry


def _edited(text: str, key: str, name: str, entry: dict[str, Any], has_section: bool) -> str:
    unit = _indent_of(text)
    top = _SPACE.match(text.lstrip("\ufeff"))
    start = text.index("{", top.end() if top else 0)
    if not has_section:
        return _inserted(text, start, key, {name: entry}, unit, 1)
    members = _members(text, start)
    start = members[key][0]
    inner = _members(text, start)
    if name not in inner:
        return _inserted(text, start, name, entry, unit, 2)
    begin, end = inner[name]
    return text[:begin] + _dumped(entry, unit, 2) + text[end:]


def _inserted(text: str, start: int, name: str, value: Any, unit: str, depth: int) -> str:
    """The text with a member more, the last one, in the object that begins at `start`."""
    members = _members(text, start)
    member = f"\n{unit * depth}{json.dumps(name)}: {_dumped(value, unit, depth)}"
    if members:
        end = max(end for _, end in members.values())
        return f"{text[:end]},{member}{text[end:]}"
    closing = text.index("}", start)
    return f"{text[: start + 1]}{member}\n{unit * (depth - 1)}{text[closing:]}"


def _members(text: str, start: int) -> dict[str, tuple[int, int]]:
    """Where the value of each member of the object that begins at `start` begins and ends."""
    decoder = json.JSONDecoder()
    found: dict[str, tuple[int, int]] = {}
    at = _skip(text, start + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        _, end = decoder.raw_decode(text, begin)
        found[name] = begin, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _dumped(value: Any, unit: str, depth: int) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"\n{unit * depth}")


def _indent_of(text: str) -> str:
    found = re.search(r"\{\s*?\n([ \t]+)\"", text)
    return found[1] if found else "  "


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_without_repeats, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        raise EditError(f"it is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise EditError("it is nested too deeply") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        repeated = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise EditError(f"it has the key {repeated!r} twice in one object")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise EditError(f"it is not JSON: it has {name}")
