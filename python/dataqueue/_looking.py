"""What both twins of a queue do to look at a store, and to delete from it: as `_requests` does for all else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ._call import Call
from .arguments import MAX_PAGE, check_bool, check_count, check_job_id, check_name, check_text
from .filters import RunAtFilter, bounds_to_core, filter_to_core, member
from .inspection import GroupRecord, JobPage, Overview, TypeLimit, WorkerRecord
from .models import JobId
from .tokens import Token, TokenStatus, token_id

if TYPE_CHECKING:
    from ._core import SearchDict, Store

__all__ = ["Looking"]

T = TypeVar("T")

_LOG = logging.getLogger("dataqueue")
_LONGEST_TEXT = 1_000


class Looking:
    """The calls of one queue that show what is in its store, and those that delete jobs."""

    store: Store
    _verbose: bool

    def _told(
        self, call: Call[T], method: str, what: object, result: Callable[[T], object] = lambda answer: answer
    ) -> Call[T]:
        """The call; a verbose queue logs it with its answer once that is there."""
        if not self._verbose:
            return call

        def convert(answer: Any) -> T:
            converted = call.convert(answer)
            _LOG.info("%s(%s): %s", method, what, result(converted))
            return converted

        return Call(call.pending, convert)

    def get_overview(self) -> Call[Overview]:
        from ._core import overview

        return Call(overview(self.store), Overview.from_core)

    def get_workers(self, cursor: int | None, limit: int) -> Call[list[WorkerRecord]]:
        from ._core import workers

        after = 0 if cursor is None else check_job_id("cursor", cursor)
        pending = workers(self.store, after, check_count("limit", limit, MAX_PAGE, least=1))
        return Call(pending, lambda rows: [WorkerRecord.from_core(row) for row in rows])

    def drain_worker(self, worker_id: int) -> Call[bool]:
        from ._core import drain_worker

        call = Call(drain_worker(self.store, check_job_id("worker_id", worker_id)), bool)
        return self._told(call, "drain_worker", worker_id)

    def get_groups(self, cursor: str | None, limit: int) -> Call[list[GroupRecord]]:
        from ._core import groups

        after = "" if cursor is None else check_name("cursor", cursor)
        pending = groups(self.store, after, check_count("limit", limit, MAX_PAGE, least=1))
        return Call(pending, lambda rows: [GroupRecord.from_core(row) for row in rows])

    def get_limits(self) -> Call[list[TypeLimit]]:
        from ._core import type_limits

        return Call(type_limits(self.store), lambda rows: [TypeLimit.from_core(row) for row in rows])

    def get_tokens(self, status: TokenStatus | str | None, cursor: str | Token | None, limit: int) -> Call[list[Token]]:
        from ._core import tokens

        wanted = None if status is None else member("status", TokenStatus, status).value
        after = None if cursor is None else token_id(cursor)
        pending = tokens(self.store, wanted, after, check_count("limit", limit, MAX_PAGE, least=1))
        return Call(pending, lambda rows: [Token.from_core(row) for row in rows])

    def search_jobs(
        self,
        text: str | None,
        error: str | None,
        group: str | None,
        created_at: RunAtFilter | None,
        dead_lettered: bool | None,
        cursor: int | None,
        limit: int,
        **filters: Any,
    ) -> Call[JobPage]:
        from ._core import search

        asked: SearchDict = {}
        if text is not None:
            asked["text"] = check_text("text", text, _LONGEST_TEXT)
        if error is not None:
            asked["error"] = check_text("error", error, _LONGEST_TEXT)
        if group is not None:
            asked["group"] = check_name("group", group)
        if created_at is not None:
            asked["created_at"] = bounds_to_core("created_at", created_at)
        if dead_lettered is not None:
            asked["dead_lettered"] = check_bool("dead_lettered", dead_lettered)
        before = None if cursor is None else check_job_id("cursor", cursor)
        limit = check_count("limit", limit, MAX_PAGE, least=1)
        return Call(search(self.store, filter_to_core(**filters), asked, before, limit), JobPage.from_core)

    def get_dependents(self, job_id: int, limit: int) -> Call[list[JobId]]:
        from ._core import dependents

        limit = check_count("limit", limit, MAX_PAGE, least=1)
        pending = dependents(self.store, check_job_id("job_id", job_id), limit)
        return Call(pending, lambda ids: [JobId(one) for one in ids])

    def delete_job(self, job_id: int) -> Call[bool]:
        from ._core import delete

        return self._told(Call(delete(self.store, check_job_id("job_id", job_id)), bool), "delete_job", job_id)

    def delete_jobs(self, **filters: Any) -> Call[int]:
        from ._core import delete_all

        conditions = filter_to_core(**filters)
        return self._told(Call(delete_all(self.store, conditions), int), "delete_jobs", conditions)
