"""The tools that look into a queue. They change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ...models import JobStatus
from ...redaction import HIDDEN, Redaction
from ..printing import as_json
from .adding import add_tool

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["QueueTools"]

_PAYLOADS = ("payload", "output", "step_data")


class QueueTools:
    """What an assistant may know of a queue.

    Ids of tokens are cut: who knows one whole can complete it.
    """

    def __init__(self, queue: JobQueue, redact: tuple[str, ...], *, hide_payloads: bool) -> None:
        self._queue, self._redaction, self._hide = queue, Redaction(redact), hide_payloads

    def add_to(self, server: Any) -> None:
        """Adds the tools to a server."""
        for name, tool in (("queue-status", self.status), ("list-jobs", self.jobs), ("get-job", self.job)):
            add_tool(server, name, tool)

    def status(self) -> dict[str, Any]:
        """Look at the queue at a glance: jobs by status and type, workers, what is paused, what falls due next."""
        return self._shown(self._queue.get_overview())

    def jobs(
        self,
        status: Annotated[JobStatus | None, Field(description="Only jobs in this status.")] = None,
        job_type: Annotated[str | None, Field(description="Only jobs of this type.")] = None,
        tags: Annotated[list[str] | None, Field(description="Only jobs that have all these tags.")] = None,
        limit: Annotated[int, Field(ge=1, le=100, description="At most so many.")] = 20,
        cursor: Annotated[
            int | None, Field(description="Only jobs behind this id, the last of the page before.")
        ] = None,
    ) -> dict[str, Any]:
        """List jobs of the queue, newest first, with payloads, outputs and errors."""
        found = self._queue.get_jobs(status=status, job_type=job_type, tags=tags, limit=limit, cursor=cursor)
        after = found[-1].id if len(found) == limit else None
        return {"jobs": [self._shown(job) for job in found], "next_cursor": after}

    def job(self, id: Annotated[int, Field(ge=1, description="The job's id.")]) -> dict[str, Any]:  # noqa: A002
        """Look at one job: options, payload, output, errors with tracebacks, steps, and the history of events."""
        found = self._queue.get_job(id)
        if found is None:
            raise ValueError(f"there is no job {id}: it was never added to this store, or was cleaned up")
        return {**self._shown(found), "events": [self._shown(one) for one in self._queue.get_job_events(id)]}

    def _shown(self, record: Any) -> dict[str, Any]:
        told: dict[str, Any] = as_json(record)
        if self._hide:
            told.update({name: HIDDEN for name in _PAYLOADS if told.get(name) is not None})
        shown: dict[str, Any] = self._redaction.shown(told, with_tokens=False)
        return shown
