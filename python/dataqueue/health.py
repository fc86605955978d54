"""How a processor is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import HealthTuple

__all__ = ["Health", "health_of"]


@dataclass(frozen=True, slots=True)
class Health:
    """What `processor.health()` answers.

    Attributes:
        live: False when only a new process would help: a part of the engine hangs beyond every deadline, or has ended.
        ready: Whether it claims jobs, or would if it had a free slot.
        running: Handlers that run.
        waiting: Jobs that are claimed and not started.
        last_claim_age: Since a claim last succeeded, one that found nothing too; None before the first.
        last_renewal_age: Since its leases were last renewed; None before it is registered.
        store_reachable: Whether the store answered when it was last asked.
        restarts: How often a part of the engine was started anew because it failed or hung.
        reason: A sentence that says why it is not ready; None when it is.
    """

    live: bool
    ready: bool
    running: int
    waiting: int
    last_claim_age: timedelta | None
    last_renewal_age: timedelta | None
    store_reachable: bool
    restarts: int
    reason: str | None


NOT_STARTED = Health(
    live=True,
    ready=False,
    running=0,
    waiting=0,
    last_claim_age=None,
    last_renewal_age=None,
    store_reachable=True,
    restarts=0,
    reason="it was not started",
)

INHERITED = replace(NOT_STARTED, reason="it was started before the process forked: create one here")


def health_of(told: HealthTuple) -> Health:
    """What the engine told."""
    live, ready, running, waiting, claim, renewal, reachable, restarts, reason = told
    return Health(live, ready, running, waiting, _age(claim), _age(renewal), reachable, restarts, reason)


def _age(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
