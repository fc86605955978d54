"""A migrated queue in both its twins, a table of the caller's own beside it, and a third party that looks on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from dataqueue import AsyncJobQueue, Job, JobId, JobQueue
from tests.python.transactions.ways import Transaction, Way


@dataclass(frozen=True)
class Queues:
    """Both twins of one queue."""

    blocking: JobQueue
    awaiting: AsyncJobQueue

    async def add_job(self, way: Way, transaction: Transaction, job_type: str, payload: Any, **options: Any) -> JobId:
        """Adds a job in a transaction, by the twin that its library needs."""
        if way.is_async:
            return await self.awaiting.add_job(job_type, payload, connection=transaction.connection, **options)
        return self.blocking.add_job(job_type, payload, connection=transaction.connection, **options)

    async def add_jobs(self, way: Way, transaction: Transaction, jobs: list[Job[Any]]) -> list[JobId]:
        """Adds jobs in a transaction, by the twin that its library needs."""
        if way.is_async:
            return await self.awaiting.add_jobs(jobs, connection=transaction.connection)
        return self.blocking.add_jobs(jobs, connection=transaction.connection)


@dataclass(frozen=True)
class Onlooker:
    """What everyone else sees: only what was committed."""

    connection: psycopg.Connection
    schema: str

    def count(self, table: str) -> int:
        row = self.connection.execute(f'select count(*) from "{self.schema}".{table}'.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def counts(self) -> tuple[int, int, int, int]:
        """Accounts, jobs, jobs to claim and events."""
        return self.count("account"), self.count("job_queue"), self.count("job_ready"), self.count("job_events")


@pytest.fixture
async def queues(postgres_store_url: str) -> AsyncIterator[Queues]:
    with JobQueue(postgres_store_url) as blocking:
        async with AsyncJobQueue(postgres_store_url) as awaiting:
            yield Queues(blocking, awaiting)


@pytest.fixture
def onlooker(postgres_url: str, postgres_store_url: str, schema: str) -> Iterator[Onlooker]:
    assert schema in postgres_store_url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'create table "{schema}".account (email text primary key)'.encode())
        yield Onlooker(connection, schema)
