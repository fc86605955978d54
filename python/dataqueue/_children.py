"""What a handler makes in the store: tokens and further jobs, each once however often the handler runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ._call import Call
from ._steps import Steps, inside_of
from .arguments import timestamp
from .jobs import Job, JobOptions
from .models import JobId
from .payload import encode_json
from .tokens import Token, TokenStatus, TokenTimeout

if TYPE_CHECKING:
    from datetime import datetime

    from ._requests import Requests
    from .job_types import JobType

__all__ = ["Children", "Made"]

T = TypeVar("T")

_MAX_KEY = 255


@dataclass(frozen=True)
class Made(Generic[T]):
    """Something that a handler makes.

    Attributes:
        call: Makes it, or gives what was made in a run before.
        entry: What is to be kept of it, and under which name; None where it is kept already, or by the step around it.
    """

    call: Call[T]
    entry: Callable[[T], tuple[str, bytes] | None]


class Children:
    """What one run makes. Things are told apart by their order."""

    def __init__(self, requests: Requests, job_id: int, steps: Steps) -> None:
        self._requests = requests
        self._job_id = job_id
        self._steps = steps

    def token(self, timeout: TokenTimeout | None, tags: Sequence[str] | None) -> Made[Token]:
        """A token of this job."""
        name = None if inside_of() is not None else f"__token_{self._steps.next_place('token')}"
        kept = None if name is None else self._steps.kept(name)
        if kept is not None:
            return Made(Call(None, lambda _: _read(kept["token"])), lambda _: None)
        call = self._requests.create_token(timeout, tags, self._job_id)
        return Made(call, lambda token: self._entry(name, {"token": _written(token)}))

    def job(self, job_type: str | JobType[Any], payload: Any, options: JobOptions) -> Made[JobId]:
        """A job that this one adds."""
        step = inside_of()
        number = self._steps.next_place(f"job in {step}" if step else "job")
        name = None if step is not None else f"__job_{number}"
        kept = None if name is None else self._steps.kept(name)
        if kept is not None:
            return Made(Call(None, lambda _: JobId(kept["jobId"], False)), lambda _: None)
        given = dict(options)
        # A debounced add may be repeated: it changes the same job.
        if given.get("idempotency_key") is None and given.get("debounce") is None:
            given["idempotency_key"] = _key(self._job_id, number, step or "")
        job: Job[Any] = Job(job_type, payload, **cast("JobOptions", given))
        return Made(self._requests.add_job(job), lambda job_id: self._entry(name, {"jobId": int(job_id)}))

    def _entry(self, name: str | None, kept: dict[str, Any]) -> tuple[str, bytes] | None:
        if name is None:
            return None
        entry = encode_json(kept, "what a handler made")
        self._steps.make_room("what a handler made", name, entry)
        return name, entry


def _key(job_id: int, number: int, step: str) -> str:
    key = f"dataqueue:{job_id}:{number}:{step}"
    if len(key) <= _MAX_KEY:
        return key
    return f"dataqueue:{job_id}:{number}:#{hashlib.sha256(step.encode()).hexdigest()}"


def _written(token: Token) -> dict[str, Any]:
    fields = {name: getattr(token, name) for name in ("id", "job_id", "tags")}
    return {**fields, "timeout_at": _micros(token.timeout_at), "created_at": _micros(token.created_at)}


def _micros(at: datetime | None) -> int | None:
    return None if at is None else timestamp("a time", at)


def _read(kept: dict[str, Any]) -> Token:
    return Token.from_core({**kept, "status": TokenStatus.WAITING, "output": None, "completed_at": None})
