"""A small model of what becomes of jobs whose handlers take steps, wait, fail and lose their workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Nothing waits for longer within a test.
FAR = datetime(2100, 1, 1, tzinfo=UTC)
TOKENS = 2
MOST_CRASHES = 3
MOST_STEP_BYTES = 2_000

Kind = Literal["step", "big", "nap", "sleep", "token", "job", "fail", "fail once"]
Part = tuple[Kind, int]


@dataclass
class RunModel:
    """What a job must be like.

    Its payload is the parts that its handler does, one after the other. The number behind `job` is an id.
    """

    parts: list[Part]
    priority: int
    max_attempts: int
    key: str | None
    status: str = "pending"
    attempts: int = 0
    crashes: int = 0
    errors: int = 0
    reason: str | None = None
    # A failed job that is tried again; these are due at once.
    retry: bool = False
    # What it waits for, and when: `None` once that is over.
    wait: Part | None = None
    # The parts that are behind it for good, by their places.
    done: set[int] = field(default_factory=set)
    began: set[int] = field(default_factory=set)
    events: list[str] = field(default_factory=lambda: ["added"])

    @property
    def is_over(self) -> bool:
        return self.status in ("completed", "cancelled") or (self.status == "failed" and not self.retry)

    @property
    def is_due(self) -> bool:
        waits = self.status == "waiting"
        return self.status == "pending" or self.retry or (waits and (self.wait is None or self.wait[0] == "nap"))

    @property
    def looks_at_jobs(self) -> bool:
        return any(kind == "job" for kind, _ in self.parts)

    def claim(self) -> None:
        self.attempts += self.status != "waiting"
        self.status, self.retry = "processing", False
        self.events.append("processing")

    def cancel(self) -> bool:
        able = self.status in ("pending", "waiting") or self.retry
        if able:
            self.status, self.retry, self.wait = "cancelled", False, None
            self.events.append("cancelled")
        return able

    def retry_now(self) -> bool:
        able = self.status in ("failed", "cancelled")
        if able:
            self.status, self.retry, self.reason, self.crashes = "pending", False, None, 0
            self.max_attempts = max(self.max_attempts, self.attempts + 1)
            self.events.append("retried")
        return able

    def lose(self) -> None:
        self.crashes += 1
        self.wait = None
        if self.attempts >= self.max_attempts or self.crashes >= MOST_CRASHES:
            self._fail("lost", False)
        else:
            self.status = "pending"
            self.events.append("reclaimed")

    def run(self, tokens: Sequence[bool], jobs: Mapping[int, RunModel]) -> None:
        """A claimed job runs until it ends, fails or waits."""
        self.wait = None
        for place, (kind, number) in enumerate(self.parts):
            if place in self.done:
                continue
            if kind == "big" or kind == "fail" or (kind == "fail once" and self.attempts < 2):
                self._fail("handler_error", self.attempts < self.max_attempts)
                return
            over = self._is_over(place, kind, number, tokens, jobs)
            self.began.add(place)
            if not over:
                self.wait = (kind, number)
                self.status = "waiting"
                self.events.append("waiting")
                return
            if kind != "fail once":
                self.done.add(place)
        self.status = "completed"
        self.events.append("completed")

    def _is_over(
        self, place: int, kind: Kind, number: int, tokens: Sequence[bool], jobs: Mapping[int, RunModel]
    ) -> bool:
        if kind == "nap":
            return place in self.began
        if kind == "sleep":
            return False
        if kind == "token":
            return tokens[number]
        if kind == "job":
            return jobs[number].is_over
        return True

    def _fail(self, reason: str, retry: bool) -> None:
        self.status, self.reason, self.retry = "failed", reason, retry
        self.errors += 1
        self.events.append("failed")

    def go_on(self, ended: Part) -> None:
        """What it may wait for is over."""
        if self.status == "waiting" and self.wait == ended:
            self.wait = None


numbered: st.SearchStrategy[Part] = st.one_of(
    st.tuples(st.just("step"), st.integers(0, 9)),
    st.tuples(st.sampled_from(["step", "nap", "nap", "sleep", "fail", "fail once", "big"]), st.just(0)),
    st.tuples(st.just("token"), st.integers(0, TOKENS - 1)),
    st.tuples(st.just("job"), st.integers(0, 9)),
)


@st.composite
def runs(draw: st.DrawFn) -> RunModel:
    return RunModel(
        parts=draw(st.lists(numbered, max_size=4)),
        priority=draw(st.integers(-1, 1)),
        max_attempts=draw(st.integers(1, 3)),
        key=draw(st.none() | st.none() | st.sampled_from(["k", "l"])),
    )
