"""Copies the jobs that are not finished from one store to another, so that a backend can be changed."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import ConfigError

if TYPE_CHECKING:
    from ._core import ExtrasDict, JobTuple, Store, TransferTuple

__all__ = ["Plan", "Progress", "Transfer"]

DEFAULT_BATCH = 500
# Whole jobs are read only to be counted, so not too many of them at once.
_PAGE = 250
# Calls that wait for a connection of the pool together, the last of them not for long.
_AT_ONCE = 50
# Options that the receiving side does not take: a job that has them would be another one without them.
_NOT_CARRIED = ("depends_on_job_ids", "depends_on_tags")


@dataclass(slots=True)
class Plan:
    """What there is to copy, as it was when it was looked for.

    Attributes:
        pending: Jobs that wait for a worker or for their time.
        retrying: Failed jobs whose retry is due or will be.
        running: Jobs that a worker runs now, which are not copied.
        waiting: Jobs that their handler suspended, which are not copied.
        refused: Jobs with options that cannot be carried over, by the name of the option; not copied.
        ids: The jobs to copy, in the order in which they were added.
    """

    pending: int = 0
    retrying: int = 0
    running: int = 0
    waiting: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    ids: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class Progress:
    """What was done so far.

    Attributes:
        copied: Jobs added to the target.
        known: Jobs that the target had already: from an earlier run, or under the same idempotency key.
        changed: Jobs that ended or were taken by a worker since they were looked for; not copied.
        cancelled: Jobs cancelled on the source, after they were stored on the target.
        uncancelled: Jobs that could not be cancelled on the source any more, most likely taken by a worker there.
    """

    copied: int = 0
    known: int = 0
    changed: int = 0
    cancelled: int = 0
    uncancelled: list[int] = field(default_factory=list)


class Transfer:
    """The way of the jobs of one store into another.

    Each copy carries an idempotency key: the job's own, or one made of its id and the time it was added. So it can be
    repeated, and goes on where an earlier run was cut off.

    Attributes:
        progress: What was done so far.
    """

    def __init__(self, source: Store, target: Store, batch: int = DEFAULT_BATCH) -> None:
        """Nothing is read or written yet."""
        self._source = source
        self._target = target
        self._batch = batch
        self.progress = Progress()

    def plan(self) -> Plan:
        """Looks for the jobs to copy.

        Raises:
            ConfigError: Source and target are the same store.
            MigrationRequired: The schema of one of them is not there.
        """
        if self._source.location == self._target.location:
            raise ConfigError(f"source and target are both {self._source.location}: name two stores")
        self._target.count({"statuses": ["processing"]}).wait()
        plan = Plan(
            running=self._source.count({"statuses": ["processing"]}).wait(),
            waiting=self._source.count({"statuses": ["waiting"]}).wait(),
        )
        before: int | None = None
        while page := self._source.find({"statuses": ["pending", "failed"]}, _PAGE, 0, before).wait():
            for row in filter(_is_open, page):
                refused = next((name for name in _NOT_CARRIED if row[name]), None)
                if refused is not None:
                    plan.refused[refused] = plan.refused.get(refused, 0) + 1
                    continue
                plan.ids.append(row["id"])
                plan.pending += row["status"] == "pending"
                plan.retrying += row["status"] == "failed"
            before = page[-1]["id"]
        plan.ids.reverse()
        self._tell_apart(plan.ids)
        return plan

    def run(self, plan: Plan, *, cancel_source: bool = False) -> Generator[int]:
        """Copies the jobs of a plan, batch by batch; after each, how many of the plan's jobs it was.

        Args:
            plan: From `plan()`.
            cancel_source: Cancels each job on the source once its copy is stored.
        """
        progress = self.progress
        for start in range(0, len(plan.ids), self._batch):
            ids = plan.ids[start : start + self._batch].tolist()
            # A job of this batch may have been claimed, ended or deleted since the plan was made.
            rows = sorted(filter(_is_open, self._source.get_many(ids).wait()), key=lambda row: int(row["id"]))
            progress.changed += len(ids) - len(rows)
            added = self._target.receive([_to_core(row) for row in rows]).wait()
            created = sum(created for _, created in added)
            progress.copied += created
            progress.known += len(added) - created
            if cancel_source:
                self._cancel([row["id"] for row in rows])
            yield len(ids)

    def _cancel(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            for job_id, pending in [(job_id, self._source.cancel(job_id, False)) for job_id in some]:
                if pending.wait():
                    self.progress.cancelled += 1
                else:
                    self.progress.uncancelled.append(job_id)

    def _tell_apart(self, ids: array[int]) -> None:
        """Refuses one store under two names: there, cancelling the source would cancel the copies."""
        samples = sorted({ids[0], ids[len(ids) // 2], ids[-1]}) if ids else []
        ours = {row["id"]: row for row in self._source.get_many(samples).wait()}
        theirs = {row["id"]: row for row in self._target.get_many(samples).wait()}
        # A copy is never alike in everything: it was changed when it was copied.
        if any(ours[job_id] == theirs.get(job_id) for job_id in ours):
            raise ConfigError("source and target are the same store under two names: name two stores")


def _is_open(row: Mapping[str, Any]) -> bool:
    return row["status"] == "pending" or (row["status"] == "failed" and row["next_attempt_at"] is not None)


def _extras(row: Mapping[str, Any]) -> ExtrasDict | None:
    extras: ExtrasDict = {}
    if row["group_id"] is not None:
        extras["group"] = (row["group_id"], row["group_tier"])
    if row["dead_letter_job_type"] is not None:
        extras["dead_letter_job_type"] = row["dead_letter_job_type"]
    if row["expires_at"] is not None:
        extras["expires_in"] = max(row["expires_at"] - row["run_at"], 0) / 1_000_000
    if row["keep_result_for"] is not None:
        extras["keep_result_for"] = row["keep_result_for"]
    if row["traceparent"] is not None:
        extras["traceparent"] = row["traceparent"]
    return extras or None


def _to_core(row: Mapping[str, Any]) -> TransferTuple:
    job: JobTuple = (
        row["job_type"],
        row["payload"],
        row["priority"],
        row["run_at"],
        # At least one attempt is left, as after an edit; a table that another library filled may say otherwise.
        max(row["max_attempts"], row["attempts"] + 1),
        row["timeout_ms"],
        row["tags"],
        row["idempotency_key"] or f"transfer:{row['id']}:{row['created_at']}",
        row["retry_delay"],
        row["retry_backoff"],
        row["retry_delay_max"],
        row["force_kill_on_timeout"],
        _extras(row),
    )
    return (
        job,
        row["id"],
        row["created_at"],
        row["attempts"],
        row["next_attempt_at"],
        row["started_at"],
        row["last_failed_at"],
        row["last_retried_at"],
        row["failure_reason"],
        row["error_history"],
        row["step_data"],
    )
