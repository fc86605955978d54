"""Which jobs a page lists, as its URL says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from ...filters import RunAt, Tags
from ...models import JobStatus, TagMode
from ..site import BadInputError

__all__ = ["SPANS", "JobFilter", "moment"]

SPANS = {
    "15m": ("Last 15 minutes", timedelta(minutes=15)),
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last day", timedelta(days=1)),
    "7d": ("Last week", timedelta(days=7)),
}
_LONGEST = 200
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Conditions on jobs, all of which must hold.

    Attributes:
        status: The state.
        types: One of these types.
        tags: These tags.
        tag_mode: How they are compared.
        priority: This priority.
        due: Due within a span that ends now, by its short name.
        since: Due at or later than.
        until: Due earlier than.
        added: Added within a span that ends now, by its short name.
        group: Of this group.
        text: With this in the payload.
        error: With this in the message of an error.
    """

    status: str = ""
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tag_mode: str = "all"
    priority: int | None = None
    due: str = ""
    since: datetime | None = None
    until: datetime | None = None
    added: str = ""
    group: str = ""
    text: str = ""
    error: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> JobFilter:
        """The conditions of a query string or a form.

        Raises:
            BadInputError: One cannot be read.
        """
        status = given.get("status", "").strip()
        if status and status not in set(JobStatus):
            raise BadInputError(f"status is {status!r:.80}: it must be one of {', '.join(JobStatus)}")
        mode = given.get("tag_mode", "").strip() or "all"
        if mode not in set(TagMode):
            raise BadInputError(f"tag_mode is {mode!r:.80}: it must be one of {', '.join(TagMode)}")
        priority = given.get("priority", "").strip()
        return cls(
            status=status,
            types=_words("type", given.get("type", "") or given.get("jobType", "")),
            tags=_words("tag", given.get("tag", "")),
            tag_mode=mode,
            priority=_whole("priority", priority) if priority else None,
            due=_span("due", given),
            added=_span("added", given),
            group=given.get("group", "").strip(),
            text=_phrase("text", given),
            error=_phrase("error", given),
            since=moment("since", given.get("since", "")),
            until=moment("until", given.get("until", "")),
        )

    @property
    def is_narrow(self) -> bool:
        """Whether there is a condition besides the status."""
        return replace(self, status="") != JobFilter()

    @property
    def is_search(self) -> bool:
        """Whether jobs must be looked through, for no index knows what is asked."""
        return bool(self.added or self.group or self.text or self.error)

    def searched(self) -> dict[str, Any]:
        """The conditions that only `search_jobs` takes."""
        found: dict[str, Any] = {"text": self.text, "error": self.error, "group": self.group}
        if self.added:
            found["created_at"] = RunAt(gte=datetime.now(UTC) - SPANS[self.added][1])
        return {name: value for name, value in found.items() if value}

    def conditions(self) -> dict[str, Any]:
        """The conditions as `get_jobs` takes them."""
        found: dict[str, Any] = {}
        if self.status:
            found["status"] = self.status
        if self.types:
            found["job_type"] = list(self.types)
        if self.tags:
            found["tags"] = Tags(list(self.tags), self.tag_mode)
        if self.priority is not None:
            found["priority"] = self.priority
        since, until = self.since, self.until
        if self.due:
            now = datetime.now(UTC)
            since, until = now - SPANS[self.due][1], now
        if since is not None or until is not None:
            found["run_at"] = RunAt(gte=since, lt=until)
        return found

    def fields(self) -> dict[str, str]:
        """The conditions as fields of a form or a query string; only those that are set."""
        found = {
            "status": self.status,
            "type": ", ".join(self.types),
            "tag": ", ".join(self.tags),
            "tag_mode": self.tag_mode if self.tags and self.tag_mode != "all" else "",
            "priority": "" if self.priority is None else str(self.priority),
            "added": self.added,
            "group": self.group,
            "text": self.text,
            "error": self.error,
            "due": self.due,
            "since": "" if self.since is None else self.since.strftime("%Y-%m-%dT%H:%M"),
            "until": "" if self.until is None else self.until.strftime("%Y-%m-%dT%H:%M"),
        }
        return {name: value for name, value in found.items() if value}

    def query(self, **changed: str) -> str:
        """The query string, with some of it changed; an empty value takes a field away."""
        found = {**self.fields(), **changed}
        return urlencode({name: value for name, value in found.items() if value})


def _span(name: str, given: Mapping[str, str]) -> str:
    span = given.get(name, "").strip()
    if span and span not in SPANS:
        raise BadInputError(f"{name} is {span!r:.80}: it must be one of {', '.join(SPANS)}")
    return span


def _phrase(name: str, given: Mapping[str, str]) -> str:
    phrase = given.get(name, "").strip()
    if len(phrase) > _LONGEST:
        raise BadInputError(f"{name} is longer than {_LONGEST} characters")
    return phrase


def moment(name: str, text: str) -> datetime | None:
    """A time of a form, in UTC unless it says otherwise.

    Raises:
        BadInputError: It cannot be read.
    """
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInputError(f"{name} is {text!r:.80}: give a time such as 2030-01-31T09:00, in UTC") from None


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadInputError(f"{name} is {text!r:.80}: it must be a whole number") from None


def _words(name: str, text: str) -> tuple[str, ...]:
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if len(found) > _MOST or any(len(word) > _LONGEST for word in found):
        raise BadInputError(f"{name} names more than {_MOST}, or one longer than {_LONGEST} characters")
    return found
