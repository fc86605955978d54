"""Steps: parts of a handler that are done once, whatever happens to the runs around them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from dataqueue import AsyncJobContext, JobContext, JobHandlers, JobQueue, JobRecord
from tests.processes import until
from tests.python.conftest import PATIENCE

Body = Callable[[Any], Awaitable[Any]]

AWAITED = {"add_job", "create_token", "run", "wait_for", "wait_for_job", "wait_for_token", "wait_until"}


@dataclass
class Charge:
    id: int
    amount: float


def both(body: Body) -> list[JobHandlers]:
    """A handler of each kind with this body, whose `ctx` is awaited in both."""

    async def awaited(payload: Any, *, ctx: AsyncJobContext) -> Any:
        return await body(ctx)

    class Awaiting:
        def __init__(self, ctx: JobContext) -> None:
            self.ctx = ctx

        def __getattr__(self, name: str) -> Any:
            found = getattr(self.ctx, name)
            if name not in AWAITED:
                return found

            async def call(*args: Any, **options: Any) -> Any:
                return found(*args, **options)

            return call

    def blocking(payload: Any, *, ctx: JobContext) -> Any:
        coroutine = body(Awaiting(ctx))
        try:
            coroutine.send(None)  # type: ignore[attr-defined]
        except StopIteration as end:
            return end.value
        raise AssertionError("a blocking handler was suspended")

    return [JobHandlers({"work": awaited}), JobHandlers({"work": blocking})]


def run_all(queue: JobQueue, handlers: JobHandlers, **options: Any) -> JobRecord:
    """A job of these handlers, run until it ends."""
    job_id = queue.add_job("work", None, **{"retry_delay": 0, **options})
    processor = queue.create_processor(handlers, poll_interval=0.2)
    processor.start_in_background()
    job = queue.wait_for_job(job_id, PATIENCE)
    assert processor.stop_and_drain(PATIENCE)
    return job


def message_of(job: JobRecord) -> str:
    assert (job.status, len(job.error_history)) == ("failed", 1), job
    return job.error_history[0].message


def test_a_step_is_done_once_and_its_result_comes_back_in_later_runs(queue: JobQueue) -> None:
    done: list[str] = []
    seen: list[Any] = []

    async def body(ctx: Any) -> Any:
        def first_step() -> dict[str, Any]:
            done.append("first")
            return {"n": [1, None]}

        first = await ctx.run("first", first_step)
        seen.append(first)
        second = await ctx.run("second", lambda: done.append("second"))
        seen.append(second)
        if ctx.job.attempts < 3:
            raise ValueError("not yet")
        return [first, second]

    for handlers in both(body):
        done.clear()
        seen.clear()
        job = run_all(queue, handlers)
        assert (job.status, job.attempts, job.output) == ("completed", 3, [{"n": [1, None]}, None])
        assert done == ["first", "second"]
        assert seen == [{"n": [1, None]}, None] * 3
        assert job.step_data == {
            "first": {"__completed": True, "result": {"n": [1, None]}},
            "second": {"__completed": True, "result": None},
        }


def test_a_step_that_raised_is_not_recorded_and_is_done_again(queue: JobQueue) -> None:
    tries: list[int] = []

    async def body(ctx: Any) -> Any:
        def flaky() -> int:
            tries.append(ctx.job.attempts)
            if len(tries) == 1:
                raise ValueError("broken")
            return 5

        return await ctx.run("flaky", flaky)

    for handlers in both(body):
        tries.clear()
        job = run_all(queue, handlers)
        assert (job.status, job.output, tries) == ("completed", 5, [1, 2])
        assert [error.message for error in job.error_history] == ["broken"]


def test_a_result_is_typed_where_a_type_is_given_and_json_where_not(queue: JobQueue) -> None:
    seen: list[Any] = []

    async def body(ctx: Any) -> None:
        seen.append(await ctx.run("typed", lambda: Charge(1, 2.5), result_type=Charge))
        seen.append(await ctx.run("list", lambda: [Charge(2, 1)], result_type=list[Charge]))
        seen.append(await ctx.run("plain", lambda: Charge(3, 4.5)))
        if ctx.job.attempts == 1:
            raise ValueError("again")

    for handlers in both(body):
        seen.clear()
        assert run_all(queue, handlers).status == "completed"
        assert seen == [Charge(1, 2.5), [Charge(2, 1.0)], {"id": 3, "amount": 4.5}] * 2


def test_an_async_step_is_awaited(queue: JobQueue) -> None:
    handlers = JobHandlers()

    async def slowly(value: int) -> int:
        await asyncio.sleep(0.01)
        return value

    @handlers.job("work")
    async def work(payload: None, *, ctx: AsyncJobContext) -> list[int]:
        return list(await asyncio.gather(*(ctx.run(f"s{at}", lambda at=at: slowly(at)) for at in range(20))))  # type: ignore[misc]

    job = run_all(queue, handlers)
    assert job.output == list(range(20))
    assert set(job.step_data) == {f"s{at}" for at in range(20)}


def test_an_async_step_in_a_def_handler_is_refused(queue: JobQueue) -> None:
    async def step() -> int:
        return 1

    def work(payload: None, *, ctx: JobContext) -> Any:
        return ctx.run("awaited", step)

    message = message_of(run_all(queue, JobHandlers({"work": work}), max_attempts=1))
    assert message == "step 'awaited' is async, and its handler is not: make the handler `async def`"


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (lambda ctx: [ctx.run("a", int), ctx.run("a", int)], "step 'a' was run before by this handler"),
        (lambda ctx: [ctx.run("__a", int)], "names that begin with '__' are the library's own"),
        (lambda ctx: [ctx.run("", int)], "step_name is empty"),
        (lambda ctx: [ctx.run("n" * 256, int)], "step_name has 256 characters"),
        (lambda ctx: [ctx.run(5, int)], "step_name must be a str"),
        (lambda ctx: [ctx.run("a", object)], "the result of step 'a'"),
        (lambda ctx: [ctx.run("a", lambda: float("nan"))], "the result of step 'a'"),
        (lambda ctx: [ctx.run("a", lambda: "no", result_type=int)], "the result of step 'a' does not fit int"),
        (lambda ctx: [ctx.run("a", lambda: "x" * 1_048_576)], "at most 1,048,576 are kept"),
        (lambda ctx: [ctx.run(f"{at}", lambda: "x" * 100_000) for at in range(11)], "step '10' has 100,002 bytes"),
    ],
)
def test_what_cannot_be_a_step_fails_the_job_with_a_message_that_says_why(
    sqlite_store_url: str, use: Callable[[Any], list[Any]], told: str
) -> None:
    async def body(ctx: Any) -> None:
        for step in use(ctx):
            await step

    def blocking(payload: None, *, ctx: JobContext) -> None:
        use(ctx)

    [awaited, _] = both(body)
    with JobQueue(sqlite_store_url) as queue:
        for handlers in (awaited, JobHandlers({"work": blocking})):
            assert told in message_of(run_all(queue, handlers, max_attempts=1))


def test_a_step_inside_of_a_step_is_refused(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("work")
    async def awaited(payload: None, *, ctx: AsyncJobContext) -> None:
        async def outer() -> None:
            await ctx.run("inner", int)

        await ctx.run("outer", outer)

    def blocking(payload: None, *, ctx: JobContext) -> None:
        ctx.run("outer", lambda: ctx.run("inner", int))

    for one in (handlers, JobHandlers({"work": blocking})):
        message = message_of(run_all(queue, one, max_attempts=1))
        assert message == "step 'inner' begins inside of step 'outer': steps cannot be nested, put it behind"


def test_steps_are_kept_when_a_processor_stops_between_them(queue: JobQueue) -> None:
    done: list[str] = []
    handlers = JobHandlers()

    @handlers.job("work")
    async def work(payload: None, *, ctx: AsyncJobContext) -> str:
        await ctx.run("first", lambda: done.append("first"))
        if len(done) == 1:
            done.append("waits")
            await asyncio.sleep(PATIENCE)
        await ctx.run("second", lambda: done.append("second"))
        return "end"

    job_id = queue.add_job("work", None)
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    until(lambda: "waits" in done, "the first step was done")
    processor.stop_and_drain(0)
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.status, job.attempts, list(job.step_data)) == ("pending", 0, ["first"])
    again = queue.create_processor(handlers)
    again.start_in_background()
    assert queue.wait_for_job(job_id, PATIENCE).output == "end"
    assert again.stop_and_drain(PATIENCE)
    assert done == ["first", "waits", "second"]
