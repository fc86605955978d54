"""What adding on a connection of the caller's runs there."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING

from .dependencies import unknown
from .errors import DataQueueError, MigrationRequired
from .models import JobId

if TYPE_CHECKING:
    from ._core import JobTuple, Store

__all__ = ["ExternalSteps", "external_steps"]

ExternalSteps = Generator[tuple[str, str], list[tuple[int, int]], list[JobId]]
"""Statements to run on the caller's connection, each with its parameter, and in the end the ids."""

# SQLSTATEs of a table, a schema or a column that is not there.
_NOT_MIGRATED = frozenset({"42P01", "3F000", "42703"})


def external_steps(store: Store, fields: list[JobTuple]) -> ExternalSteps:
    """Adds jobs and lets them wait for what they depend on.

    Raises:
        DependencyError: A job waits for one that does not exist.
        DataQueueError: The job that held an idempotency key is gone, or cannot be seen.
        MigrationRequired: The connection leads elsewhere, or the tables are of another version.
    """
    ids: list[JobId] = []
    insert, lookup, parts, prerequisites = store.external_add(fields)
    try:
        if prerequisites is not None:
            statement, wanted = prerequisites
            known = {found for _, found in (yield statement, json.dumps(wanted))}
            missing = [one for one in wanted if one not in known]
            if missing:
                raise unknown(missing)
        for count, param in parts:
            inserted = dict((yield insert, param))
            found = {} if len(inserted) == count else dict((yield lookup, param))
            for at in range(count):
                if at in inserted:
                    ids.append(JobId(inserted[at], True))
                elif at in found:
                    ids.append(JobId(found[at], False))
                else:
                    raise _lost_key(store, fields[len(ids)][7])
        for statement, param in store.external_ties(fields, [(int(one), one.created) for one in ids]):
            yield statement, param
    except Exception as error:
        if _sqlstate(error) not in _NOT_MIGRATED:
            raise
        raise _not_migrated(store, error) from error
    return ids


def _lost_key(store: Store, key: str | None) -> DataQueueError:
    return DataQueueError(
        f"the job that held the idempotency key {key!r} is gone again, or was added after your transaction took its "
        "snapshot: roll back and run the transaction again",
        backend=store.backend,
    )


def _not_migrated(store: Store, error: Exception) -> MigrationRequired:
    told = str(getattr(error, "orig", error)).partition("\n")[0]
    return MigrationRequired(
        f"where your connection leads, the tables of this queue are missing or of another version ({told}): the "
        f"connection must lead to {store.location}; if it does, run `dataqueue migrate up` there",
        backend=store.backend,
    )


def _sqlstate(error: Exception) -> str | None:
    """The server's code in an error of any library; SQLAlchemy and Django wrap their driver's."""
    for one in (error, getattr(error, "orig", None), error.__cause__):
        for name in ("sqlstate", "pgcode"):
            code = getattr(one, name, None)
            if isinstance(code, str):
                return code
    return None
