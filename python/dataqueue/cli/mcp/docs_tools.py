"""The tools that read the documentation."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from .adding import add_tool
from .pages import Page, load_pages
from .searching import Hit, Index

__all__ = ["add_docs_tools"]

_Limit = Annotated[int, Field(ge=1, le=50, description="At most so many sections.")]


class Listed(TypedDict):
    """A page in the list of pages."""

    slug: str
    title: str
    about: str


@cache
def _pages() -> dict[str, Page]:
    return {page.slug: page for page in load_pages()}


@cache
def _index() -> Index:
    return Index(_pages().values())


def search_docs(
    query: Annotated[str, Field(max_length=1_000, description="Words, such as 'retry delay backoff'.")],
    limit: _Limit = 8,
) -> list[Hit]:
    """Search the documentation of dataqueue, a job queue for Python, and get the sections that fit best."""
    return _index().search(query, limit)


def get_doc_page(slug: Annotated[str, Field(description="The page's slug, as list-doc-pages tells it.")]) -> str:
    """Get a page of dataqueue's documentation as Markdown."""
    page = _pages().get(slug.strip().removeprefix("docs/").removesuffix(".md"))
    if page is None:
        near = difflib.get_close_matches(slug, _pages(), cutoff=0.5)
        there = f"did you mean {' or '.join(near)}?" if near else "list-doc-pages tells which there are"
        raise ValueError(f"there is no page {slug!r}: {there}")
    return page.text


def list_doc_pages() -> list[Listed]:
    """List the pages of dataqueue's documentation: slug, title, and what is in each."""
    return [Listed(slug=page.slug, title=page.title, about=page.about) for page in _pages().values()]


def add_docs_tools(server: Any) -> None:
    """Adds them to a server."""
    for tool in (search_docs, get_doc_page, list_doc_pages):
        add_tool(server, tool.__name__.replace("_", "-"), tool)
