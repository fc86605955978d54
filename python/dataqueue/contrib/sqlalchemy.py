"""Jobs that are added once a session of SQLAlchemy's has committed, on any store. Needs `dataqueue[sqlalchemy]`.

On PostgreSQL, in the session's own database, `connection=session` is better: there the job is part of the transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeAlias, overload

try:
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session
    from sqlalchemy.orm import Session, scoped_session
    from sqlalchemy.util import await_only
except ImportError as error:
    raise ImportError("this needs the package sqlalchemy: pip install 'dataqueue[sqlalchemy]'") from error

from ..aio import AsyncJobQueue
from ..blocking import JobQueue
from ..jobs import Job

if TYPE_CHECKING:
    from sqlalchemy.orm import SessionTransaction

    from ..models import JobId

__all__ = ["add_after_commit"]

_Queue: TypeAlias = "JobQueue | AsyncJobQueue"
_Held: TypeAlias = "tuple[_Queue, list[Job[Any]], list[JobId]]"

_KEY = "dataqueue.contrib.sqlalchemy"


@overload
def add_after_commit(session: Session | scoped_session[Any], queue: JobQueue, /, *jobs: Job[Any]) -> list[JobId]: ...
@overload
def add_after_commit(
    session: AsyncSession | async_scoped_session[Any], queue: AsyncJobQueue, /, *jobs: Job[Any]
) -> list[JobId]: ...
def add_after_commit(session: Any, queue: Any, /, *jobs: Job[Any]) -> list[JobId]:
    """Adds jobs when the session's transaction has committed, and drops them when that is rolled back.

    Inside of a savepoint they belong to it: a savepoint that is rolled back drops its own and those of savepoints
    within it, and no others. Jobs for one queue are added in one round trip, all or none, in the order of the calls.

    They are added after the commit, not with it: a process that dies in between loses them, and where the store cannot
    be reached, `commit()` raises what the store raised although the transaction is committed. On PostgreSQL
    `queue.add_job(..., connection=session)` has neither gap.

    Example:
        ```python
        with Session(engine) as session, session.begin():
            session.add(Account(email=email))
            add_after_commit(session, queue, Job(send_email, SendEmail(to=email)))
        ```

    Args:
        session: A `Session` with a `JobQueue`, or an `AsyncSession` with an `AsyncJobQueue`; scoped ones too. One that
            has no transaction begins one.
        queue: The queue, on any store.
        jobs: The jobs, with the options of `add_job`.

    Returns:
        A list that holds their ids, in order, once they are added. Until then it is empty.

    Raises:
        PayloadError: A payload does not fit its type, or cannot be stored.
        TypeError: The session and the queue do not go together, or a job is none.
        ValueError: An option is out of its limits.
    """
    own = _session_of(session, queue)
    for at, job in enumerate(jobs):
        if not isinstance(job, Job):
            raise TypeError(f"jobs[{at}] must be a Job, not {type(job).__name__}: Job(job_type, payload, ...)")
        # What is wrong with it is told here, where it can still be mended, not by the commit.
        job.to_core()
    ids: list[JobId] = []
    book = own.info.get(_KEY)
    if book is None:
        book = own.info[_KEY] = _Book(own)
    book.hold(own, (queue, list(jobs), ids))
    return ids


def _session_of(session: Any, queue: Any) -> Session:
    if isinstance(session, scoped_session | async_scoped_session):
        session = session()
    is_async = isinstance(session, AsyncSession)
    if not is_async and not isinstance(session, Session):
        raise TypeError(f"session must be a Session or an AsyncSession of SQLAlchemy, not {type(session).__name__}")
    wanted: type = AsyncJobQueue if is_async else JobQueue
    if not isinstance(queue, wanted):
        raise TypeError(
            f"queue must be {'an' if is_async else 'a'} {wanted.__name__} for {type(session).__name__}, "
            f"not {type(queue).__name__}"
        )
    own: Session = session.sync_session if is_async else session
    return own


class _Book:
    """What one session holds back, by the transaction or savepoint that it belongs to."""

    def __init__(self, session: Session) -> None:
        self._held: dict[SessionTransaction, list[_Held]] = {}
        self._committed: set[SessionTransaction] = set()
        event.listen(session, "after_commit", self._after_commit)
        event.listen(session, "after_transaction_end", self._after_end)

    def hold(self, session: Session, held: _Held) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction() or session.begin()
        self._held.setdefault(transaction, []).append(held)

    def _after_commit(self, session: Session) -> None:
        # Told of savepoints that are released as well; no add is possible here, where the session is not in order yet.
        transaction = session.get_nested_transaction() or session.get_transaction()
        if transaction in self._held:
            self._committed.add(transaction)

    def _after_end(self, session: Session, transaction: SessionTransaction) -> None:
        held = self._held.pop(transaction, [])
        if transaction not in self._committed:
            return
        self._committed.discard(transaction)
        if transaction.nested:
            self._held.setdefault(_around(transaction), []).extend(held)
        else:
            _add(held)


def _around(savepoint: SessionTransaction) -> SessionTransaction:
    """The savepoint or transaction that a savepoint is in; a flush makes a transaction of its own in between."""
    outer = savepoint.parent
    while outer is not None and not outer.nested and outer.parent is not None:
        outer = outer.parent
    if outer is None:
        raise RuntimeError("a savepoint is in no transaction")
    return outer


def _add(held: list[_Held]) -> None:
    queues = {id(queue): queue for queue, _, _ in held}
    for queue in queues.values():
        mine = [(jobs, ids) for owner, jobs, ids in held if owner is queue]
        try:
            answer: Any = queue.add_jobs([job for jobs, _ in mine for job in jobs])
            added = iter(await_only(answer) if isinstance(answer, Awaitable) else answer)
        except BaseException as error:
            error.add_note("the transaction is committed, and the jobs that were to be added after it are not added")
            raise
        for jobs, ids in mine:
            ids.extend(next(added) for _ in jobs)
