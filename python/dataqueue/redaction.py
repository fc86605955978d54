"""What is not shown: fields of payloads by their names, and ids that are as good as keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["HIDDEN", "Redaction"]

HIDDEN = "[redacted]"
_TOKEN = re.compile(r"\bwp_[0-9a-fA-F][0-9a-fA-F-]{8,}")


class Redaction:
    """Hides the values of fields with certain names, at any depth; names are compared without regard to case."""

    def __init__(self, names: Iterable[str]) -> None:
        """A redaction of fields with these names.

        Raises:
            TypeError: The names are one str, or one of them is not a str.
        """
        if isinstance(names, str):
            raise TypeError(f"redact must be names of fields, such as [{names!r}], not a str")
        self._names = frozenset(name.casefold() for name in names)

    def __bool__(self) -> bool:
        return bool(self._names)

    def shown(self, value: Any, *, with_tokens: bool = True) -> Any:
        """The value as it may be shown; `with_tokens=False` cuts the ids of tokens too, which can complete them."""
        match value:
            case dict():
                return {
                    key: HIDDEN if key.casefold() in self._names else self.shown(item, with_tokens=with_tokens)
                    for key, item in value.items()
                }
            case list():
                return [self.shown(item, with_tokens=with_tokens) for item in value]
            case str() if not with_tokens:
                return _TOKEN.sub(lambda found: short_token(found[0]), value)
            case _:
                return value

    def restored(self, edited: Any, stored: Any) -> Any:
        """An edited value in which what was hidden, and left alone, is what was stored."""
        if isinstance(edited, dict):
            old: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
            return {
                key: old[key]
                if item == HIDDEN and key.casefold() in self._names and key in old
                else self.restored(item, old.get(key))
                for key, item in edited.items()
            }
        if isinstance(edited, list):
            before = stored if isinstance(stored, list) else []
            return [
                self.restored(item, before[place] if place < len(before) else None) for place, item in enumerate(edited)
            ]
        return edited


def short_token(token_id: str) -> str:
    """Enough of a token's id to tell it from others, and too little to complete it."""
    return f"{token_id[:7]}…"
