"""How a statement with one text parameter, marked `{param}`, is run by each library on the caller's connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from .kinds import kind_of, refusal

__all__ = ["Rows", "async_runner", "sync_runner"]

Rows: TypeAlias = list[tuple[int, int]]


def sync_runner(connection: Any) -> Callable[[str, str], Rows]:
    """What runs a statement on a blocking connection.

    Raises:
        TypeError: It is not one that is known.
        ValueError: It has no transaction, or does not lead to PostgreSQL.
    """
    match kind := kind_of(connection):
        case "psycopg":
            _check_psycopg(connection)
            return lambda sql, param: _psycopg(connection, sql, param)
        case "sqlalchemy_connection":
            return lambda sql, param: _sqlalchemy(connection, sql, param)
        case "sqlalchemy_session":
            return lambda sql, param: _sqlalchemy(connection.connection(), sql, param)
        case "django":
            _check_django(connection)
            return lambda sql, param: _django(connection, sql, param)
        case _:
            raise refusal(connection, kind, is_async=False)


def async_runner(connection: Any) -> Callable[[str, str], Awaitable[Rows]]:
    """What runs a statement on an async connection.

    Raises:
        TypeError: It is not one that is known.
        ValueError: It has no transaction, or does not lead to PostgreSQL.
    """
    match kind := kind_of(connection):
        case "psycopg_async":
            _check_psycopg(connection)
            return lambda sql, param: _psycopg_async(connection, sql, param)
        case "asyncpg":
            _check_asyncpg(connection)
            return lambda sql, param: _asyncpg(connection, sql, param)
        case "sqlalchemy_async_connection":
            return lambda sql, param: _sqlalchemy_async(connection, sql, param)
        case "sqlalchemy_async_session":

            async def run(sql: str, param: str) -> Rows:
                return await _sqlalchemy_async(await connection.connection(), sql, param)

            return run
        case _:
            raise refusal(connection, kind, is_async=True)


def _check_psycopg(connection: Any) -> None:
    # In autocommit mode each statement would be a transaction of its own, and the job would outlive a rollback.
    if not connection.closed and connection.autocommit and connection.info.transaction_status.name == "IDLE":
        raise ValueError(
            "connection is in autocommit mode, with no transaction: add the job inside `connection.transaction()`"
        )


def _for_psycopg(sql: str) -> Any:
    # Its type is for text of the program's own, which the engine's is.
    return sql.replace("{param}", "%s")


def _psycopg(connection: Any, sql: str, param: str) -> Rows:
    from psycopg import Cursor
    from psycopg.rows import tuple_row

    # The connection's own factories may make cursors with other placeholders, and rows of any shape.
    with Cursor(connection, row_factory=tuple_row) as cursor:
        return _rows(cursor.execute(_for_psycopg(sql), (param,)).fetchall())


async def _psycopg_async(connection: Any, sql: str, param: str) -> Rows:
    from psycopg import AsyncCursor
    from psycopg.rows import tuple_row

    async with AsyncCursor(connection, row_factory=tuple_row) as cursor:
        await cursor.execute(_for_psycopg(sql), (param,))
        return _rows(await cursor.fetchall())


def _check_asyncpg(connection: Any) -> None:
    # A closed connection is left to asyncpg, whose errors callers know.
    if not connection.is_closed() and not connection.is_in_transaction():
        raise ValueError("connection has no open transaction: add the job inside `connection.transaction()`")


async def _asyncpg(connection: Any, sql: str, param: str) -> Rows:
    return _rows(await connection.fetch(sql.replace("{param}", "$1"), param))


def _sqlalchemy(connection: Any, sql: str, param: str) -> Rows:
    from sqlalchemy import text

    if connection.dialect.name != "postgresql":
        raise ValueError(
            f"connection leads to {connection.dialect.name}: it must lead to the queue's own PostgreSQL database"
        )
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        raise ValueError(
            "connection is in autocommit mode, where no transaction holds the job: use an engine or connection "
            "without isolation_level='AUTOCOMMIT'"
        )
    return _rows(connection.execute(text(sql.replace("{param}", ":param")), {"param": param}).fetchall())


async def _sqlalchemy_async(connection: Any, sql: str, param: str) -> Rows:
    return _rows(await connection.run_sync(_sqlalchemy, sql, param))


def _check_django(connection: Any) -> None:
    if connection.vendor != "postgresql":
        raise ValueError(f"connection leads to {connection.vendor}: it must lead to the queue's PostgreSQL database")
    if not connection.in_atomic_block:
        raise ValueError("connection has no open transaction: add the job inside `transaction.atomic()`")


def _django(connection: Any, sql: str, param: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("{param}", "%s"), [param])
        return _rows(cursor.fetchall())


def _rows(rows: Any) -> Rows:
    return [(int(row[0]), int(row[1])) for row in rows]
