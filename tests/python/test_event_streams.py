"""Streams of the stored events, as both twins give them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobQueue, EventGap, JobEventType, JobHandlers, JobQueue, StreamedEvent
from tests.python.conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

handlers = JobHandlers()


@handlers.job("work")
def work(payload: Any) -> Any:
    """Fails where it is told to."""
    if payload == "fail":
        raise ValueError("it broke")
    return payload


class Reader:
    """A stream of either twin, read by blocking calls."""

    def __init__(self, queue: JobQueue, *args: Any, **options: Any) -> None:
        self.stream: Any = queue.events(*args, **options)
        self._loop: Any = getattr(queue, "_loop", None)

    def begin(self) -> Reader:
        stream = self.stream
        self._loop.call(lambda: stream.__aenter__()) if self._loop else stream.__enter__()
        return self

    def next(self) -> StreamedEvent:
        """The next event, however long that takes."""
        stream = self.stream
        event = self._loop.call(lambda: stream.__anext__()) if self._loop else next(stream)
        assert isinstance(event, StreamedEvent)
        return event

    def take(self, count: int) -> list[StreamedEvent]:
        return [self.next() for _ in range(count)]


@contextlib.contextmanager
def reading(queue: JobQueue, *args: Any, **options: Any) -> Iterator[Reader]:
    reader = Reader(queue, *args, **options)
    try:
        yield reader.begin()
    finally:
        reader.stream.close()


def plain(events: list[StreamedEvent]) -> list[tuple[int, int, str, Any]]:
    return [(event.id, event.job_id, event.event_type.value, event.metadata) for event in events]


def test_a_stream_gives_what_the_histories_hold(queue: JobQueue) -> None:
    queue.add_job("work", "before")
    queue.cancel_all_upcoming_jobs()
    with reading(queue) as reader:
        first, second = queue.add_job("work", 1), queue.add_job("work", "fail", max_attempts=1)
        assert queue.create_processor(handlers).start() == 2
        events = reader.take(6)
    for job_id in (first, second):
        stored = [(one.id, one.job_id, one.event_type.value, one.metadata) for one in queue.get_job_events(job_id)]
        assert [one for one in plain(events) if one[1] == job_id] == stored
    assert {event.job_id for event in events} == {first, second}
    assert all(event.created_at.tzinfo is not None for event in events)


def test_a_stream_goes_on_behind_any_event(queue: JobQueue) -> None:
    with reading(queue) as reader:
        ids = [queue.add_job("work", at) for at in range(3)]
        queue.create_processor(handlers).start()
        events = reader.take(9)
        end = reader.stream.cursor
    assert {event.job_id for event in events} == set(ids)
    for at in range(8):
        for after in (events[at], events[at].cursor):
            with reading(queue, after=after) as again:
                assert plain(again.take(8 - at)) == plain(events[at + 1 :])
    added = queue.add_job("work", 4)
    with reading(queue, after=end) as again:
        assert again.next().job_id == added


def test_a_stream_can_begin_with_what_is_kept(queue: JobQueue, request: pytest.FixtureRequest) -> None:
    ids = [queue.add_job("work", at) for at in range(3)]
    if "redis" in request.node.callspec.id:
        gone = Reader(queue, after=0)
        with pytest.raises(EventGap, match="Begin anew"):
            gone.next()
        return
    with reading(queue, after=0) as reader:
        events = reader.take(3)
        assert [event.job_id for event in events] == ids
        with reading(queue, after=events[0].id) as later:
            assert [event.job_id for event in later.take(2)] == ids[1:]


def test_a_stream_can_be_narrowed(queue: JobQueue) -> None:
    with (
        reading(queue, JobEventType.COMPLETED) as completed,
        reading(queue, types=["added", "failed"]) as others,
    ):
        first, second = queue.add_job("work", 1), queue.add_job("work", "fail", max_attempts=1)
        with reading(queue, None, second) as own:
            queue.create_processor(handlers).start()
            assert [event.event_type for event in own.take(2)] == ["processing", "failed"]
        assert (completed.next().job_id, [event.job_id for event in others.take(3)]) == (first, [first, second, second])
        third = queue.add_job("work", 3)
        queue.create_processor(handlers).start()
        assert (completed.next().job_id, others.next().job_id) == (third, third)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": "sent"}, "types is 'sent'"),
        ({"types": []}, "types is empty"),
        ({"after": -1}, "after is -1"),
        ({"after": "yesterday"}, "after is .*cursor of an event"),
        ({"job_id": 0.5}, "job_id"),
    ],
)
def test_what_cannot_be_streamed_is_refused(queue: JobQueue, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Reader(queue, **options).next()


def test_a_stream_that_is_closed_ends_whoever_waits_for_it(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        stream = queue.events()
        told: list[StreamedEvent] = []
        reader = threading.Thread(target=lambda: told.extend(stream))
        with stream:
            reader.start()
            job_id = queue.add_job("work", 1)
            while not told:
                threading.Event().wait(0.01)
        reader.join(PATIENCE)
        assert not reader.is_alive()
        assert [event.job_id for event in told] == [job_id]
        assert list(stream) == []


async def test_an_async_stream_ends_where_it_is_left(store_url: str) -> None:
    async with AsyncJobQueue(store_url) as queue:
        told = []
        async with queue.events() as stream:
            job_id = await queue.add_job("work", 1)
            async for event in stream:
                told.append(event)
                break
            # A wait that is given up loses nothing.
            waiting = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            second = await queue.add_job("work", 2)
            told.append(await anext(stream))
            left = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
        with pytest.raises(StopAsyncIteration):
            await left
        assert [event.job_id for event in told] == [job_id, second]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


def test_what_another_process_does_is_streamed(store_url: str) -> None:
    with JobQueue(store_url) as queue, reading(queue) as reader:
        code = "import sys; from dataqueue import JobQueue; JobQueue(sys.argv[1]).add_job('work', 'from afar')"
        subprocess.run([sys.executable, "-c", code, store_url], check=True, timeout=PATIENCE)
        event = reader.next()
        job = queue.get_job(event.job_id)
        assert job is not None
        assert job.payload == "from afar"


def test_ctrl_c_ends_the_wait_and_the_stream_can_go_on(store_url: str) -> None:
    with JobQueue(store_url) as queue, queue.events() as stream:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        timer.join()
        job_id = queue.add_job("work", 1)
        assert next(stream).job_id == job_id
