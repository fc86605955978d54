"""Many threads, several loops, cancelled calls, and what survives from job to job."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dataqueue import AsyncJobContext, AsyncJobQueue, Job, JobHandlers, JobQueue
from tests.conftest import with_parameter
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue.job_function import RunIn


def test_threads_share_a_queue(store_url: str) -> None:
    handlers = JobHandlers({"double": lambda payload: payload * 2})

    with JobQueue(with_limit(store_url)) as queue, ThreadPoolExecutor(16) as pool:
        processor = queue.create_processor(handlers, concurrency=4, batch_size=50)
        processor.start_in_background()

        def work(part: int) -> list[int]:
            alone = [queue.add_job("double", part * 100 + number, tags=[f"p{part}"]) for number in range(5)]
            together = queue.add_jobs(
                [Job("double", part * 100 + number, tags=[f"p{part}"]) for number in range(5, 10)]
            )
            done = [queue.wait_for_job(job_id, PATIENCE).output for job_id in [*alone, *together]]
            assert queue.count_jobs(tags=[f"p{part}"]) == 10
            assert len(queue.get_jobs(tags=[f"p{part}"], status="completed")) == 10
            return done

        for part, done in enumerate(pool.map(work, range(16))):
            assert done == [(part * 100 + number) * 2 for number in range(10)]
        assert processor.stop_and_drain(PATIENCE)


@pytest.mark.parametrize("run_in", ["worker", "process"])
def test_jobs_that_come_one_by_one_run_beside_each_other(queue: JobQueue, tmp_path: Path, run_in: RunIn) -> None:
    handlers = JobHandlers()
    handlers.job("meet", run_in=run_in)(meet)
    processor = queue.create_processor(handlers, concurrency=3, poll_interval=0.2)
    processor.start_in_background()
    jobs, folder = [], tmp_path / "met"
    folder.mkdir()
    for number in range(3):
        # Each comes when the ones before it run, and all of them wait for the last.
        jobs.append(queue.add_job("meet", [str(folder), number]))
        until(lambda number=number: (folder / str(number)).exists(), f"job {number} runs")  # type: ignore[misc]
    assert [queue.wait_for_job(job_id, PATIENCE).output for job_id in jobs] == [3, 3, 3]
    assert processor.stop_and_drain(PATIENCE)


def meet(payload: list[Any]) -> int:
    """Waits until three are here."""
    folder, number = Path(payload[0]), payload[1]
    (folder / str(number)).touch()
    until(lambda: len(list(folder.iterdir())) == 3, "three are here")
    return len(list(folder.iterdir()))


def with_limit(url: str) -> str:
    """With fewer connections than there are threads."""
    return with_parameter(url, "pool_max", "2") if url.startswith("postgresql") else url


def test_loops_share_an_async_queue(store_url: str) -> None:
    queue = AsyncJobQueue(with_limit(store_url))
    ready = threading.Barrier(2)

    async def use(part: int) -> None:
        loops: set[object] = set()

        async def here(payload: int) -> int:
            loops.add(asyncio.get_running_loop())
            return payload

        # Each loop's processor takes its own types, so that each runs on the loop that it was started on.
        processor = queue.create_processor({f"here-{part}": here}, concurrency=5)
        processor.start_in_background()
        await asyncio.to_thread(ready.wait, PATIENCE)
        ids = await asyncio.gather(*(queue.add_job(f"here-{part}", number) for number in range(30)))
        done = await asyncio.gather(*(queue.wait_for_job(job_id, PATIENCE) for job_id in ids))
        assert [job.output for job in done] == list(range(30))
        assert await processor.stop_and_drain(PATIENCE)
        assert loops == {asyncio.get_running_loop()}

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            # New loops each time: nothing of the queue belongs to a loop that is gone.
            for done in [pool.submit(asyncio.run, use(part)) for part in range(2)]:
                done.result(PATIENCE)
    asyncio.run(queue.close())


def test_a_processor_can_be_stopped_from_another_loop_than_its_own(store_url: str) -> None:
    queue = AsyncJobQueue(store_url)
    started, stopped = threading.Event(), threading.Event()
    processors: list[Any] = []

    async def serve() -> None:
        async def ping(payload: None) -> str:
            return "pong"

        processor = queue.create_processor({"ping": ping})
        processor.start_in_background()
        processors.append(processor)
        started.set()
        await asyncio.to_thread(stopped.wait, PATIENCE)

    async def stop() -> None:
        job_id = await queue.add_job("ping", None)
        assert (await queue.wait_for_job(job_id, PATIENCE)).output == "pong"
        assert await processors[0].stop_and_drain(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(asyncio.run, serve(), debug=True)
        assert started.wait(PATIENCE)
        asyncio.run(stop(), debug=True)
        stopped.set()
        serving.result(PATIENCE)
    asyncio.run(queue.close())


@pytest.fixture
def named(postgres_url: str, postgres_store_url: str) -> Iterator[tuple[str, Any]]:
    """A store's URL whose connections can be told from others, and a function that lists their states."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as other:

        def states() -> list[str]:
            listed = "select state from pg_stat_activity where application_name = %s and query not like '%%LISTEN%%'"
            return [row[0] for row in other.execute(listed, [name]).fetchall()]

        yield with_parameter(with_parameter(postgres_store_url, "application_name", name), "pool_max", "3"), states


