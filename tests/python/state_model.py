"""A small model of the jobs of a queue, and what is done with them, for sequences drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from dataqueue import Job, RunAt, TagMode, Tags

if TYPE_CHECKING:
    from dataqueue import EditUpdates

# Jobs are due now or never within this test; nothing lies between.
SPLIT = datetime(2100, 1, 1, tzinfo=UTC)
FAR = SPLIT + timedelta(days=1)
FINAL = ("completed", "failed", "cancelled")


@dataclass
class ModelJob:
    """What a job must be like."""

    job_type: str
    payload: Any
    priority: int
    far: bool
    max_attempts: int
    tags: list[str]
    key: str | None
    retries_at_once: bool
    status: str = "pending"
    attempts: int = 0
    errors: int = 0
    # Whether it has failed since it was added or retried.
    reason: bool = False
    output: Any = None
    # Of a failed job: whether a retry is to come, and whether that is due now.
    retry: bool = False
    retry_far: bool = False
    events: list[str] = field(default_factory=lambda: ["added"])

    @property
    def upcoming(self) -> bool:
        return self.status == "pending" or self.retry

    @property
    def due(self) -> bool:
        return (self.status == "pending" and not self.far) or (self.retry and not self.retry_far)


names = st.sampled_from(["ok", "bad", "other"])
tag_lists = st.lists(st.sampled_from("abc"), max_size=3)
far = st.booleans()


@st.composite
def new_jobs(draw: st.DrawFn) -> ModelJob:
    return ModelJob(
        job_type=draw(names),
        payload=draw(st.sampled_from([None, 0, "é", [1.5, {}], {"a": [None, 2**70]}])),
        priority=draw(st.integers(-1, 2)),
        far=draw(st.sampled_from([False, False, True])),
        max_attempts=draw(st.integers(1, 3)),
        tags=draw(tag_lists),
        key=draw(st.none() | st.sampled_from(["k", "l", "m"])),
        retries_at_once=draw(st.booleans()),
    )


def added(job: ModelJob) -> Job[Any]:
    return Job(
        job.job_type,
        job.payload,
        priority=job.priority,
        run_at=FAR if job.far else None,
        max_attempts=job.max_attempts,
        tags=job.tags,
        idempotency_key=job.key,
        retry_delay=0 if job.retries_at_once else None,
    )


@st.composite
def updates(draw: st.DrawFn) -> EditUpdates:
    fields: dict[str, st.SearchStrategy[Any]] = {
        "payload": st.sampled_from([None, "new", {"b": 1}]),
        "priority": st.integers(-1, 2),
        "max_attempts": st.integers(1, 4),
        "run_at": st.sampled_from([None, FAR]),
        "tags": st.none() | tag_lists,
        "retry_delay": st.sampled_from([None, 0]),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(fields))))
    found: Any = {name: draw(fields[name]) for name in sorted(chosen)}
    return found  # type: ignore[no-any-return]


@dataclass
class Condition:
    """A filter, as the API takes it and as the model reads it."""

    job_type: list[str] | None = None
    priority: int | None = None
    far: bool | None = None
    tags: list[str] | None = None
    mode: TagMode = TagMode.ALL

    def given(self) -> dict[str, Any]:
        bounds = None if self.far is None else RunAt(gt=SPLIT) if self.far else RunAt(lte=SPLIT)
        tags = None if self.tags is None else Tags(self.tags, self.mode)
        given = {"job_type": self.job_type, "priority": self.priority, "run_at": bounds, "tags": tags}
        return {name: value for name, value in given.items() if value is not None}

    def matches(self, job: ModelJob) -> bool:
        has, asked = set(job.tags), set(self.tags or [])
        fits = {"exact": has == asked, "all": has >= asked, "any": bool(has & asked), "none": not has & asked}
        return (
            (self.job_type is None or job.job_type in self.job_type)
            and (self.priority is None or job.priority == self.priority)
            and (self.far is None or job.far == self.far)
            and (self.tags is None or fits[self.mode])
        )


conditions = st.builds(
    Condition,
    job_type=st.none() | st.none() | st.lists(names, min_size=1, max_size=2),
    priority=st.none() | st.none() | st.integers(-1, 2),
    far=st.none() | st.none() | far,
    tags=st.none() | tag_lists,
    mode=st.sampled_from(TagMode),
)
