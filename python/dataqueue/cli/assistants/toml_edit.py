"""A table in a TOML file, put there so that every other line of the file stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from .json_edit import EditError, merged

__all__ = ["with_table"]

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


def with_table(text: str, key: str, name: str, entry: dict[str, Any]) -> str:
    """The text of a TOML file in which the table `[key.name]` holds the entry, beside what it has already.

    Raises:
        EditError: It is not TOML, or the table is written in another way than under a header of its own.
    """
    document = _parsed(text)
    section = document.get(key, {})
    if not isinstance(section, dict):
        raise EditError(f"what stands at {key!r} is no table")
    entry = merged(section.get(name), entry)
    if section.get(name) == entry:
        return text
    lines = [f"{field} = {json.dumps(value, ensure_ascii=False)}" for field, value in entry.items() if _is_plain(value)]
    table = "\n".join([f"[{key}.{name}]", *lines])
    if name in section:
        edited = _replaced(text, key, name, table)
    else:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        edited = f"{text}{gap}{table}\n"
    try:
        held = _parsed(edited) == {**document, key: {**section, name: entry}}
    except EditError:
        held = False
    if not held:
        raise EditError(
            f"{key!r} is written in another way than by tables under headers: write it as [{key}.…], or add the server "
            "by hand"
        )
    return edited


def _replaced(text: str, key: str, name: str, table: str) -> str:
    header = re.compile(
        rf"^[ \t]*\[[ \t]*{re.escape(key)}[ \t]*\.[ \t]*\"?{re.escape(name)}\"?[ \t]*\][^\n]*\n?", re.MULTILINE
    )
    found = header.search(text)
    if found is None:
        return text
    # An array may have a line that begins with a bracket: where this cuts into one, the result is not what it must be.
    following = _HEADER.search(text, found.end())
    end = following.start() if following else len(text)
    rest = text[found.end() : end]
    # Comments and empty lines before the next header belong to that one.
    kept = re.search(r"(?:^[ \t]*(?:#[^\n]*)?\n)*\Z", rest, re.MULTILINE) if following else None
    return f"{text[: found.start()]}{table}\n{kept[0] if kept else ''}{text[end:]}"


def _is_plain(value: Any) -> bool:
    """Whether it is written behind its name; a table of its own is left where it is."""
    return isinstance(value, str | int | list)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise EditError(f"it is not TOML: {error}") from None