async def cancelled_calls(queue: AsyncJobQueue, turns: int, *, keyed: bool) -> int:
    """Starts adds and cancels them at once or a moment later; answers how many were cancelled."""
    tasks: list[asyncio.Task[Any]] = []
    for turn in range(turns):
        key = f"k{turn}" if keyed else None
        jobs = [Job("t", turn, idempotency_key=key)] if turn % 2 else []
        call = queue.add_jobs(jobs) if jobs else queue.add_job("t", turn, idempotency_key=key)
        task = asyncio.create_task(call)
        tasks.append(task)
        for _ in range(turn % 4):
            await asyncio.sleep(0)
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return sum(isinstance(one, asyncio.CancelledError) for one in ended)


async def test_a_cancelled_add_is_made_once_or_not_at_all(store_url: str) -> None:
    async with AsyncJobQueue(with_limit(store_url)) as queue:
        assert await cancelled_calls(queue, 100, keyed=True) > 0
        # Whoever does not know whether it was made repeats it with its key.
        ids = await queue.add_jobs([Job("t", turn, idempotency_key=f"k{turn}") for turn in range(100)])
        assert await queue.count_jobs() == 100
        jobs = await queue.get_jobs(limit=1000)
        assert sorted(job.payload for job in jobs) == list(range(100))
        assert sorted(ids) == sorted(job.id for job in jobs)


async def test_cancelled_calls_leave_no_transaction_and_no_connection(named: tuple[str, Any]) -> None:
    url, states = named
    async with AsyncJobQueue(url) as queue:
        await asyncio.gather(*(queue.count_jobs() for _ in range(20)))
        assert await cancelled_calls(queue, 200, keyed=False) > 0
        waits = [asyncio.create_task(queue.wait_for_job(await queue.add_job("t", None))) for _ in range(5)]
        await asyncio.sleep(0)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        await asyncio.to_thread(until, lambda: set(states()) <= {"idle"}, "no transaction was left open")
        assert len(states()) <= 3
        # The pool still hands all of them out.
        await asyncio.gather(*(queue.add_job("t", None) for _ in range(20)))


def test_thread_locals_live_from_job_to_job_and_context_variables_do_not(sqlite_store_url: str) -> None:
    kept = threading.local()
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    def counts(payload: None) -> list[int]:
        kept.count = getattr(kept, "count", 0) + 1
        variable.set(variable.get() + 1)
        return [kept.count, variable.get()]

    async def counts_async(payload: None) -> list[int]:
        variable.set(variable.get() + 1)
        await asyncio.sleep(0)
        return [variable.get()]

    with JobQueue(sqlite_store_url) as queue:
        processor = queue.create_processor({"counts": counts, "counts_async": counts_async}, concurrency=1)
        processor.start_in_background()
        for turn in range(1, 6):
            assert queue.wait_for_job(queue.add_job("counts", None), PATIENCE).output == [turn, 1]
            assert queue.wait_for_job(queue.add_job("counts_async", None), PATIENCE).output == [1]
        assert processor.stop_and_drain(PATIENCE)


def test_handlers_that_cancel_their_own_task_or_wait_disturb_no_others(sqlite_store_url: str) -> None:
    handlers = JobHandlers()
    tasks: dict[int, asyncio.Task[object] | None] = {}
    seen: contextvars.ContextVar[int | None] = contextvars.ContextVar("seen", default=None)

    @handlers.job("odd")
    async def odd(payload: int) -> int:
        tasks[payload] = task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert seen.get() is None
        seen.set(payload)
        if payload % 3 == 1:
            task.cancel()
        elif payload % 3 == 2:
            async with asyncio.timeout(PATIENCE):
                await asyncio.sleep(0)
            assert asyncio.current_task() is task
            assert seen.get() == payload
        return payload

    with JobQueue(sqlite_store_url) as queue:
        processor = queue.create_processor(handlers, batch_size=30, concurrency=30)
        jobs = queue.add_jobs([Job(odd, number, max_attempts=1) for number in range(300)])
        processor.start_in_background()
        assert [queue.wait_for_job(job_id, PATIENCE).output for job_id in jobs] == list(range(300))
        assert processor.stop_and_drain(PATIENCE)
    assert all(task is not None and task.done() for task in tasks.values())


def test_a_processor_that_is_stopped_and_started_again_leaves_no_threads(store_url: str) -> None:
    async def ping(payload: None) -> None:
        pass

    def pong(payload: None) -> None:
        pass

    with JobQueue(store_url) as queue:
        processor = queue.create_processor({"ping": ping, "pong": pong})
        before = threading.active_count()
        for turn in range(4):
            processor.start_in_background()
            with pytest.raises(RuntimeError, match="is running"):
                processor.start_in_background()
            ids = [queue.add_job(name, None) for name in ("ping", "pong", "pong")]
            for job_id in ids:
                assert queue.wait_for_job(job_id, PATIENCE).status == "completed"
            if turn % 2:
                processor.stop()
            else:
                assert processor.stop_and_drain(PATIENCE)
            until(lambda: threading.active_count() == before, "all of its threads ended")


async def test_a_handler_may_use_its_own_queue(store_url: str) -> None:
    handlers = JobHandlers()

    @handlers.job("parent")
    async def parent(payload: int, *, ctx: AsyncJobContext) -> list[int]:
        ids = await queue.add_jobs([Job("child", number) for number in range(payload)])
        return [(await queue.wait_for_job(job_id, PATIENCE)).output for job_id in ids]

    @handlers.job("child")
    def child(payload: int) -> int:
        return payload * 10

    async with AsyncJobQueue(with_limit(store_url)) as queue:
        processor = queue.create_processor(handlers, concurrency=3)
        processor.start_in_background()
        job_id = await queue.add_job(parent, 5)
        assert (await queue.wait_for_job(job_id, PATIENCE)).output == [0, 10, 20, 30, 40]
        assert await processor.stop_and_drain(PATIENCE)
