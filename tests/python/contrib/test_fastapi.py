"""The lifespan and the dependencies, in applications of FastAPI and Starlette with real requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI, WebSocket
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from dataqueue import AsyncJobQueue, ConfigError, JobHandlers, JobQueue
from dataqueue.contrib.fastapi import BlockingQueue, Queue, get_queue, queue_lifespan
from dataqueue.testing import AsyncVirtualQueue
from tests.processes import PATIENCE, until
from tests.python.transactions.ways import driver_url

handlers = JobHandlers()


@handlers.job("double")
async def double(payload: int) -> int:
    return 2 * payload


def test_a_processor_runs_while_the_application_does(store_url: str) -> None:
    app = FastAPI(lifespan=queue_lifespan(store_url, handlers=handlers, concurrency=2))

    @app.post("/double/{number}")
    async def add(number: int, queue: Queue) -> int:
        return await queue.add_job(double, number)

    @app.post("/blocking/{number}")
    def add_blocking(number: int, queue: BlockingQueue) -> int:
        assert isinstance(queue, JobQueue)
        return queue.add_job(double, number)

    @app.websocket("/socket")
    async def socket(socket: WebSocket, queue: Queue) -> None:
        await socket.accept()
        await socket.send_json(await queue.add_job(double, 3))
        await socket.close()

    with JobQueue(store_url) as queue:
        # Each life of the application opens a queue of its own.
        for _ in range(2):
            with TestClient(app) as client:
                ids = [client.post("/double/1").json(), client.post("/blocking/2").json()]
                with client.websocket_connect("/socket") as connection:
                    ids.append(connection.receive_json())
                assert [queue.wait_for_job(job_id, PATIENCE).output for job_id in ids] == [2, 4, 6]
            assert queue.get_workers() == []
        late = queue.add_job(double, 1)
        job = queue.get_job(late)
        assert job is not None
        assert job.status == "pending"


def test_it_goes_around_the_lifespan_of_the_application(sqlite_store_url: str) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def own(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        queue: AsyncJobQueue = app.state.dataqueue
        assert await queue.count_jobs() == 0
        await queue.add_job("report", None)
        seen.append("began")
        yield {"greeting": "hello"}
        # What runs has ended, and the queue is still there.
        assert await queue.get_workers() == []
        assert await queue.count_jobs(status="completed") == 1
        seen.append("ended")

    mine = JobHandlers()

    @mine.job("report")
    async def report(payload: None) -> None:
        seen.append("ran")

    async def endpoint(request: Request) -> JSONResponse:
        queue = await get_queue(request)
        return JSONResponse([request.state.greeting, await queue.count_jobs(status="completed")])

    inner = Starlette(routes=[Route("/", endpoint)])
    lifespan = queue_lifespan(sqlite_store_url, handlers=mine, lifespan=own)
    app = Starlette(routes=[Mount("/inner", inner)], lifespan=lifespan)
    with TestClient(app) as client:
        until(lambda: client.get("/inner/").json() == ["hello", 1], "the job ran")
    assert seen == ["began", "ran", "ended"]


def test_a_queue_of_ones_own_stays_open_and_a_failing_start_closes_the_rest(sqlite_store_url: str) -> None:
    queue = AsyncJobQueue(sqlite_store_url)

    @asynccontextmanager
    async def breaks(_: Any) -> AsyncIterator[None]:
        raise KeyError("no")
        yield

    with pytest.raises(KeyError), TestClient(Starlette(lifespan=queue_lifespan(queue, lifespan=breaks))):
        pass
    app = FastAPI(lifespan=queue_lifespan(queue))

    @app.get("/")
    async def count(queue: Queue) -> int:
        return await queue.count_jobs()

    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/").json() == 0


def test_a_test_may_put_another_queue_in_its_place() -> None:
    app = FastAPI(lifespan=queue_lifespan("postgresql://app@127.0.0.1:1/app"))

    @app.post("/")
    async def add(queue: Queue) -> int:
        return await queue.add_job(double, 4)

    virtual = AsyncVirtualQueue()
    app.dependency_overrides[get_queue] = lambda: virtual
    assert TestClient(app).post("/").json() == 1
    del app.dependency_overrides[get_queue]
    with pytest.raises(RuntimeError, match="lifespan=queue_lifespan"):
        TestClient(app).post("/")


@pytest.fixture
def shop(postgres_url: str, postgres_store_url: str, schema: str) -> FastAPI:
    """An application whose endpoints add an account and a job in one transaction."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'create table "{schema}".account (email text primary key)'.encode())
    insert = sa.text(f'insert into "{schema}".account values (:email)')
    async_engine, engine = (
        create_async_engine(driver_url(postgres_url, "psycopg")),
        sa.create_engine(driver_url(postgres_url, "psycopg")),
    )

    @asynccontextmanager
    async def disposing(_: Any) -> AsyncIterator[None]:
        yield
        await async_engine.dispose()
        engine.dispose()

    async def async_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(async_engine) as session, session.begin():
            yield session

    def blocking_session() -> Iterator[Session]:
        with Session(engine) as session, session.begin():
            yield session

    app = FastAPI(lifespan=queue_lifespan(postgres_store_url, lifespan=disposing))
    in_async, in_blocking = Depends(async_session), Depends(blocking_session)

    @app.post("/async/{email}")
    async def add_async(email: str, queue: Queue, session: AsyncSession = in_async) -> int:
        job_id = await queue.add_job(double, 1, connection=session)
        await session.execute(insert, {"email": email})
        return job_id

    @app.post("/blocking/{email}")
    def add(email: str, queue: BlockingQueue, session: Session = in_blocking) -> int:
        job_id = queue.add_job(double, 1, connection=session)
        session.execute(insert, {"email": email})
        return job_id

    return app


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_a_job_is_in_the_transaction_of_the_request(shop: FastAPI, kind: str, postgres_store_url: str) -> None:
    with JobQueue(postgres_store_url) as queue, TestClient(shop, raise_server_exceptions=False) as client:
        kept = client.post(f"/{kind}/ada").json()
        assert queue.get_job(kept) is not None
        assert client.post(f"/{kind}/ada").status_code == 500
        assert queue.count_jobs() == 1


async def test_tables_are_set_up_where_that_is_asked_for(postgres_url: str, schema: str) -> None:
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}schema={schema}"
    app = FastAPI()
    async with queue_lifespan(url, migrate=True)(app):
        assert await app.state.dataqueue.count_jobs() == 0


def test_mistakes_are_named() -> None:
    with pytest.raises(TypeError, match="concurrency: these are for a processor, which needs handlers="):
        queue_lifespan(concurrency=3)
    with pytest.raises(ValueError, match="drain_timeout"):
        queue_lifespan(drain_timeout=-1)
    with pytest.raises(ConfigError), TestClient(FastAPI(lifespan=queue_lifespan("mysql://db/app"))):
        pass
