"""Adding: what a payload's type must be, and that every option is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypedDict, assert_type

from pydantic import BaseModel

from dataqueue import (
    AsyncJobContext,
    AsyncJobQueue,
    Job,
    JobContext,
    JobHandlers,
    JobId,
    JobQueue,
    JobSignal,
    JobType,
    Missed,
    Unique,
)


class Email(BaseModel):
    to: str


class Invitation(Email):
    event: str


@dataclass
class Point:
    x: int


class Options(TypedDict):
    verbose: bool


class Pair(NamedTuple):
    left: int
    right: int


handlers = JobHandlers()


@handlers.job("send", max_attempts=5, timeout=timedelta(seconds=30), tags=["mail"], retry_delay=0.5)
async def send(payload: Email, *, ctx: AsyncJobContext) -> dict[str, str]:
    return {"to": payload.to}


@handlers.job("move")
def move(payload: Point, signal: JobSignal, ctx: JobContext) -> None: ...


@handlers.job("configure")
def configure(payload: Options) -> int:
    return 1


@handlers.job("sum")
def total(payload: list[int]) -> int:
    return sum(payload)


@handlers.job("tick")
def tick(payload: None) -> None: ...


@handlers.job("maybe")
async def maybe(payload: Point | None) -> None: ...


@handlers.job("anything")
def anything(payload: Any) -> Any:
    return payload


SEND = JobType("send", Email, priority=3)
SUM = JobType("sum", list[int])
PAIR = JobType("pair", Pair)
MAYBE: JobType[int | None] = JobType("maybe", int | None)
UNTYPED = JobType("untyped")


@handlers.job(SEND, retry=lambda attempt, error: timedelta(seconds=attempt) if attempt < 3 else None)
def send_declared(payload: Email) -> None: ...


def add(queue: JobQueue) -> None:
    assert_type(queue.add_job(send, Email(to="a")), JobId)
    assert_type(queue.add_job(send, Invitation(to="a", event="b")), JobId)
    queue.add_job(move, Point(1))
    queue.add_job(configure, Options(verbose=True))
    queue.add_job(total, [1, 2])
    queue.add_job(tick, None)
    queue.add_job(maybe, None)
    queue.add_job(maybe, Point(1))
    queue.add_job(anything, object())
    queue.add_job(SEND, Email(to="a"))
    queue.add_job(SUM, [1])
    queue.add_job(PAIR, Pair(1, 2))
    queue.add_job(MAYBE, None)
    queue.add_job(UNTYPED, {"any": ["json"]})
    queue.add_job("by name", {"not": "checked"})
    assert_type(queue.add_job(send, Email(to="a")).created, bool)


def add_with_every_option(queue: JobQueue, connection: object) -> None:
    queue.add_job(
        send,
        Email(to="a"),
        priority=10,
        run_at=datetime.now(UTC) + timedelta(hours=1),
        max_attempts=5,
        timeout=30,
        tags=("a", "b"),
        idempotency_key="k",
        retry_delay=timedelta(seconds=1),
        retry_backoff=False,
        retry_delay_max=60.5,
        connection=connection,
    )
    queue.add_job("by name", None, priority=None, run_at=None, timeout=None, tags=None, idempotency_key=None)


def add_many(queue: JobQueue) -> None:
    jobs = [Job(send, Email(to="a"), priority=1), Job(send, Email(to="b"), tags=["x"])]
    assert_type(queue.add_jobs(jobs), list[JobId])
    queue.add_jobs(Job(total, [number]) for number in range(3))
    mixed: list[Job[Any]] = [Job(send, Email(to="a")), Job(move, Point(1)), Job("by name", 5)]
    queue.add_jobs(mixed)


def add_schedules(queue: JobQueue) -> None:
    names = {"schedule_name": "s", "cron_expression": "@daily"}
    assert_type(
        queue.add_cron_job(schedule_name="s", cron_expression="@daily", job_type=send, payload=Email(to="a")), int
    )
    queue.add_cron_job(
        schedule_name="s",
        cron_expression="0 9 * * 1-5",
        job_type="by name",
        payload=names,
        timezone="Europe/Paris",
        allow_overlap=True,
        missed="all",
        priority=1,
        max_attempts=2,
        timeout=timedelta(minutes=1),
        tags=["a"],
        retry_delay=1,
        retry_backoff=False,
        retry_delay_max=2.5,
    )


@handlers.cron("@daily", payload=[1])
@handlers.cron("@hourly", name="hourly", allow_overlap=True, missed=Missed.SKIP, priority=2)
@handlers.job("declared")
def declared(payload: list[int]) -> int:
    return sum(payload)


@handlers.cron("@weekly")
async def weekly(payload: None, *, ctx: AsyncJobContext) -> str:
    return "done"


async def use_declared(queue: JobQueue, ctx: AsyncJobContext) -> None:
    assert_type(declared([1]), int)
    assert_type(await weekly(None, ctx=ctx), str)
    queue.add_job(declared, [1])
    queue.add_job(weekly, None)


async def add_async(queue: AsyncJobQueue) -> None:
    assert_type(await queue.add_job(send, Email(to="a"), priority=1), JobId)
    assert_type(await queue.add_jobs([Job(tick, None)]), list[JobId])
    await queue.add_job("by name", {"a": 1})


def call_handlers(ctx: JobContext, async_ctx: AsyncJobContext, signal: JobSignal) -> None:
    """A decorated handler is still the function it was."""
    assert_type(total([1, 2]), int)
    assert_type(configure({"verbose": True}), int)
    move(Point(1), signal, ctx)
    move(Point(1), signal=signal, ctx=ctx)
    assert_type(total.name, str)
    assert_type(total.func([1]), int)


async def await_handlers(ctx: AsyncJobContext) -> None:
    assert_type(await send(Email(to="a"), ctx=ctx), dict[str, str])
    await maybe(None)


def mapping(queue: JobQueue) -> None:
    plain: Mapping[str, Callable[..., object]] = {"total": total, "print": print}
    queue.create_processor(plain)
    queue.create_processor({"send": send, "total": total})
    queue.create_processor({"print": print})
    queue.create_processor(JobHandlers({"total": total}))


def one_of_a_kind(queue: JobQueue, state: str) -> None:
    assert_type(queue.add_job(send, Email(to="a"), unique=Unique(), dead_letter_job_type=move), JobId)
    queue.add_job(send, Email(to="a"), unique=Unique(by=["type", "payload.to"]), debounce=timedelta(seconds=5))
    queue.add_job("send", {}, unique=Unique(within=60, states=("pending", state)), expires_in=5, keep_result_for=0.5)
    assert_type(queue.retry_all_failed_jobs(rate=2.5, dry_run=True), int)
