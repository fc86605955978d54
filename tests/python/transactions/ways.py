"""The ways in which callers hold a transaction of their own, under one face."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker


@dataclass(frozen=True)
class Transaction:
    """An open transaction of the caller's."""

    connection: Any
    """What is given as `connection=`."""
    execute: Callable[[str], Awaitable[object]]
    scalar: Callable[[str], Awaitable[Any]]
    commit: Callable[[], Awaitable[object]]
    roll_back: Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Way:
    """A library and the kind of object it gives."""

    name: str
    is_async: bool
    open: Callable[[str], AbstractAsyncContextManager[Transaction]]
    """Opens a transaction on a database; one that was neither committed nor rolled back is rolled back at the end."""

    def __str__(self) -> str:
        return self.name


def driver_url(url: str, driver: str) -> sa.URL:
    """The URL of the same database for SQLAlchemy over `driver`."""
    return sa.make_url(url).set(drivername=f"postgresql+{driver}")


def _awaitable(func: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def call(*args: Any) -> Any:
        return func(*args)

    return call


def _blocking(connection: Any, execute: Callable[[str], Any]) -> Transaction:
    return Transaction(
        connection,
        _awaitable(execute),
        _awaitable(lambda sql: execute(sql).fetchone()[0]),
        _awaitable(connection.commit),
        _awaitable(connection.rollback),
    )


@asynccontextmanager
async def _psycopg(url: str) -> AsyncIterator[Transaction]:
    with contextlib.closing(psycopg.connect(url)) as connection:
        yield _blocking(connection, connection.execute)


@asynccontextmanager
async def _psycopg_async(url: str) -> AsyncIterator[Transaction]:
    connection = await psycopg.AsyncConnection.connect(url)

    async def scalar(sql: str) -> Any:
        return (await (await execute(sql)).fetchone())[0]

    async def execute(sql: str) -> Any:
        return await connection.execute(sql.encode())

    try:
        yield Transaction(connection, execute, scalar, connection.commit, connection.rollback)
    finally:
        await connection.close()


@asynccontextmanager
async def _asyncpg(url: str) -> AsyncIterator[Transaction]:
    connection = await asyncpg.connect(url)
    try:
        async with _started(connection) as transaction:
            yield transaction
    finally:
        await connection.close()


@asynccontextmanager
async def _asyncpg_pool(url: str) -> AsyncIterator[Transaction]:
    async with (
        asyncpg.create_pool(url, min_size=1, max_size=1) as pool,
        pool.acquire() as connection,
        _started(connection) as transaction,
    ):
        yield transaction


@asynccontextmanager
async def _started(connection: Any) -> AsyncIterator[Transaction]:
    transaction = connection.transaction()
    await transaction.start()
    yield Transaction(connection, connection.execute, connection.fetchval, transaction.commit, transaction.rollback)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Transaction]:
    with _engine(url) as engine, engine.connect() as connection:
        yield _blocking(connection, lambda sql: connection.execute(sa.text(sql)))


@asynccontextmanager
async def _session(url: str) -> AsyncIterator[Transaction]:
    with _engine(url) as engine, Session(engine) as session:
        yield _blocking(session, lambda sql: session.execute(sa.text(sql)))


@asynccontextmanager
async def _scoped_session(url: str) -> AsyncIterator[Transaction]:
    with _engine(url) as engine:
        session = scoped_session(sessionmaker(engine))
        with contextlib.ExitStack() as stack:
            stack.callback(session.remove)
            yield _blocking(session, lambda sql: session.execute(sa.text(sql)))


@contextlib.contextmanager
def _engine(url: str) -> Any:
    engine = sa.create_engine(driver_url(url, "psycopg"))
    try:
        yield engine
    finally:
        engine.dispose()


def _over(driver: str, make: Callable[[Any], Any]) -> Callable[[str], AbstractAsyncContextManager[Transaction]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Transaction]:
        engine = create_async_engine(driver_url(url, driver))
        connection = make(engine)
        try:
            if isinstance(connection, AsyncConnection):
                await connection.start()

            async def execute(sql: str) -> Any:
                return await connection.execute(sa.text(sql))

            async def scalar(sql: str) -> Any:
                return (await execute(sql)).scalar_one()

            yield Transaction(connection, execute, scalar, connection.commit, connection.rollback)
        finally:
            await connection.close()
            await engine.dispose()

    return opened


def _async_scoped(engine: Any) -> Any:
    return async_scoped_session(async_sessionmaker(engine), scopefunc=lambda: None)


PSYCOPG = Way("psycopg", False, _psycopg)
PSYCOPG_ASYNC = Way("psycopg async", True, _psycopg_async)
ASYNCPG = Way("asyncpg", True, _asyncpg)
SESSION = Way("SQLAlchemy Session", False, _session)
ASYNC_SESSION = Way("SQLAlchemy AsyncSession over asyncpg", True, _over("asyncpg", AsyncSession))

WAYS = (
    PSYCOPG,
    PSYCOPG_ASYNC,
    ASYNCPG,
    Way("asyncpg pool", True, _asyncpg_pool),
    SESSION,
    Way("SQLAlchemy scoped_session", False, _scoped_session),
    Way("SQLAlchemy Connection", False, _connection),
    ASYNC_SESSION,
    Way("SQLAlchemy AsyncSession over psycopg", True, _over("psycopg", AsyncSession)),
    Way("SQLAlchemy async_scoped_session", True, _over("asyncpg", _async_scoped)),
    Way("SQLAlchemy AsyncConnection over asyncpg", True, _over("asyncpg", lambda engine: engine.connect())),
    Way("SQLAlchemy AsyncConnection over psycopg", True, _over("psycopg", lambda engine: engine.connect())),
)

MAIN_WAYS = (PSYCOPG, PSYCOPG_ASYNC, ASYNCPG, SESSION, ASYNC_SESSION)
"""One way for each library and twin."""
