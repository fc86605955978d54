"""Adding jobs on a connection of the caller's, inside the caller's transaction.

Nothing here begins, commits, rolls back or repeats anything: the transaction is the caller's. The libraries are told
apart by the module that a connection's class comes from, so that none of them is imported.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._requests import ExternalSteps
    from .models import JobId

__all__ = ["add_async", "add_sync"]

Rows = list[tuple[int, int]]

_KNOWN = "psycopg 3, SQLAlchemy 2 (Session, Connection) or Django connections"
_KNOWN_ASYNC = "psycopg 3, asyncpg or SQLAlchemy 2 (AsyncSession, AsyncConnection) connections"


def add_sync(connection: Any, steps: ExternalSteps) -> list[JobId]:
    """Runs the steps on a blocking connection.

    Raises:
        TypeError: It is not one that is known.
        ValueError: It has no open transaction.
    """
    run = _sync_runner(connection)
    answer: Rows | None = None
    while True:
        try:
            sql, param = next(steps) if answer is None else steps.send(answer)
        except StopIteration as done:
            return list(done.value)
        answer = run(sql, param)


async def add_async(connection: Any, steps: ExternalSteps) -> list[JobId]:
    """Runs the steps on an async connection.

    Raises:
        TypeError: It is not one that is known.
        ValueError: It has no open transaction.
    """
    run = _async_runner(connection)
    answer: Rows | None = None
    while True:
        try:
            sql, param = next(steps) if answer is None else steps.send(answer)
        except StopIteration as done:
            return list(done.value)
        answer = await run(sql, param)


def _sync_runner(connection: Any) -> Callable[[str, str], Rows]:
    name, library = _class_name(connection), _library(connection)
    if library == "psycopg" and name == "Connection":
        _check_psycopg(connection)
        return lambda sql, param: _rows(connection.execute(sql.replace("{param}", "%s"), (param,)).fetchall())
    if library == "sqlalchemy" and name in ("Session", "Connection", "scoped_session"):
        return lambda sql, param: _rows(connection.execute(_text(sql), {"param": param}).fetchall())
    if library == "django":
        return lambda sql, param: _django(connection, sql, param)
    if library == "asyncpg" or name.startswith("Async"):
        raise TypeError(f"connection is an async one ({library} {name}): use it with AsyncJobQueue")
    raise TypeError(f"connection is a {library} {name}: add_job takes {_KNOWN}")


def _async_runner(connection: Any) -> Callable[[str, str], Awaitable[Rows]]:
    name, library = _class_name(connection), _library(connection)
    if library == "psycopg" and name == "AsyncConnection":
        _check_psycopg(connection)

        async def psycopg(sql: str, param: str) -> Rows:
            cursor = await connection.execute(sql.replace("{param}", "%s"), (param,))
            return _rows(await cursor.fetchall())

        return psycopg
    if library == "asyncpg" and hasattr(connection, "is_in_transaction"):
        if not connection.is_in_transaction():
            raise ValueError(
                "connection has no open transaction: add the job inside `async with connection.transaction():`"
            )

        async def asyncpg(sql: str, param: str) -> Rows:
            return _rows(await connection.fetch(sql.replace("{param}", "$1"), param))

        return asyncpg
    if library == "sqlalchemy" and name in ("AsyncSession", "AsyncConnection", "async_scoped_session"):

        async def sqlalchemy(sql: str, param: str) -> Rows:
            return _rows((await connection.execute(_text(sql), {"param": param})).fetchall())

        return sqlalchemy
    if library in ("psycopg", "sqlalchemy", "django"):
        raise TypeError(f"connection is a blocking one ({library} {name}): use it with JobQueue, or off the event loop")
    raise TypeError(f"connection is a {library} {name}: add_job takes {_KNOWN_ASYNC}")


def _class_name(connection: Any) -> str:
    names = [kind.__name__ for kind in type(connection).__mro__ if _root(kind) in _LIBRARIES]
    known = (
        "AsyncSession",
        "AsyncConnection",
        "Session",
        "Connection",
        "scoped_session",
        "async_scoped_session",
    )
    return next((name for name in names if name in known), type(connection).__name__)


def _library(connection: Any) -> str:
    return next(
        (_root(kind) for kind in type(connection).__mro__ if _root(kind) in _LIBRARIES),
        _root(type(connection)),
    )


_LIBRARIES = frozenset({"psycopg", "asyncpg", "sqlalchemy", "django"})


def _root(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _check_psycopg(connection: Any) -> None:
    # In autocommit mode each statement would be a transaction of its own, and the job would outlive a rollback.
    if connection.autocommit and connection.info.transaction_status.name == "IDLE":
        raise ValueError(
            "connection is in autocommit mode, with no transaction: add the job in `with connection.transaction():`"
        )


def _text(sql: str) -> Any:
    from sqlalchemy import text

    return text(sql.replace("{param}", ":param"))


def _django(connection: Any, sql: str, param: str) -> Rows:
    if not connection.in_atomic_block:
        raise ValueError("connection has no open transaction: add the job inside `with transaction.atomic():`")
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("{param}", "%s"), [param])
        return _rows(cursor.fetchall())


def _rows(rows: Any) -> Rows:
    return [(int(row[0]), int(row[1])) for row in rows]
