"""Wrong payloads, wrong options, wrong calls of handlers: an error on each line that is marked, and on no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from pydantic import BaseModel

from dataqueue import AsyncJobContext, AsyncJobQueue, Job, JobContext, JobHandlers, JobQueue, JobSignal, JobType


class Email(BaseModel):
    to: str


@dataclass
class Point:
    x: int


class Options(TypedDict):
    verbose: bool


handlers = JobHandlers()


@handlers.job("send")
async def send(payload: Email, *, ctx: AsyncJobContext) -> str:
    return payload.to


@handlers.job("move")
def move(payload: Point, signal: JobSignal, ctx: JobContext) -> None: ...


@handlers.job("configure")
def configure(payload: Options) -> None: ...


@handlers.job("sum")
def total(payload: list[int]) -> int:
    return sum(payload)


@handlers.job("tick")
def tick(payload: None) -> None: ...


SEND = JobType("send", Email)


def payloads(queue: JobQueue) -> None:
    queue.add_job(send, Point(1))  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(send, {"to": "a"})  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(send, None)  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(send)  # mypy: call-overload; pyright: reportCallIssue
    queue.add_job(move, Email(to="a"))  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(configure, {"verbose": "yes"})  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(configure, Point(1))  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(total, ["a"])  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(total, 5)  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(tick, 5)  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(SEND, Point(1))  # mypy: misc; pyright: reportCallIssue reportArgumentType
    queue.add_job(payloads, None)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job(5, None)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType


def jobs(queue: JobQueue) -> None:
    Job(send, Point(1))  # mypy: misc; pyright: reportArgumentType
    Job(total, ["a"])  # mypy: misc; pyright: reportArgumentType
    Job(SEND, 5)  # mypy: misc; pyright: reportArgumentType
    Job(send, Email(to="a"), colour=1)  # mypy: call-arg; pyright: reportCallIssue
    queue.add_jobs([Job(tick, None), {"job_type": "tick"}])  # mypy: list-item; pyright: reportArgumentType
    queue.add_jobs(Job(tick, None))  # mypy: arg-type; pyright: reportArgumentType


def schedules(queue: JobQueue) -> None:
    queue.add_cron_job("s", "@daily", "t", None)  # mypy: call-overload; pyright: reportCallIssue
    queue.edit_cron_job(1, schedule_name="s")  # mypy: call-arg; pyright: reportCallIssue
    queue.edit_cron_job(1, run_at=None)  # mypy: call-arg; pyright: reportCallIssue
    queue.list_cron_jobs(status=5)  # mypy: arg-type; pyright: reportArgumentType
    handlers.cron("@daily", idempotency_key="k")  # mypy: call-arg; pyright: reportCallIssue
    handlers.cron("@daily", max_running=1)  # mypy: call-arg; pyright: reportCallIssue


def options(queue: JobQueue) -> None:
    queue.add_job("t", None, prio=1)  # mypy: call-overload; pyright: reportCallIssue
    queue.add_job("t", None, group="g")  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, depends_on=[1])  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, dead_letter_job_type=5)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, timeout_ms=5)  # mypy: call-overload; pyright: reportCallIssue
    queue.add_job("t", None, priority="high")  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, run_at="tomorrow")  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, tags=5)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, timeout="5s")  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, retry_backoff="no")  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    queue.add_job("t", None, 5)  # mypy: call-overload; pyright: reportCallIssue
    JobType("t", int, run_at=None)  # mypy: call-overload; pyright: reportCallIssue
    JobType("t", int, retry=5)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    handlers.job("t", idempotency_key="k")  # mypy: call-overload; pyright: reportCallIssue
    handlers.job("t", rate_limit=5)  # mypy: call-overload; pyright: reportCallIssue reportArgumentType
    handlers.job(SEND, max_attempts=3)  # mypy: call-overload; pyright: reportArgumentType


@handlers.job("nothing")  # mypy: arg-type; pyright: reportArgumentType
def takes_nothing() -> None: ...


@handlers.job("named")  # mypy: arg-type; pyright: reportArgumentType
def takes_by_name_only(*, payload: Email) -> None: ...


@handlers.job(SEND)  # mypy: arg-type; pyright: reportArgumentType
def takes_another(payload: Point) -> None: ...


def calls(ctx: JobContext, signal: JobSignal) -> None:
    total("a")  # mypy: arg-type; pyright: reportArgumentType
    total([1], 2)  # mypy: call-arg; pyright: reportCallIssue
    total()  # mypy: call-arg; pyright: reportCallIssue
    move(Point(1))  # mypy: call-arg; pyright: reportCallIssue
    move(Point(1), ctx, signal)  # mypy: arg-type; pyright: reportArgumentType
    tick(None).anything  # mypy: attr-defined; pyright: reportAttributeAccessIssue
    total([1]) + "a"  # mypy: operator; pyright: reportOperatorIssue
    total.colour  # mypy: attr-defined; pyright: reportAttributeAccessIssue


async def async_calls(queue: AsyncJobQueue, ctx: AsyncJobContext, sync_ctx: JobContext) -> None:
    await send(Email(to="a"))  # mypy: call-arg; pyright: reportCallIssue
    await send(Email(to="a"), ctx=sync_ctx)  # mypy: arg-type; pyright: reportArgumentType
    send(Email(to="a"), ctx=ctx)  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    await total([1])  # mypy: misc; pyright: reportGeneralTypeIssues
    await queue.add_job(send, Point(1))  # mypy: misc; pyright: reportCallIssue reportArgumentType
    await queue.add_job("t", None, colour=1)  # mypy: call-overload; pyright: reportCallIssue
    queue.add_job("t", None)  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    queue.create_processor({"send": 5})  # mypy: dict-item; pyright: reportArgumentType
