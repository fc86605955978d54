"""PostgreSQL connections that queues share, and a handle on them for the user's own statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from ._call import Call
from ._json import dump_checked
from .config import PostgresConfig, open_store

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._core import Store
    from ._inbox import Inboxes

__all__ = ["AsyncPoolHandle", "Pool", "PoolHandle", "SqlValue", "create_pool"]

SqlValue: TypeAlias = (
    str
    | int
    | float
    | bool
    | bytes
    | datetime
    | date
    | time
    | timedelta
    | Decimal
    | UUID
    | list[Any]
    | dict[str, Any]
    | None
)
"""What a statement's parameter may be: a dict is sent as JSON, a list as an array."""


class Pool:
    """PostgreSQL connections shared by queues, from `create_pool`. Closing a queue leaves them open."""

    def __init__(self, store: Store) -> None:
        """Made by `create_pool`."""
        self._store = store

    def __repr__(self) -> str:
        return f"<Pool {self._store.location}>"

    def close(self) -> None:
        """Closes the connections; queues that use them can do nothing more."""
        self._store.close().wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def create_pool(config: PostgresConfig) -> Pool:
    """A pool for several queues of this process: `JobQueue(pool)`, `AsyncJobQueue(pool)`.

    Raises:
        ConfigError: The configuration cannot be used.
        TypeError: It is not a `PostgresConfig`.
    """
    if not isinstance(config, PostgresConfig):
        raise TypeError(f"create_pool() takes a PostgresConfig, not {type(config).__name__}")
    return Pool(open_store(config))


class PoolHandle:
    """The queue's own PostgreSQL connections, for statements of the user's.

    Each call is a transaction of its own. Placeholders are `$1`, `$2`, ...; where the server cannot tell a
    parameter's type, cast it: `$1::int`.
    """

    def __init__(self, store: Store) -> None:
        """Made by `JobQueue.get_pool`."""
        self._store = store

    def fetch(self, sql: str, *params: SqlValue) -> list[dict[str, Any]]:
        """The rows a query answers, as dicts of what JSON has: a timestamp comes as text."""
        return _fetch(self._store, sql, params).wait()

    def execute(self, sql: str, *params: SqlValue) -> int:
        """Runs a statement and answers how many rows it changed."""
        return _execute(self._store, sql, params).wait()


class AsyncPoolHandle:
    """The twin of `PoolHandle` that awaits."""

    def __init__(self, store: Store, inboxes: Inboxes) -> None:
        """Made by `AsyncJobQueue.get_pool`."""
        self._store = store
        self._inboxes = inboxes

    async def fetch(self, sql: str, *params: SqlValue) -> list[dict[str, Any]]:
        """The rows a query answers, as dicts of what JSON has: a timestamp comes as text."""
        return await self._inboxes.result(_fetch(self._store, sql, params))

    async def execute(self, sql: str, *params: SqlValue) -> int:
        """Runs a statement and answers how many rows it changed."""
        return await self._inboxes.result(_execute(self._store, sql, params))


def _fetch(store: Store, sql: str, params: tuple[SqlValue, ...]) -> Call[list[dict[str, Any]]]:
    return Call(store.query(sql, _texts(params)), lambda rows: [json.loads(row) for row in rows])


def _execute(store: Store, sql: str, params: tuple[SqlValue, ...]) -> Call[int]:
    return Call(store.execute(sql, _texts(params)), int)


def _texts(params: tuple[SqlValue, ...]) -> list[str | None]:
    return [None if value is None else text_of(value, f"${at}") for at, value in enumerate(params, 1)]


def text_of(value: Any, place: str) -> str:
    """A parameter in PostgreSQL's input syntax.

    Raises:
        TypeError: There is no such form for this type.
        ValueError: A datetime is naive.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case datetime() if value.utcoffset() is None:
            raise ValueError(f"parameter {place} is a naive datetime: give it a time zone")
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
        case str() | int() | float() | Decimal() | UUID():
            return str(value)
        case bytes():
            return f"\\x{value.hex()}"
        case Mapping():
            return dump_checked(dict(value), f"parameter {place}").decode()
        case list() | tuple():
            return "{" + ",".join(_element(item, place) for item in value) + "}"
    raise TypeError(f"parameter {place} is of type {type(value).__name__}: convert it to str")


def _element(item: Any, place: str) -> str:
    if item is None:
        return "NULL"
    text = text_of(item, place)
    if isinstance(item, list | tuple):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
