"""JSON as it is shown: indented, coloured and cut."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .words import size

__all__ = ["JsonText", "json_text", "pretty"]

_CUT = 6_000
_PIECE = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*"?)(?P<colon>\s*:)?|(?P<word>-?\d[\d.eE+-]*|true|false|null)')


@dataclass(frozen=True, slots=True)
class JsonText:
    """A value as text.

    Attributes:
        html: Its beginning, or all of it.
        cut: Whether there is more.
        size: How much there is in all, in words.
    """

    html: Markup
    cut: bool
    size: str


def pretty(value: Any) -> str:
    """The value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def json_text(value: Any) -> JsonText:
    """The value as HTML, cut where it is long."""
    text = pretty(value)
    shown = text if len(text) <= _CUT else text[:_CUT]
    return JsonText(_coloured(shown), len(text) > _CUT, size(len(text.encode("utf-8", "surrogatepass"))))


def _coloured(text: str) -> Markup:
    pieces, place = [], 0
    for found in _PIECE.finditer(text):
        pieces.append(Markup.escape(text[place : found.start()]))
        if found["text"] is not None:
            kind = "j-key" if found["colon"] else "j-text"
            pieces.append(Markup('<span class="{}">{}</span>{}').format(kind, found["text"], found["colon"] or ""))
        else:
            pieces.append(Markup('<span class="j-word">{}</span>').format(found["word"]))
        place = found.end()
    pieces.append(Markup.escape(text[place:]))
    return Markup("").join(pieces)
