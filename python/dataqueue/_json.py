"""JSON that every store can keep, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from .errors import PayloadError

__all__ = ["check_json", "dump_checked", "load"]

# The parsers and serialisers in use recurse; this leaves them room under the interpreter's own limit.
MAX_DEPTH = 500
# Digits of a number that Python's own reader takes.
_LONGEST_NUMBER = 4_300
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class _Fault(Exception):
    """What is wrong with a value, and the way to it, innermost first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.steps: list[str] = []


def dump_checked(value: object, what: str) -> bytes:
    """A JSON value as text.

    Raises:
        PayloadError: The value is not JSON; the message names the place, starting from `what`.
    """
    check_json(value, what)
    try:
        text = _write(value)
    except ValueError:
        # It takes a quarter of the standard library's time, and gives up at half of our depth.
        pass
    else:
        # Longer texts may hold a number of more digits than the standard library writes or reads.
        if len(text) < _LONGEST_NUMBER:
            return text
    try:
        return _encode(value).encode()
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"{what} cannot be written as JSON: {error}") from None


def _write(value: object) -> bytes:
    global _write  # noqa: PLW0603 - imported when first needed: it takes as long as the rest of the package
    from pydantic_core import to_json

    _write = to_json
    return to_json(value)


def check_json(value: object, what: str, *, strict: bool = True) -> None:
    """Refuses what is not JSON or cannot be stored.

    Args:
        value: The value.
        what: What it is, for the message.
        strict: Whether values of other types are refused; if not, only the text and numbers are looked at.

    Raises:
        PayloadError: The message names the place.
    """
    try:
        _check(value, MAX_DEPTH, strict)
    except _Fault as fault:
        raise PayloadError(f"{what}{''.join(reversed(fault.steps))} {fault}") from None
    except RecursionError:
        raise PayloadError(
            f"{what} is nested deeper than the interpreter's recursion limit allows: flatten it"
        ) from None


def load(text: bytes | str, what: str) -> Any:
    """The value of JSON text.

    Raises:
        PayloadError: The text is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"{what} is not JSON: {error}") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


_SHOWN_STEPS = 20


def _check(value: Any, depth: int, strict: bool) -> None:
    # One frame for each level: how deep a payload may be must leave room for the frames of its caller.
    kind = type(value)
    if kind is str:
        if "\0" in value or not value.isascii():
            _check_text(value)
    elif kind is int or kind is bool or value is None:
        return
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _Fault(f"is {value}, which JSON does not have: use null or a string")
    elif isinstance(value, dict | list | tuple) or (not strict and isinstance(value, set | frozenset)):
        if depth <= 0:
            raise _Fault(f"is nested deeper than {MAX_DEPTH} levels: flatten it")
        keyed = isinstance(value, dict)
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            try:
                if keyed and not (type(key) is str and key.isascii() and "\0" not in key):
                    _check_key(key, strict)
                if not _is_plain(item):
                    _check(item, depth - 1, strict)
            except _Fault as fault:
                if depth > MAX_DEPTH - _SHOWN_STEPS:
                    fault.steps.append(f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!a:.40}]")
                raise
    elif isinstance(value, str):
        _check_text(value)
    elif strict and not isinstance(value, int):
        raise _Fault(
            f"is of type {kind.__qualname__}, which is not JSON: convert it, or declare a payload type that knows how"
        )


def _check_key(key: object, strict: bool) -> None:
    if isinstance(key, str):
        _check_text(key)
    elif strict:
        raise _Fault(f"has a key of type {type(key).__qualname__}: JSON keys are strings")


def _is_plain(value: Any) -> bool:
    """Whether there is nothing to look at: most members of most payloads, spared a deeper call."""
    kind = type(value)
    if kind is str:
        return value.isascii() and "\0" not in value
    return kind is int or kind is bool or value is None


def _check_text(value: str) -> None:
    if "\0" in value:
        raise _Fault("holds a NUL character (U+0000), which PostgreSQL cannot store: remove it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Fault("holds half of a surrogate pair, which is not text: decode its source anew") from None
