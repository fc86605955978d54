"""Listening to what is done through a queue and its processors, as both twins tell it."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dataqueue import (
    AsyncJobContext,
    AsyncJobQueue,
    Job,
    JobAddedEvent,
    JobCancelledEvent,
    JobCompletedEvent,
    JobContext,
    JobFailedEvent,
    JobHandlers,
    JobOutputEvent,
    JobProcessingEvent,
    JobProgressEvent,
    JobQueue,
    JobRetriedEvent,
    JobWaitingEvent,
    QueueErrorEvent,
)
from tests.python.conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = [
    *("job:added", "job:processing", "job:completed", "job:failed", "job:cancelled"),
    *("job:retried", "job:waiting", "job:progress", "job:output"),
]

handlers = JobHandlers()


@handlers.job("on a thread")
def on_a_thread(payload: Any, *, ctx: JobContext) -> Any:
    ctx.set_progress(40)
    return {"is": payload}


@handlers.job("on a loop")
async def on_a_loop(payload: Any, *, ctx: AsyncJobContext) -> Any:
    await ctx.set_progress(40)
    return {"is": payload}


# Apart: a process takes longer to start than most of these tests.
processes = JobHandlers()


@processes.job("in a process", run_in="process")
def in_a_process(payload: Any, *, ctx: JobContext) -> Any:
    ctx.set_progress(40)
    return {"is": payload}


LANES = [on_a_thread, on_a_loop, in_a_process]


@handlers.job("break", retry_delay=0)
def break_(payload: Any) -> None:
    raise ValueError("it broke")


@handlers.job("pause")
def pause(payload: Any, *, ctx: JobContext) -> None:
    ctx.set_output([1])
    ctx.wait_for(days=1)


@handlers.job("plain")
def plain(payload: Any) -> None: ...


class Ears:
    """What a listener was told."""

    def __init__(self, queue: JobQueue, *names: str) -> None:
        self.told: list[Any] = []
        for name in names:
            queue.on(name, self.told.append)  # type: ignore[call-overload]

    def until(self, count: int) -> list[Any]:
        """All that was told, once that is so much."""
        eventually(lambda: len(self.told) >= count)
        return self.told

    def of(self, queue: JobQueue) -> list[Any]:
        """All that was told before something that is done now, of a queue whose `job:added` is listened to."""
        job_id = queue.add_job("sentinel", None)
        eventually(lambda: any(event.job_id == job_id for event in self.told))
        return [event for event in self.told if event.job_id != job_id]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.name)
def test_what_a_processor_does_is_told(queue: JobQueue, lane: Any) -> None:
    ears = Ears(queue, *NAMES)
    job_id = queue.add_job(lane, 7)
    assert queue.create_processor(processes if lane is in_a_process else handlers).start() == 1
    what = {"job_id": job_id, "job_type": lane.name}
    assert ears.until(4) == [
        JobAddedEvent(**what),
        JobProcessingEvent(**what, attempt=1),
        JobProgressEvent(**what, progress=40),
        JobCompletedEvent(**what, attempt=1, output={"is": 7}),
    ]
    assert ears.of(queue) == ears.told[:4]


def test_a_failure_tells_whether_it_is_tried_again(queue: JobQueue) -> None:
    ears = Ears(queue, "job:failed")
    job_id = queue.add_job(break_, None, max_attempts=2)
    while queue.create_processor(handlers).start():
        pass
    first, second = ears.until(2)
    assert isinstance(first, JobFailedEvent)
    assert (first.job_id, first.attempt, first.reason, first.message) == (job_id, 1, "handler_error", "it broke")
    assert (first.error_type, first.will_retry) == ("ValueError", True)
    assert (second.attempt, second.will_retry) == (2, False)


def test_a_failure_by_the_deadline_or_for_want_of_a_handler_is_told(queue: JobQueue) -> None:
    ears = Ears(queue, "job:failed")
    slow = {"slow": lambda payload, signal: signal.wait(PATIENCE)}
    first = queue.add_job("slow", None, timeout=0.05, max_attempts=1)
    queue.create_processor(slow).start()
    second = queue.add_job("unknown", None, max_attempts=1)
    queue.create_processor(slow, unhandled="fail").start()
    told = [(event.job_id, event.reason, event.will_retry) for event in ears.until(2)]
    assert told == [(first, "timeout", False), (second, "no_handler", False)]


def test_a_wait_and_an_output_are_told(queue: JobQueue) -> None:
    ears = Ears(queue, "job:waiting", "job:output")
    job_id = queue.add_job(pause, None)
    queue.create_processor(handlers).start()
    output, waiting = ears.until(2)
    assert output == JobOutputEvent(job_id=job_id, job_type="pause", output=[1])
    assert isinstance(waiting, JobWaitingEvent)
    assert waiting.wait_token_id is None
    assert waiting.wait_until is not None
    assert waiting.wait_until > datetime.now(UTC) + timedelta(hours=23)


def test_changes_are_told_and_what_changes_nothing_is_not(queue: JobQueue) -> None:
    ears = Ears(queue, *NAMES)
    first, second = queue.add_jobs([Job("plain", 1), Job("plain", 2, idempotency_key="k")])
    assert not queue.add_job("plain", 2, idempotency_key="k").created
    assert queue.cancel_job(first)
    assert not queue.cancel_job(first)
    assert queue.retry_job(first)
    assert queue.edit_job(first, priority=3)
    assert queue.cancel_all_upcoming_jobs(job_type="plain") == 2
    told = ears.of(queue)
    names = [(type(event), event.job_id) for event in told]
    assert names[:4] == [
        (JobAddedEvent, first),
        (JobAddedEvent, second),
        (JobCancelledEvent, first),
        (JobRetriedEvent, first),
    ]
    assert sorted(names[4:], key=str) == sorted([(JobCancelledEvent, first), (JobCancelledEvent, second)], key=str)
    assert {event.job_type for event in told} == {"plain"}


def test_another_queue_is_not_listened_to(store_url: str) -> None:
    with JobQueue(store_url) as queue, JobQueue(store_url) as other:
        ears, others = Ears(queue, "job:added", "job:completed"), Ears(other, "job:added", "job:completed")
        first = queue.add_job("plain", None)
        assert other.create_processor(handlers).start() == 1
        assert ears.of(queue) == [JobAddedEvent(job_id=first, job_type="plain")]
        assert [type(event) for event in others.of(other)] == [JobCompletedEvent]


def test_a_listener_that_fails_is_told_of_once_and_harms_nothing(
    queue: JobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[QueueErrorEvent] = []

    def fails(event: JobAddedEvent) -> None:
        raise RuntimeError(f"not {event.job_id}")

    async def fails_later(event: JobAddedEvent) -> None:
        await asyncio.sleep(0)
        raise SystemExit(5)

    def fails_too(event: QueueErrorEvent) -> None:
        errors.append(event)
        raise RuntimeError("nor this")

    queue.on("job:added", fails)
    queue.on("job:added", fails_later)
    queue.on("error", fails_too)
    ears = Ears(queue, "job:added", "job:completed")
    job_id = queue.add_job(on_a_thread, None)
    assert queue.create_processor(handlers).start() == 1
    assert [event.job_id for event in ears.until(2)] == [job_id, job_id]
    eventually(lambda: len(errors) == 2)
    queue.off("job:added", fails)
    queue.off("job:added", fails_later)
    ears.of(queue)
    assert sorted(str(error.error) for error in errors) == ["5", f"not {job_id}"]
    assert {error.event for error in errors} == {JobAddedEvent(job_id=job_id, job_type="on a thread")}
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len([text for text in said if "a listener failed on a JobAddedEvent" in text]) == 2
    assert len([text for text in said if "a listener failed on a QueueErrorEvent" in text]) == 2


def test_a_listener_that_was_taken_out_while_others_are_told_is_not_told_any_more(queue: JobQueue) -> None:
    told: list[str] = []

    def first(event: JobAddedEvent) -> None:
        told.append("first")
        queue._target.off("job:added", second) if hasattr(queue, "_target") else queue.off("job:added", second)

    def second(event: JobAddedEvent) -> None:
        told.append("second")

    queue.on("job:added", first)
    queue.on("job:added", second)
    ears = Ears(queue, "job:added")
    queue.add_job("plain", None)
    queue.add_job("plain", None)
    ears.until(2)
    assert told == ["first", "first"]
    assert not queue.off("job:added", second)
    queue.remove_all_listeners("job:added")
    after = Ears(queue, "job:added")
    queue.add_job("plain", None)
    after.until(1)
    assert (told, len(ears.told)) == (["first", "first"], 2)
    queue.remove_all_listeners()
    assert not queue.off("job:added", after.told.append)


def test_once_is_told_once_however_many_threads_add(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        first: list[JobAddedEvent] = []
        queue.once("job:added", first.append)
        ears = Ears(queue, "job:added")
        adding = [threading.Thread(target=lambda: [queue.add_job("plain", None) for _ in range(10)]) for _ in range(4)]
        for thread in adding:
            thread.start()
        for thread in adding:
            thread.join(PATIENCE)
        assert len({event.job_id for event in ears.until(40)}) == 40
        assert first == [ears.told[0]]
        assert not queue.off("job:added", first.append)


def test_decorators_leave_a_function_as_it_is(queue: JobQueue) -> None:
    told: list[JobAddedEvent] = []

    def keep(event: JobAddedEvent) -> None:
        told.append(event)

    def keep_once(event: JobAddedEvent) -> None:
        told.append(event)

    assert queue.on("job:added")(keep) is keep
    assert queue.once("job:added")(keep_once) is keep_once
    queue.add_job("plain", None)
    queue.add_job("plain", None)
    eventually(lambda: len(told) == 3)
    assert queue.off("job:added", keep)


@pytest.mark.parametrize("method", ["on", "once", "off", "remove_all_listeners"])
def test_an_unknown_event_is_refused_with_those_that_there_are(method: str) -> None:
    with JobQueue("sqlite://:memory:") as queue:
        arguments = ["job:done"] if method == "remove_all_listeners" else ["job:done", print]
        with pytest.raises(ValueError, match=r"no event 'job:done': the events are job:added, .*, job:output, error"):
            getattr(queue, method)(*arguments)
        with pytest.raises(TypeError, match="function of one argument"):
            queue.on("job:added", 5)  # type: ignore[call-overload]


def test_async_listeners_of_a_blocking_queue_run_beside_each_other(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        told: list[int] = []
        meeting: list[asyncio.Barrier] = []

        @queue.on("job:added")
        async def meet(event: JobAddedEvent) -> None:
            if not meeting:
                meeting.append(asyncio.Barrier(3))
            await meeting[0].wait()
            told.append(event.job_id)

        ids = [queue.add_job("plain", None) for _ in range(3)]
        eventually(lambda: len(told) == 3)
        assert sorted(told) == ids


async def test_listeners_of_an_async_queue_run_on_its_loop(store_url: str) -> None:
    queue = AsyncJobQueue(store_url)
    told: list[tuple[str, asyncio.AbstractEventLoop]] = []
    queue.on("job:added", lambda event: told.append(("sync", asyncio.get_running_loop())))

    @queue.on("job:completed")
    async def completed(event: JobCompletedEvent) -> None:
        await asyncio.sleep(0.01)
        told.append(("async", asyncio.get_running_loop()))

    await queue.add_job(on_a_thread, None)
    await queue.create_processor(handlers).start()
    await queue.close()
    loop = asyncio.get_running_loop()
    assert told == [("sync", loop), ("async", loop)]


def test_an_async_queue_that_is_used_on_one_loop_after_another_keeps_its_listeners(store_url: str) -> None:
    queue = AsyncJobQueue(store_url)
    told: list[int] = []
    arrived: list[asyncio.Event] = []

    @queue.on("job:added")
    def keep(event: JobAddedEvent) -> None:
        told.append(event.job_id)
        arrived[-1].set()

    async def add() -> int:
        arrived.append(asyncio.Event())
        job_id = await queue.add_job("plain", None)
        await arrived[-1].wait()
        return job_id

    ids = [asyncio.run(add()) for _ in range(3)]
    assert told == ids
    asyncio.run(queue.close())


def test_what_is_left_is_told_at_the_close(store_url: str) -> None:
    queue = JobQueue(store_url)
    told: list[JobAddedEvent] = []

    @queue.on("job:added")
    def slow(event: JobAddedEvent) -> None:
        time.sleep(0.001)
        told.append(event)

    ids = queue.add_jobs([Job("plain", at) for at in range(300)])
    queue.close()
    assert [event.job_id for event in told] == ids


def test_a_job_that_is_cancelled_while_it_runs_is_told_when_it_has_stopped(queue: JobQueue) -> None:
    ears = Ears(queue, "job:cancelled", "job:processing", "job:failed")
    runs = {"wait": lambda payload, signal: signal.wait(PATIENCE) and signal.raise_if_aborted()}
    processor = queue.create_processor(runs, poll_interval=0.05, lease=10)
    processor.start_in_background()
    job_id = queue.add_job("wait", None)
    ears.until(1)
    assert queue.cancel_job(job_id, running=True)
    told = ears.until(2)
    assert [type(event) for event in told] == [JobProcessingEvent, JobCancelledEvent]
    processor.stop_and_drain()


def test_errors_of_a_processor_are_told(postgres_store_url: str, postgres_url: str, schema: str) -> None:
    def keep(error: Exception) -> None:
        raise ValueError("a callback that throws")

    with JobQueue(postgres_store_url) as queue, psycopg.connect(postgres_url, autocommit=True) as connection:
        ears = Ears(queue, "error", "job:added")
        processor = queue.create_processor(handlers, poll_interval=0.05, on_error=keep)
        processor.start_in_background()
        eventually(lambda: connection.execute(f"select from {schema}.job_workers".encode()).rowcount == 1)
        connection.execute(f"alter table {schema}.job_ready rename to gone".encode())
        [error, *_] = ears.until(1)
        connection.execute(f"alter table {schema}.gone rename to job_ready".encode())
        assert isinstance(error, QueueErrorEvent)
        assert error.event is None
        assert re.match("[a-z]+ing [a-z ]+: ", str(error.error))
        assert processor.stop_and_drain(PATIENCE)
