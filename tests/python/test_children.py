"""Jobs that handlers add, and wait for."""

from __future__ import annotations

from typing import Any

from dataqueue import JobQueue, JobResult
from tests.python.conftest import PATIENCE
from tests.python.test_steps import both, message_of, run_all
from tests.python.test_waits import waiting


def child(payload: Any) -> Any:
    if payload == "fail":
        raise ValueError("the child broke")
    return {"got": payload}


def test_a_handler_adds_jobs_once_however_often_it_runs(queue: JobQueue) -> None:
    seen: list[list[int]] = []

    async def body(ctx: Any) -> None:
        first = await ctx.add_job("child", 1, priority=3)
        second = await ctx.add_job("child", 2, tags=["two"])
        seen.append([first, second])
        await ctx.wait_for(0)
        if ctx.job.attempts < 2:
            raise ValueError("once more")

    for handlers in both(body):
        seen.clear()
        before = queue.count_jobs(job_type="child")
        assert run_all(queue, handlers).status == "completed"
        assert len(seen) >= 3
        assert all(ids == seen[0] for ids in seen)
        assert queue.count_jobs(job_type="child") - before == 2
        job = queue.get_job(seen[0][1])
        assert job is not None
        assert (job.payload, job.tags) == (2, ["two"])


def test_jobs_of_a_step_that_is_done_again_are_added_once(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        async def add_all() -> list[int]:
            ids = [await ctx.add_job("child", at) for at in range(3)]
            if ctx.job.attempts < 3:
                raise ValueError("after the jobs, before the record")
            return ids

        return await ctx.run("a step with a long name " * 10, add_all)

    before = queue.count_jobs(job_type="child")
    job = run_all(queue, both(body)[0])
    assert (job.status, job.attempts) == ("completed", 3)
    assert queue.count_jobs(job_type="child") - before == 3
    assert sorted(job.output) == sorted(set(job.output))


def test_a_key_of_ones_own_wins(queue: JobQueue) -> None:
    async def body(ctx: Any) -> int:
        return int(await ctx.add_job("child", None, idempotency_key="mine"))

    first, second = (run_all(queue, handlers).output for handlers in both(body))
    assert first == second


def test_a_handler_waits_for_a_job_and_gets_how_it_ended(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        job_id = await ctx.add_job("child", ctx.job.tags[0], max_attempts=1)
        result: JobResult[Any] = await ctx.wait_for_job(job_id)
        return [result.ok, result.output, result.error, result.status, result.job_id == job_id]

    for given, wanted in [
        ("fine", [True, {"got": "fine"}, None, "completed", True]),
        ("fail", [False, None, "the child broke", "failed", True]),
    ]:
        for handlers in both(body):
            handlers.job("child")(child)
            job = run_all(queue, handlers, tags=[given])
            assert (job.status, job.output, job.attempts) == ("completed", wanted, 1)


def test_a_waiting_parent_holds_no_slot(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        ids = [await ctx.add_job("child", at) for at in range(5)]
        return [(await ctx.wait_for_job(job_id)).output["got"] for job_id in ids]

    for handlers in both(body):
        handlers.job("child")(child)
        job_id = queue.add_job("work", None)
        processor = queue.create_processor(handlers, concurrency=1, poll_interval=3600)
        processor.start_in_background()
        assert queue.wait_for_job(job_id, PATIENCE).output == [0, 1, 2, 3, 4]
        assert processor.stop_and_drain(PATIENCE)


def test_a_cancelled_child_is_told(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        result = await ctx.wait_for_job(await ctx.add_job("nobody", None))
        return [result.ok, result.error, result.status]

    for handlers in both(body):
        job_id = waiting(queue, handlers)
        [other] = queue.get_jobs(job_type="nobody", status="pending")
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.wait_token_id, job.wait_until) == (f"job:{other.id}", None)
        assert queue.cancel_job(other.id)
        assert queue.create_processor(handlers).start() == 1
        job = queue.wait_for_job(job_id, PATIENCE)
        assert job.output == [False, f"job {other.id} was cancelled", "cancelled"]


def test_a_job_that_cannot_be_waited_for_is_refused(queue: JobQueue) -> None:
    async def itself(ctx: Any) -> None:
        await ctx.wait_for_job(ctx.job.id)

    async def unknown(ctx: Any) -> None:
        await ctx.wait_for_job(2**40)

    for handlers in both(itself):
        assert "this job itself, which would wait for ever" in message_of(run_all(queue, handlers, max_attempts=1))
    for handlers in both(unknown):
        assert f"there is no job {2**40}" in message_of(run_all(queue, handlers, max_attempts=1))


def test_a_wait_in_a_task_group_is_refused(queue: JobQueue) -> None:
    import asyncio

    async def body(ctx: Any) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(ctx.wait_for(1))
            group.create_task(asyncio.sleep(30))

    job = run_all(queue, both(body)[0], max_attempts=1)
    assert message_of(job).startswith("the handler waits inside of a task group")


def test_the_steps_of_a_job_have_a_limit_of_their_own(sqlite_store_url: str) -> None:
    async def body(ctx: Any) -> None:
        await ctx.run("large", lambda: "x" * 2_000)

    with JobQueue(sqlite_store_url) as queue:
        for handlers in both(body):
            job_id = queue.add_job("work", None, max_attempts=1)
            queue.create_processor(handlers, max_step_bytes=1_000).start()
            assert "at most 1,000 are kept (max_step_bytes of the processor)" in message_of(queue.wait_for_job(job_id))
