"""One batch for each call: who may have it, what it is answered, and that it ends in time."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dataqueue import AsyncJobQueue, JobHandlers, JobQueue, JobSignal
from dataqueue.contrib.serverless import asgi_app, aws_lambda, wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterator


SECRET = "a secret for the tests"
BEARER = {"authorization": f"Bearer {SECRET}"}
NOWHERE = "postgresql://app:hunter2@127.0.0.1:1/app?connect_timeout=1"

handlers = JobHandlers()


@handlers.job("double")
def double(payload: int) -> int:
    return 2 * payload


@handlers.job("double_async")
async def double_async(payload: int) -> int:
    return 2 * payload


@handlers.job("endless")
def endless(payload: None, signal: JobSignal) -> None:
    signal.wait()
    signal.raise_if_aborted()


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    told: Any


@dataclass
class Remaining:
    """The context that Lambda gives."""

    seconds: float = 300

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * self.seconds)


def by_asgi(queue: Any, **options: Any) -> Any:
    app = Starlette()
    app.add_route("/run", asgi_app(queue, handlers, **options))  # type: ignore[arg-type]

    def ask(method: str, headers: dict[str, str]) -> Answered:
        # Schedulers follow no redirects.
        with TestClient(app, follow_redirects=False) as client:
            answer = client.request(method, "/run", headers=headers)
            return Answered(answer.status_code, dict(answer.headers), answer.json())

    return ask


def by_wsgi(queue: Any, **options: Any) -> Any:
    app: Any = validator(wsgi_app(queue, handlers, **options))

    def ask(method: str, headers: dict[str, str]) -> Answered:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": ""}
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        setup_testing_defaults(environ)
        started: list[Any] = []
        answer: Any = app(environ, lambda *given: started.append(given))
        body = b"".join(answer)
        answer.close()
        status, given = started[0]
        return Answered(int(status.split()[0]), dict(given), json.loads(body))

    return ask


def by_lambda(queue: Any, **options: Any) -> Any:
    handler = aws_lambda(queue, handlers, **options)

    def ask(method: str, headers: dict[str, str]) -> Answered:
        event = {"version": "2.0", "requestContext": {"http": {"method": method}}, "headers": headers}
        answer = handler(event, Remaining())
        return Answered(answer["statusCode"], answer["headers"], json.loads(answer["body"]))

    return ask


@pytest.fixture(params=[by_asgi, by_wsgi, by_lambda])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRON_SECRET", raising=False)


@pytest.fixture
def queue(sqlite_store_url: str) -> Iterator[JobQueue]:
    with JobQueue(sqlite_store_url) as queue:
        yield queue


def test_it_runs_one_batch(make: Any, queue: JobQueue) -> None:
    ids = [queue.add_job(name, number) for number, name in enumerate(("double", "double_async", "double"))]
    ask = make(queue, secret=SECRET, batch_size=2)
    told = [ask(method, BEARER).told for method in ("GET", "POST", "GET")]
    assert told == [{"processed": 2}, {"processed": 1}, {"processed": 0}]
    assert [queue.wait_for_job(job_id, 0).output for job_id in ids] == [0, 2, 4]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"authorization": SECRET},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {SECRET}x"},
        {"authorization": f"Basic {SECRET}"},
        {"authorization": "Bearer ünïcödé"},
    ],
)
def test_without_the_secret_nothing_runs(make: Any, queue: JobQueue, given: dict[str, str]) -> None:
    queue.add_job("double", 1)
    headers = {name: value.encode("utf-8").decode("latin-1") for name, value in given.items()}
    if make is by_asgi:
        headers = {name: value.encode("latin-1") for name, value in headers.items()}  # type: ignore[misc]
    answer = make(queue, secret=SECRET)("POST", headers)
    assert answer.status == 401
    assert {name.lower(): value for name, value in answer.headers.items()}["www-authenticate"] == "Bearer"
    assert SECRET not in str(answer)
    assert queue.count_jobs(status="pending") == 1


def test_the_secret_may_come_from_the_environment(make: Any, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRON_SECRET", SECRET)
    ask = make(queue)
    monkeypatch.delenv("CRON_SECRET")
    assert (ask("GET", BEARER).status, ask("GET", {}).status) == (200, 401)
    assert ask("DELETE", BEARER).status == 405
    assert make(queue, secret=SECRET.encode())("GET", {"authorization": f"bearer {SECRET}"}).status == 200


def test_without_any_secret_it_is_not_made(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (asgi_app, wsgi_app):
        with pytest.raises(ValueError, match=r"set \$CRON_SECRET, give secret=, .* public=True"):
            make(queue, handlers)
    # Whoever may invoke a function is for AWS to say; a request is another matter.
    closed = aws_lambda(queue, handlers)
    assert closed({"httpMethod": "GET", "headers": None}, Remaining())["statusCode"] == 403
    assert closed({"source": "aws.events"}, Remaining()) == {"processed": 0}
    monkeypatch.setenv("CRON_SECRET", "short")
    for maker in (asgi_app, wsgi_app, aws_lambda):
        with pytest.raises(ValueError, match=r"\$CRON_SECRET has 5 bytes: give it at least 16"):
            maker(queue, handlers)


@pytest.mark.parametrize(
    "event",
    [
        {"version": "2.0", "requestContext": {"http": {"method": "GET"}}, "headers": BEARER},
        {"httpMethod": "POST", "requestContext": {}, "headers": {"Authorization": f"Bearer {SECRET}"}},
        {"httpMethod": "GET", "multiValueHeaders": {"Authorization": [f"Bearer {SECRET}"]}},
    ],
    ids=["function URL", "API Gateway", "load balancer"],
)
def test_each_kind_of_request_to_a_function(queue: JobQueue, event: dict[str, Any]) -> None:
    handler = aws_lambda(queue, handlers, secret=SECRET)
    assert handler(event, Remaining()) == {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": '{"processed": 0}',
    }
    bare = {name: value for name, value in event.items() if not name.lower().endswith("headers")}
    assert handler(bare, Remaining())["statusCode"] == 401


def test_a_public_one_asks_for_none(make: Any, queue: JobQueue) -> None:
    assert make(queue, public=True)("GET", {}).told == {"processed": 0}
    with pytest.raises(ValueError, match="leave out one of them"):
        make(queue, public=True, secret=SECRET)


def test_upkeep_follows_a_batch(make: Any, queue: JobQueue) -> None:
    queue.add_job("double", 1)
    ask = make(queue, secret=SECRET, upkeep=queue.create_supervisor(cleanup_events_days_to_keep=None))
    nothing = {"reclaimed_jobs": 0, "cleaned_up_jobs": 0, "cleaned_up_events": 0, "expired_tokens": 0}
    assert ask("GET", BEARER).told == {"processed": 1, "upkeep": nothing}


def test_what_goes_wrong_is_for_the_log(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    with JobQueue(NOWHERE) as away, caplog.at_level(logging.ERROR, "dataqueue.serverless"):
        answer = make(away, secret=SECRET)("GET", BEARER)
    assert (answer.status, answer.told) == (503, {"error": "the store cannot be reached: try again"})
    assert "127.0.0.1:1" in caplog.text
    assert "hunter2" not in caplog.text + str(answer)
    assert SECRET not in caplog.text + str(answer)


def test_an_async_queue(sqlite_store_url: str, queue: JobQueue) -> None:
    ids = [queue.add_job("double_async", 4), queue.add_job("double", 5)]
    async_queue = AsyncJobQueue(sqlite_store_url)
    ask = by_asgi(async_queue, secret=SECRET, upkeep=async_queue.create_supervisor())
    assert ask("GET", BEARER).told["processed"] == 2
    assert [queue.wait_for_job(job_id, 0).output for job_id in ids] == [8, 10]


async def run_async(queue: JobQueue, url: str) -> dict[str, Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    async with AsyncJobQueue(url) as async_queue:
        app = asgi_app(async_queue, handlers, secret=SECRET, time_limit=0.3, concurrency=1)
        headers = [(b"authorization", f"Bearer {SECRET}".encode())]
        await app({"type": "http", "method": "GET", "headers": headers}, receive, send)
    answer: dict[str, Any] = json.loads(sent[1]["body"])
    return answer


@pytest.mark.parametrize("how", ["asgi", "asgi, blocking", "wsgi", "lambda"])
async def test_it_ends_in_time(how: str, queue: JobQueue, sqlite_store_url: str) -> None:
    first, second = queue.add_job("endless", None, priority=1), queue.add_job("endless", None)
    began = time.monotonic()
    if how == "asgi":
        told = await run_async(queue, sqlite_store_url)
    elif how == "lambda":
        told = aws_lambda(queue, handlers, margin=1, concurrency=1)({}, Remaining(1.3))
    else:
        make = by_wsgi if how == "wsgi" else by_asgi
        told = make(queue, secret=SECRET, time_limit=0.3, concurrency=1)("GET", BEARER).told
    assert time.monotonic() - began < 30
    assert told == {"processed": 0}
    jobs = [queue.get_job(job_id) for job_id in (first, second)]
    assert [(job.status, job.attempts) for job in jobs if job] == [("pending", 0)] * 2
    assert not [thread for thread in threading.enumerate() if thread.name == "dataqueue-time-limit"]


def test_mistakes_are_told_when_it_is_made(queue: JobQueue, memory_store_url: str) -> None:
    wrong: Any
    for wrong in (asgi_app, wsgi_app, aws_lambda):
        for options, says in (
            ({"secret": 7}, "secret must be str or bytes, not int"),
            ({"secret": SECRET, "batchsize": 3}, "batchsize"),
            ({"secret": SECRET, "upkeep": True}, "upkeep must be what create_supervisor"),
        ):
            with pytest.raises(TypeError, match=says):
                wrong(queue, handlers, **options)
        with pytest.raises(ValueError, match="batch_size is 0"):
            wrong(queue, handlers, secret=SECRET, batch_size=0)
        with pytest.raises(TypeError, match="queue must be a JobQueue"):
            wrong("sqlite://:memory:", handlers, secret=SECRET)
    for wrong in (wsgi_app, aws_lambda):
        with pytest.raises(TypeError, match="give a JobQueue"):
            wrong(AsyncJobQueue(memory_store_url), handlers, secret=SECRET)
