"""Jobs after the commit of a session: added if it commits, dropped with what is rolled back, on every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from dataqueue import AsyncJobQueue, BackendUnavailable, Job, JobQueue, PayloadError
from dataqueue.contrib.sqlalchemy import add_after_commit
from tests.python.transactions.ways import driver_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def queue(store_url: str) -> Iterator[JobQueue]:
    with JobQueue(store_url) as queue:
        yield queue


@pytest.fixture
def session(postgres_url: str) -> Iterator[Session]:
    engine = sa.create_engine(driver_url(postgres_url, "psycopg"))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
async def async_session(postgres_url: str) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(driver_url(postgres_url, "asyncpg"))
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


def types(queue: JobQueue) -> list[str]:
    return [job.job_type for job in reversed(queue.get_all_jobs())]


def test_jobs_are_added_by_the_commit_and_not_before(session: Session, queue: JobQueue) -> None:
    with session.begin():
        first = add_after_commit(session, queue, Job("a", 1), Job("b", 2, priority=3))
        session.execute(sa.text("select 1"))
        second = add_after_commit(session, queue, Job("c", 3))
        assert (first, second, queue.count_jobs()) == ([], [], 0)
    jobs = [queue.get_job(job_id) for job_id in (*first, *second)]
    assert [(job.job_type, job.payload, job.priority) for job in jobs if job] == [
        ("a", 1, 0),
        ("b", 2, 3),
        ("c", 3, 0),
    ]
    session.commit()
    assert queue.count_jobs() == 3


def test_what_is_rolled_back_or_never_committed_adds_nothing(session: Session, queue: JobQueue) -> None:
    def breaks_off() -> None:
        with session.begin():
            add_after_commit(session, queue, Job("a", 1))
            raise KeyError

    with pytest.raises(KeyError):
        breaks_off()
    add_after_commit(session, queue, Job("b", 1))
    session.rollback()
    add_after_commit(session, queue, Job("c", 1))
    session.close()
    session.execute(sa.text("select 1"))
    session.commit()
    assert queue.count_jobs() == 0


def test_a_savepoint_drops_its_own_alone(session: Session, queue: JobQueue) -> None:
    with session.begin():
        add_after_commit(session, queue, Job("outer", 1))
        with session.begin_nested():
            add_after_commit(session, queue, Job("kept", 1))
        dropped = session.begin_nested()
        add_after_commit(session, queue, Job("dropped", 1))
        with session.begin_nested():
            add_after_commit(session, queue, Job("dropped with its parent", 1))
        dropped.rollback()
        with session.begin_nested():
            inner = session.begin_nested()
            add_after_commit(session, queue, Job("dropped alone", 1))
            inner.rollback()
            add_after_commit(session, queue, Job("kept too", 1))
        assert queue.count_jobs() == 0
    assert types(queue) == ["outer", "kept", "kept too"]


def test_savepoints_open_at_the_end_share_its_fate(session: Session, queue: JobQueue) -> None:
    session.begin_nested()
    add_after_commit(session, queue, Job("a", 1))
    session.begin_nested()
    add_after_commit(session, queue, Job("b", 1))
    session.get_transaction().rollback()  # type: ignore[union-attr]
    session.begin_nested()
    add_after_commit(session, queue, Job("c", 1))
    session.commit()
    assert types(queue) == ["c"]


async def test_async_sessions(async_session: AsyncSession, store_url: str) -> None:
    async with AsyncJobQueue(store_url) as queue:
        async with async_session.begin():
            ids = add_after_commit(async_session, queue, Job("a", 1))
            async with async_session.begin_nested() as savepoint:
                add_after_commit(async_session, queue, Job("b", 1))
                await savepoint.rollback()
            assert await queue.count_jobs() == 0
        add_after_commit(async_session, queue, Job("c", 1))
        await async_session.rollback()
        add_after_commit(async_session, queue, Job("d", 1))
        await async_session.commit()
        jobs = await queue.get_all_jobs()
        assert [job.job_type for job in jobs] == ["d", "a"]
        assert ids == [jobs[1].id]


def test_scoped_sessions_and_several_queues(session: Session, sqlite_store_url: str, postgres_store_url: str) -> None:
    scoped = scoped_session(sessionmaker(session.get_bind()))
    with JobQueue(sqlite_store_url) as one, JobQueue(postgres_store_url) as other:
        add_after_commit(scoped, one, Job("a", 1))
        add_after_commit(scoped, other, Job("b", 1))
        add_after_commit(scoped, one, Job("c", 1))
        scoped.commit()
        assert (types(one), types(other)) == (["a", "c"], ["b"])
    scoped.remove()


def test_a_store_that_is_away_is_told_by_the_commit_which_stands(session: Session) -> None:
    with JobQueue("postgresql://app@127.0.0.1:1/app?connect_timeout=1") as queue:
        session.execute(sa.text("create temporary table item (name text)"))
        session.commit()
        session.execute(sa.text("insert into item values ('kept')"))
        ids = add_after_commit(session, queue, Job("a", 1))
        with pytest.raises(BackendUnavailable) as raised:
            session.commit()
    assert ids == []
    assert "the transaction is committed" in raised.value.__notes__[0]
    # The session goes on, and has not kept the job for its next commit.
    session.execute(sa.text("select 1"))
    session.commit()


async def test_what_does_not_go_together_is_named(session: Session, async_session: AsyncSession) -> None:
    wrong: Any = add_after_commit
    with JobQueue("sqlite://:memory:") as queue:
        async with AsyncJobQueue("sqlite://:memory:") as async_queue:
            for given, says in (
                ((session, async_queue), "queue must be a JobQueue for Session, not AsyncJobQueue"),
                ((async_session, queue), "queue must be an AsyncJobQueue for AsyncSession, not JobQueue"),
                ((session.get_bind(), queue), "not Engine"),
                ((session, queue, "send"), r"jobs\[0\] must be a Job, not str"),
            ):
                with pytest.raises(TypeError, match=says):
                    wrong(*given)
        with pytest.raises(PayloadError):
            add_after_commit(session, queue, Job("a", float("nan")))
        session.commit()
        assert queue.count_jobs() == 0
