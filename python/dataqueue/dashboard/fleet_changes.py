"""Changes of workers and tokens."""

from __future__ import annotations

from ..redaction import short_token
from .auth import Role
from .changes import Asked, Change, Outcome
from .job_changes import read_json

__all__ = ["CHANGES"]


async def _drain(asked: Asked) -> Outcome:
    worker_id = asked.path["id"]
    changed = await asked.site.queue.drain_worker(worker_id)
    message = (
        f"Worker {worker_id} was asked to drain: it ends what it runs, and stops."
        if changed
        else f"No worker {worker_id} lives that could drain."
    )
    return Outcome(ok=changed, message=message, target=f"worker {worker_id}")


async def _complete(asked: Asked) -> Outcome:
    token_id = asked.path["token"]
    text = asked.fields.get("data", "")
    data = None if text == "" else read_json("data", text)
    changed = await asked.site.queue.complete_token(token_id, data)
    message = "The token was completed." if changed else "The token was over already."
    return Outcome(ok=changed, message=message, target=f"token {short_token(token_id)}", go="/tokens")


_DATA = {"data": {"description": "What whoever waits gets: any JSON value; a string is read as JSON."}}

CHANGES = [
    Change("/workers/{id:jobid}/drain", "drain worker", Role.ADMIN, _drain),
    Change("/tokens/{token}/complete", "complete token", Role.OPERATOR, _complete, _DATA),
]
