"""Waits for a token or for another job: what is asked of the store, and what is recorded when they are over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ._waits import Kind, Place, Waits, WaitSignal, compare
from .arguments import check_job_id, timestamp
from .errors import TokenNotFound
from .models import JobRecord, JobStatus
from .payload import PayloadCodec, encode_json
from .tokens import JobResult, Token, TokenResult, TokenStatus, token_id

if TYPE_CHECKING:
    from ._steps import Steps

__all__ = ["JobWait", "TokenWait"]

R = TypeVar("R")


class _Awaited(Generic[R]):
    """A wait for something that ends. Its outcome is recorded, so that later runs need not ask again."""

    kind: ClassVar[Kind]
    field: ClassVar[str]

    def __init__(self, waits: Waits, steps: Steps, key: str | int, name: str | None, result_type: Any) -> None:
        self._waits = waits
        self._steps = steps
        self._result_type = result_type
        self.place: Place = waits.place(self.kind, name)
        self._outcome: dict[str, Any] | None = None
        kept = self.place.kept
        if kept is not None:
            before = kept.get(self.field)
            compare(self.place, f"one for {self.kind} {before}", f"one for {self.kind} {key}")
            if kept.get("completed") is True:
                self._outcome = dict(kept["result"])

    @property
    def is_open(self) -> bool:
        """Whether the store must be asked."""
        return self._outcome is None

    def _record(self, key: str | int, outcome: dict[str, Any]) -> tuple[str, bytes]:
        """The entry that keeps the outcome, by its name."""
        self._outcome = outcome
        entry = {
            "type": self.kind,
            "name": self.place.name,
            self.field: key,
            "completed": True,
            "result": outcome,
        }
        what = f"the outcome of wait {self.place.number}"
        text = encode_json(entry, what)
        self._steps.make_room(what, self.place.entry, text)
        return self.place.entry, text

    def _kept(self) -> dict[str, Any]:
        if self._outcome is None:
            raise RuntimeError(f"wait {self.place.number} is not over: close() comes first")
        return self._outcome

    def _typed(self, value: Any) -> Any:
        if self._result_type is None:
            return value
        what = f"the output of {self.kind} that wait {self.place.number} was for"
        return PayloadCodec(self._result_type, what).decode(json.dumps(value).encode())


class TokenWait(_Awaited[Any]):
    """A wait for a token."""

    kind = "token"
    field = "tokenId"

    def __init__(
        self, waits: Waits, steps: Steps, token: str | Token, name: str | None, result_type: Any, job_id: int
    ) -> None:
        self.token_id = token_id(token)
        self._job_id = job_id
        super().__init__(waits, steps, self.token_id, name, result_type)

    def close(self, token: Token | None) -> tuple[str, bytes]:
        """What is recorded of the token, which is over.

        Raises:
            TokenNotFound: There is no such token, or it is another job's.
            WaitSignal: It is not over.
        """
        if token is None:
            raise TokenNotFound(f"there is no token {self.token_id!r}: it was never made, or was cleaned up")
        if token.job_id not in (None, self._job_id):
            raise TokenNotFound(
                f"token {self.token_id!r} belongs to job {token.job_id}, and this is job {self._job_id}: a job waits "
                "for its own tokens, or for those that a queue made"
            )
        if token.status is TokenStatus.WAITING:
            until = None if token.timeout_at is None else timestamp("timeout_at", token.timeout_at)
            place = self.place
            raise self._waits.begin(WaitSignal(place.entry, place.name, "token", True, until, self.token_id))
        if token.status is TokenStatus.COMPLETED:
            return self._record(self.token_id, {"ok": True, "output": token.output})
        return self._record(self.token_id, {"ok": False, "error": f"token {self.token_id} timed out"})

    def result(self) -> TokenResult[Any]:
        """How it ended."""
        outcome = self._kept()
        if not outcome["ok"]:
            return TokenResult(False, None, outcome["error"])
        return TokenResult(True, self._typed(outcome["output"]))


class JobWait(_Awaited[Any]):
    """A wait for another job."""

    kind = "job"
    field = "jobId"

    def __init__(
        self, waits: Waits, steps: Steps, job_id: int, name: str | None, result_type: Any, own_id: int
    ) -> None:
        self.job_id = check_job_id("job_id", job_id)
        if self.job_id == own_id:
            raise ValueError(f"job_id is {own_id}, this job itself, which would wait for ever")
        super().__init__(waits, steps, self.job_id, name, result_type)

    def close(self, job: JobRecord | None) -> tuple[str, bytes]:
        """What is recorded of the job, which has ended.

        Raises:
            LookupError: There is no such job.
            WaitSignal: It has not ended.
        """
        if job is None:
            raise LookupError(f"there is no job {self.job_id}: it was never added, or was cleaned up")
        if not job.is_final:
            place = self.place
            raise self._waits.begin(WaitSignal(place.entry, place.name, "job", True, None, f"job:{self.job_id}"))
        outcome: dict[str, Any] = {"ok": job.status is JobStatus.COMPLETED, "status": job.status.value}
        if outcome["ok"]:
            outcome["output"] = job.output
        else:
            outcome["error"] = _ending(job)
        return self._record(self.job_id, outcome)

    def result(self) -> JobResult[Any]:
        """How it ended."""
        outcome = self._kept()
        status = JobStatus(outcome["status"])
        if not outcome["ok"]:
            return JobResult(False, None, outcome["error"], self.job_id, status)
        return JobResult(True, self._typed(outcome["output"]), None, self.job_id, status)


def _ending(job: JobRecord) -> str:
    if job.status is JobStatus.CANCELLED or not job.error_history:
        return f"job {job.id} was {job.status.value}"
    return job.error_history[-1].message
