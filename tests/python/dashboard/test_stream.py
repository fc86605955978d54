"""The stream of events: one reader of the store for all who follow."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncEventStream, AsyncJobQueue
from dataqueue.dashboard import create_dashboard
from dataqueue.dashboard.face import Recent
from dataqueue.dashboard.stream import Hub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

PATIENCE = 30


class Follower:
    """A client of `/api/stream`, which reads what it is sent."""

    def __init__(self, app: Any, query: str = "", last: str | None = None) -> None:
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self._text = ""
        self._parts: asyncio.Queue[str] = asyncio.Queue()
        self._gone = asyncio.Event()
        headers = [] if last is None else [(b"last-event-id", last.encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/stream",
            "root_path": "",
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        self._sent = False
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        elif self._gone.is_set():
            raise OSError("the client is gone")
        else:
            self._parts.put_nowait(message["body"].decode())

    async def next(self) -> dict[str, str]:
        """The fields of the next message."""
        while True:
            while "\n\n" not in self._text:
                self._text += await asyncio.wait_for(self._parts.get(), PATIENCE)
            block, self._text = self._text.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if "event" in fields:
                return fields

    async def begun(self) -> Follower:
        """Waits until it is answered."""
        while "\n\n" not in self._text:
            self._text += await asyncio.wait_for(self._parts.get(), PATIENCE)
        return self

    async def close(self) -> None:
        self._gone.set()
        self.task.cancel()
        await asyncio.wait({self.task})


@pytest.fixture
async def queue(store_url: str) -> AsyncGenerator[AsyncJobQueue, None]:
    async with AsyncJobQueue(store_url) as queue:
        yield queue


async def until_following(hub: Hub, readers: int) -> None:
    for _ in range(3000):
        if hub.readers == readers and (readers == 0 or hub.is_reading):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{hub.readers} follow, not {readers}")


async def test_what_happens_is_told_as_it_happens(queue: AsyncJobQueue) -> None:
    app = create_dashboard(queue)
    follower = await Follower(app).begun()
    await until_following(app._site.hub, 1)
    assert (follower.status, follower.headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
    job_id = await queue.add_job("a", None)
    await queue.cancel_job(job_id)
    first, second = await follower.next(), await follower.next()
    assert [json.loads(told["data"])["eventType"] for told in (first, second)] == ["added", "cancelled"]
    assert json.loads(first["data"])["jobId"] == job_id
    assert first["event"] == "job"
    await follower.close()
    await until_following(app._site.hub, 0)


async def test_who_comes_again_goes_on_where_it_was(queue: AsyncJobQueue) -> None:
    app = create_dashboard(queue)
    follower = await Follower(app).begun()
    await until_following(app._site.hub, 1)
    first = await queue.add_job("a", None)
    seen = await follower.next()
    await follower.close()
    await until_following(app._site.hub, 0)
    missed = [await queue.add_job("a", None), await queue.add_job("b", None)]
    # One goes on by a new reader, the other by what the common one has kept.
    for _ in range(2):
        again = Follower(app, last=seen["id"])
        told = [json.loads((await again.next())["data"])["jobId"] for _ in missed]
        assert told == missed, first
        later = await queue.add_job("c", None)
        assert json.loads((await again.next())["data"])["jobId"] == later
        missed.append(later)
    stranger = Follower(app, last="no such place")
    assert (await stranger.next())["event"] == "gap"
    await stranger.close()


async def test_one_job_can_be_followed(queue: AsyncJobQueue) -> None:
    jobs = [await queue.add_job("a", None) for _ in range(2)]
    app = create_dashboard(queue)
    follower = await Follower(app, f"jobId={jobs[1]}").begun()
    await until_following(app._site.hub, 1)
    for job_id in jobs:
        await queue.cancel_job(job_id)
    assert json.loads((await follower.next())["data"])["jobId"] == jobs[1]
    await follower.close()


async def test_a_hundred_who_follow_cost_one_reader(queue: AsyncJobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    class Counted(AsyncEventStream):
        def __init__(self, *args: Any) -> None:
            begun.append(self)
            super().__init__(*args)

    monkeypatch.setattr("dataqueue.dashboard.stream.AsyncEventStream", Counted)
    app = create_dashboard(queue)
    followers = [await Follower(app).begun() for _ in range(100)]
    await until_following(app._site.hub, 100)
    job_id = await queue.add_job("a", None)
    told = [json.loads((await follower.next())["data"])["jobId"] for follower in followers]
    assert told == [job_id] * 100
    assert len(begun) == 1
    for follower in followers:
        await follower.close()
    await until_following(app._site.hub, 0)


async def test_who_reads_too_slowly_is_told_of_the_gap(queue: AsyncJobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataqueue.dashboard.stream._MOST_BEHIND", 3)
    hub = Hub(queue._requests.store)
    events = hub.follow()
    waiting = asyncio.ensure_future(anext(events))
    await until_following(hub, 1)
    jobs = [await queue.add_job("a", number) for number in range(20)]
    first = await asyncio.wait_for(waiting, PATIENCE)
    assert first is not None
    assert first.job_id == jobs[0]
    for _ in range(3000):
        if len(hub._kept) == 20:
            break
        await asyncio.sleep(0.01)
    told = [await asyncio.wait_for(anext(events), PATIENCE) for _ in range(4)]
    assert [event is None for event in told] == [False, False, False, True]
    await events.aclose()
    assert hub.readers == 0


async def test_answers_are_kept_for_longer_while_nothing_happens() -> None:
    changed_at: float | None = None
    recent = Recent(keep=0.0, calm=60.0, changed_at=lambda: changed_at)
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        if asked == 5:
            raise RuntimeError("away")
        return asked

    async def get() -> int:
        await asyncio.sleep(0.001)
        answer: int = await recent.get("a", ask)
        return answer

    assert [await get(), await get()] == [1, 2], "nobody would tell of changes"
    changed_at = time.monotonic()
    assert [await get(), await get(), await get()] == [3, 3, 3]
    changed_at = time.monotonic()
    assert [await get(), await get()] == [4, 4], "something happened"
    recent.forget()
    with pytest.raises(RuntimeError):
        await get()
    assert await get() == 6, "an error is not kept"
