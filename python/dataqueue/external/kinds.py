"""Which library a connection comes from, told by the module of its class, so that none of them is imported."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

__all__ = ["Kind", "kind_of", "refusal"]

Kind: TypeAlias = Literal[
    "psycopg",
    "psycopg_async",
    "asyncpg",
    "sqlalchemy_connection",
    "sqlalchemy_session",
    "sqlalchemy_async_connection",
    "sqlalchemy_async_session",
    "django",
]

_KINDS: dict[tuple[str, str], Kind] = {
    ("psycopg", "Connection"): "psycopg",
    ("psycopg", "AsyncConnection"): "psycopg_async",
    ("asyncpg", "Connection"): "asyncpg",
    ("asyncpg", "PoolConnectionProxy"): "asyncpg",
    ("sqlalchemy", "Connection"): "sqlalchemy_connection",
    ("sqlalchemy", "Session"): "sqlalchemy_session",
    ("sqlalchemy", "scoped_session"): "sqlalchemy_session",
    ("sqlalchemy", "AsyncConnection"): "sqlalchemy_async_connection",
    ("sqlalchemy", "AsyncSession"): "sqlalchemy_async_session",
    ("sqlalchemy", "async_scoped_session"): "sqlalchemy_async_session",
    ("django", "ConnectionProxy"): "django",
    ("django", "BaseDatabaseWrapper"): "django",
}

_BLOCKING = "a psycopg 3 connection, an SQLAlchemy 2 Session or Connection, or a Django connection"
_AWAITING = "a psycopg 3 AsyncConnection, an asyncpg connection, or an SQLAlchemy 2 AsyncSession or AsyncConnection"

# What somebody may have at hand instead, by the end of the name of its class.
_REMEDIES = {
    "str": "give the open connection itself, not its URL",
    "Cursor": "give the cursor's connection",
    "Engine": "give a connection of the engine's, inside `engine.begin()`",
    "sessionmaker": "give a session that it makes",
    "Pool": "give a connection of the pool's",
}


def kind_of(connection: Any) -> Kind | None:
    """What a connection is; None for anything that is not known."""
    for kind in type(connection).__mro__:
        found = _KINDS.get((_library(kind), kind.__name__))
        if found is not None:
            return found
    return None


def refusal(connection: Any, kind: Kind | None, is_async: bool) -> TypeError:
    """Why a queue cannot use this connection. Its value is not shown: it may be a URL with a password."""
    name = f"{_library(type(connection))} {type(connection).__name__}".removeprefix("builtins ")
    if kind is not None:
        return TypeError(
            f"connection is a blocking one ({name}): use it with JobQueue"
            if is_async
            else f"connection is an async one ({name}): use it with AsyncJobQueue"
        )
    wanted = _AWAITING if is_async else _BLOCKING
    if name.startswith("psycopg2 "):
        return TypeError(f"connection is of psycopg 2: it must be {wanted}")
    remedy = next((f": {text}" for end, text in _REMEDIES.items() if name.endswith(end)), "")
    return TypeError(f"connection must be {wanted}, not {name}{remedy}")


def _library(kind: type) -> str:
    return kind.__module__.partition(".")[0]
