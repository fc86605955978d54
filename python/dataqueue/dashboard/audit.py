"""Who changed what."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .auth import Visitor

__all__ = ["Audit", "AuditEntry"]

_LOGGER = logging.getLogger("dataqueue.audit")
_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A change that was made, or that was refused.

    Attributes:
        at: When, in UTC.
        actor: Who.
        role: Their role.
        client: From where.
        action: What, such as `cancel job`.
        target: To what, such as a job's id.
        outcome: `done`, `unchanged`, `refused` or `failed`.
        details: What was said about it.
    """

    at: datetime
    actor: str
    role: str
    client: str
    action: str
    target: str
    outcome: str
    details: Mapping[str, Any]

    @property
    def note(self) -> str:
        """What was said about it, in a sentence."""
        found = (self.details.get(name) for name in ("message", "reason", "error"))
        return next((str(text) for text in found if text), "")


class Audit:
    """The trail: the last hundred entries, all of which went to the logger `dataqueue.audit` too."""

    def __init__(self) -> None:
        self._entries: deque[AuditEntry] = deque(maxlen=_KEPT)

    def entries(self) -> list[AuditEntry]:
        """The last ones, newest first."""
        return list(reversed(self._entries))

    def record(
        self, visitor: Visitor, client: str, action: str, target: str, outcome: str, details: Mapping[str, Any]
    ) -> None:
        """Adds an entry."""
        entry = AuditEntry(
            at=datetime.now(UTC),
            actor=visitor.name,
            role=visitor.rank.value,
            client=client,
            action=action,
            target=target,
            outcome=outcome,
            details=details,
        )
        self._entries.append(entry)
        _LOGGER.log(
            logging.WARNING if outcome == "refused" else logging.INFO,
            "%s: %s %s by %r (%s) from %s",
            outcome,
            action,
            target,
            entry.actor,
            entry.role,
            client,
            extra={
                "audit_actor": entry.actor,
                "audit_role": entry.role,
                "audit_client": client,
                "audit_action": action,
                "audit_target": target,
                "audit_outcome": outcome,
                "audit_details": dict(details),
            },
        )
