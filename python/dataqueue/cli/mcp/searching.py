"""Full-text search over the pages, in an index in memory."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable

from typing_extensions import TypedDict

from .pages import Page

__all__ = ["Hit", "Index"]

_WORD = re.compile(r"\w+")
_MOST_WORDS = 24
_SCHEMA = "create virtual table section using fts5(slug unindexed, title, heading, body, tokenize='porter unicode61')"
# A word counts most in a title, then in a heading.
_QUERY = """
select slug, title, heading, snippet(section, 3, '', '', ' … ', 48)
from section where section match ? order by bm25(section, 0, 8, 4, 1) limit ?
"""


class Hit(TypedDict):
    """A section that fits a search."""

    slug: str
    title: str
    section: str
    excerpt: str


class Index:
    """The sections of all pages, by their words.

    Raises:
        RuntimeError: This Python's SQLite has no full-text search.
    """

    def __init__(self, pages: Iterable[Page]) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._lock = threading.Lock()
        try:
            self._connection.execute(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise RuntimeError(f"the sqlite3 of this Python cannot search ({error}): use one that has FTS5") from error
        rows = [(page.slug, page.title, one.heading, one.text) for page in pages for one in page.sections()]
        self._connection.executemany("insert into section values (?, ?, ?, ?)", rows)

    def search(self, query: str, limit: int) -> list[Hit]:
        """The sections that have all words of the query, best first; where there are none, those that have some.

        Raises:
            ValueError: The query has no word.
        """
        # Each in quotes, so that nothing in it is an operator.
        words = [f'"{word}"' for word in _WORD.findall(query)[:_MOST_WORDS]]
        if not words:
            raise ValueError(f"{query!r} has no word to look for")
        for joined in (" ".join(words), " OR ".join(words)):
            with self._lock:
                rows = self._connection.execute(_QUERY, (joined, limit)).fetchall()
            if rows:
                return [
                    Hit(slug=slug, title=title, section=heading, excerpt=text) for slug, title, heading, text in rows
                ]
        return []
