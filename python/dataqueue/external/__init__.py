"""Adding jobs on a connection of the caller's, inside the caller's transaction.

Nothing here begins, commits, rolls back or repeats anything: the transaction is the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .runners import async_runner, sync_runner

if TYPE_CHECKING:
    from .._external_steps import ExternalSteps
    from ..models import JobId

__all__ = ["add_async", "add_sync"]


def add_sync(connection: Any, steps: ExternalSteps) -> list[JobId]:
    """Runs the steps on a blocking connection.

    Raises:
        TypeError: It is not one that is known.
        ValueError: It has no transaction, or does not lead to PostgreSQL.
    """
    run = sync_runner(connection)
    try:
        statement = next(steps)
        while True:
            try:
                rows = run(*statement)
            except Exception as error:
                statement = steps.throw(error)
            else:
                statement = steps.send(rows)
    except StopIteration as done:
        return list(done.value)


async def add_async(connection: Any, steps: ExternalSteps) -> list[JobId]:
    """Runs the steps on an async connection.

    Raises:
        TypeError: It is not one that is known.
        ValueError: It has no transaction, or does not lead to PostgreSQL.
    """
    run = async_runner(connection)
    try:
        statement = next(steps)
        while True:
            try:
                rows = await run(*statement)
            except Exception as error:
                statement = steps.throw(error)
            else:
                statement = steps.send(rows)
    except StopIteration as done:
        return list(done.value)
