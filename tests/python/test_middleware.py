"""What runs around handlers."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from dataqueue import AsyncJobContext, Cancel, Job, JobContext, JobHandlers, JobQueue, JobRecord
from tests.python.conftest import PATIENCE

tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")

in_module = JobHandlers()


@in_module.middleware
def as_tenant(ctx: JobContext) -> Iterator[None]:
    token = tenant.set(ctx.job.tags[0])
    try:
        yield
    finally:
        tenant.reset(token)


@in_module.job("whose", run_in="process")
def whose(payload: None) -> str:
    return tenant.get()


@in_module.job("whose_async", run_in="process")
async def whose_async(payload: None) -> str:
    return tenant.get()


def run(queue: JobQueue, handlers: JobHandlers, name: str = "work", payload: Any = None, **options: Any) -> JobRecord:
    job_id = queue.add_job(name, payload, **options)
    assert queue.create_processor(handlers).start() == 1
    job = queue.get_job(job_id)
    assert job is not None
    return job


def a_handler(handlers: JobHandlers, kind: str, work: Callable[[Any, Any], Any]) -> None:
    if kind == "def":

        @handlers.job("work")
        def handler(payload: Any, *, ctx: JobContext) -> Any:
            return work(payload, ctx)

    else:

        @handlers.job("work")
        async def handler_on_loop(payload: Any, *, ctx: AsyncJobContext) -> Any:
            return work(payload, ctx)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_generator_goes_around_handlers_of_both_kinds(queue: JobQueue, kind: str) -> None:
    handlers, told = JobHandlers(), list[str]()

    @handlers.middleware
    def outer(ctx: JobContext | AsyncJobContext) -> Iterator[None]:
        told.append(f"outer before {ctx.job.job_type}")
        yield
        told.append("outer after")

    a_handler(handlers, kind, lambda payload, ctx: told.append("handler"))

    @handlers.middleware
    def inner(ctx: JobContext | AsyncJobContext) -> Iterator[None]:
        told.append("inner before")
        yield
        told.append("inner after")

    assert run(queue, handlers).status == "completed"
    assert told == ["outer before work", "inner before", "handler", "inner after", "outer after"]


def test_a_function_gets_the_result_and_may_answer_another(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.middleware
    def doubled(ctx: JobContext, call_next: Callable[[], Any]) -> Any:
        return 2 * call_next()

    a_handler(handlers, "def", lambda payload, ctx: payload + 1)
    assert run(queue, handlers, payload=20).output == 42


def test_an_async_function_and_an_async_generator_go_around_async_handlers(queue: JobQueue) -> None:
    handlers, told = JobHandlers(), list[str]()

    @handlers.middleware
    async def timed(ctx: AsyncJobContext, call_next: Callable[[], Awaitable[Any]]) -> Any:
        told.append("begins")
        return {"took": 1, "result": await call_next()}

    @handlers.middleware
    async def session(ctx: AsyncJobContext) -> AsyncIterator[None]:
        told.append("opened")
        yield
        told.append("closed")

    a_handler(handlers, "async def", lambda payload, ctx: "done")
    assert run(queue, handlers).output == {"took": 1, "result": "done"}
    assert told == ["begins", "opened", "closed"]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_it_sees_what_the_handler_raises_and_its_own_errors_are_the_handlers(queue: JobQueue, kind: str) -> None:
    handlers, seen = JobHandlers(), list[BaseException]()

    @handlers.middleware
    def watching(ctx: JobContext | AsyncJobContext) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            seen.append(error)
            raise LookupError("seen") from error

    def fail(payload: Any, ctx: Any) -> None:
        raise ValueError("as it must")

    a_handler(handlers, kind, fail)
    job = run(queue, handlers)
    assert [str(error) for error in seen] == ["as it must"]
    assert [(entry.type, entry.message) for entry in job.error_history] == [("LookupError", "seen")]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_it_may_decide_that_the_handler_does_not_run(queue: JobQueue, kind: str) -> None:
    handlers, ran = JobHandlers(), list[int]()

    @handlers.middleware
    def refusing(ctx: JobContext | AsyncJobContext) -> Iterator[None]:
        raise Cancel("the tenant is gone")
        yield

    a_handler(handlers, kind, lambda payload, ctx: ran.append(1))
    job = run(queue, handlers)
    assert (job.status, job.cancel_reason, ran) == ("cancelled", "the tenant is gone", [])


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_context_variables_are_carried_to_the_handler_and_to_no_other_run(queue: JobQueue, kind: str) -> None:
    handlers, leaked = JobHandlers(), list[str]()

    @handlers.middleware
    def as_own(ctx: JobContext | AsyncJobContext) -> Iterator[None]:
        leaked.append(tenant.get())
        tenant.set(ctx.job.payload)
        yield

    a_handler(handlers, kind, lambda payload, ctx: tenant.get())
    names = [f"tenant {at}" for at in range(20)]
    job_ids = queue.add_jobs([Job("work", name) for name in names])
    processor = queue.create_processor(handlers, batch_size=20)
    assert processor.start() == 20
    found = [queue.get_job(job_id) for job_id in job_ids]
    assert [job and job.output for job in found] == names
    assert set(leaked) == {"nobody"}


@pytest.mark.parametrize("name", ["whose", "whose_async"])
def test_it_goes_along_into_processes(queue: JobQueue, name: str) -> None:
    job = run(queue, in_module, name, tags=["acme"])
    assert (job.status, job.output) == ("completed", "acme")


def test_one_that_cannot_go_along_is_refused_with_the_remedy(queue: JobQueue) -> None:
    handlers, lock = JobHandlers(), threading.Lock()
    handlers.job("whose", run_in="process")(whose.func)

    @handlers.middleware
    def local(ctx: JobContext) -> Iterator[None]:
        with lock:
            yield

    with pytest.raises(TypeError, match=r"the middleware '.*local' cannot be run in another process: .*top level"):
        queue.create_processor(handlers)


def test_a_wait_goes_through_it_and_again_when_it_is_over(queue: JobQueue) -> None:
    handlers, told = JobHandlers(), list[str]()

    @handlers.middleware
    def watching(ctx: JobContext) -> Iterator[None]:
        told.append("in")
        try:
            yield
        except Exception as error:
            told.append(repr(error))
            raise
        finally:
            told.append("out")

    @handlers.job("work")
    def work(payload: None, *, ctx: JobContext) -> str:
        ctx.wait_for(0.01)
        return "done"

    job_id = queue.add_job("work", None)
    processor = queue.create_processor(handlers, poll_interval=600)
    processor.start_in_background()
    assert queue.wait_for_job(job_id, PATIENCE).output == "done"
    assert told == ["in", "out", "in", "out"]
    assert processor.stop_and_drain(PATIENCE)


def test_what_takes_something_else_is_refused_when_declared() -> None:
    handlers = JobHandlers()
    cases: list[tuple[Any, str]] = [
        (7, "must be a function, not int"),
        (lambda ctx: None, r"does not yield, so it must take \(ctx, call_next\)"),
        (lambda: (yield), r"yields, so it must take \(ctx\)"),
    ]
    for func, said in cases:
        with pytest.raises(TypeError, match=said):
            handlers.middleware(func)


def test_kinds_that_do_not_go_together_are_refused_when_a_processor_is_made(queue: JobQueue) -> None:
    async def awaiting(ctx: Any, call_next: Any) -> Any:
        return await call_next()

    def blocking(ctx: Any, call_next: Any) -> Any:
        return call_next()

    for func, kind in ((awaiting, "def"), (blocking, "async def")):
        handlers = JobHandlers()
        a_handler(handlers, kind, lambda payload, ctx: None)
        handlers.middleware(func)
        with pytest.raises(
            TypeError, match=f"the middleware '.*{func.__name__}' is .*'work' is.*write it as a generator"
        ):
            queue.create_processor(handlers)
