"""Every kind of payload comes into its handler as what it was when it was added."""

from __future__ import annotations

import asyncio
import enum
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypeVar
from uuid import UUID

import msgspec
import pytest
import typing_extensions
from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel

from dataqueue import AsyncJobQueue, Job, JobHandlers, JobQueue, JobType, PayloadError

T = TypeVar("T")


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Colour(enum.StrEnum):
    RED = "red"


class Inner(BaseModel):
    at: datetime
    ref: UUID
    price: Decimal
    colour: Colour


class Model(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    inner: Inner
    level: Level = Level.LOW
    camel_case: int = Field(default=0, alias="camelCase")
    pairs: dict[UUID, tuple[int, str]] = {}
    tags: frozenset[str] = frozenset()
    span: timedelta | None = None
    day: date | None = None
    clock: time | None = None
    path: PurePosixPath | None = None


class Binary(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    raw: bytes


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    x: int


class Wrapper(RootModel[list[int]]): ...


class Box(BaseModel, Generic[T]):
    content: T


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5
    rest: list[Inner] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    start: Point
    end: Point


class Old(typing.TypedDict):
    when: datetime
    more: NotRequired[list[Point]]


class New(typing_extensions.TypedDict, total=False):
    when: datetime
    old: Old


class Pair(NamedTuple):
    left: Decimal
    right: int = 7


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str] = []


AT = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
ELSEWHERE = AT.astimezone(timezone(timedelta(hours=5, minutes=45)))
INNER = Inner(at=AT, ref=UUID(int=2**100), price=Decimal("10.10"), colour=Colour.RED)
FULL = Model(
    inner=INNER,
    level=Level.HIGH,
    camelCase=5,
    pairs={UUID(int=1): (2**70, "é\U0001f600")},
    tags=frozenset({"a", "b"}),
    span=timedelta(days=1, microseconds=3),
    day=date(2026, 1, 2),
    clock=time(1, 2, 3),
    path=PurePosixPath("/a/b"),
)
DEEP: Any = "bottom"
for _ in range(150):
    DEEP = {"a": [DEEP]}

PAYLOADS: list[tuple[Any, Any]] = [
    (Model, FULL),
    (Model, Model(inner=INNER)),
    (Binary, Binary(raw=b"\x00\xff\xfe")),
    (Frozen, Frozen(x=1)),
    (Wrapper, Wrapper([1, 2])),
    (Box[Inner], Box[Inner](content=INNER)),
    (Point, Point(1, 2.5, [INNER])),
    (Line, Line(Point(1), Point(2))),
    (Old, {"when": AT, "more": [Point(1)]}),
    (Old, {"when": ELSEWHERE}),
    (New, {"old": {"when": AT}}),
    (New, {}),
    (list[Old], [{"when": AT}]),
    (Pair, Pair(Decimal("0.10"))),
    (list[int], [1, 2**70, -(2**63)]),
    (list[Point | None], [Point(1), None]),
    (dict[str, Decimal], {"": Decimal("1E+10")}),
    (dict[int, Colour], {1: Colour.RED}),
    (tuple[int, ...], (1, 2, 3)),
    (set[int], {3, 1, 2}),
    (Sequence[int], [1, 2]),
    (Mapping[str, int], {"b": 1, "a": 2}),
    (int | None, None),
    (int | str, "5"),
    (typing.Optional[Point], Point(3)),  # noqa: UP045 - both spellings
    (Literal["a", 1] | None, 1),
    (Annotated[Cat | Dog, Discriminator("kind")], Dog(tricks=["sit"])),
    (list[Annotated[Cat | Dog, Discriminator("kind")]], [Cat(), Dog()]),
    (datetime, ELSEWHERE),
    (date, date(2026, 1, 1)),
    (timedelta, timedelta(hours=-1)),
    (UUID, UUID(int=7)),
    (Decimal, Decimal("1.10")),
    (Colour, Colour.RED),
    (Level, Level.HIGH),
    (bytes, b"plain text"),
    (bool, True),
    (float, 1e22),
    (float, 5e-324),
    (int, 2**2000),
    (str, "é\u2028\x01\x7f\\u0000\U0001f600"),
    (None, None),
    (Any, {"a": [1, 1.5, "x", None, True, {}, []]}),
    (object, [1, {"b": 2}]),
    (Any, DEEP),
    (Any, "x" * 1_000_000),
]


def test_each_payload_type_reaches_both_kinds_of_handlers_typed(store_url: str) -> None:
    handlers = JobHandlers()
    received: dict[str, object] = {}

    def register(declared: JobType[Any]) -> None:
        @handlers.job(JobType(f"{declared.name}_sync", declared.payload_type))
        def keep(payload: Any) -> None:
            received[f"{declared.name}_sync"] = payload

        @handlers.job(declared)
        async def keep_async(payload: Any) -> None:
            received[declared.name] = payload

    jobs: list[Job[Any]] = []
    for number, (payload_type, payload) in enumerate(PAYLOADS):
        declared = JobType(f"type_{number}", payload_type)
        register(declared)
        jobs += [Job(declared, payload), Job(JobType(f"{declared.name}_sync", payload_type), payload)]
    with JobQueue(store_url) as queue:
        queue.add_jobs(jobs)
        assert queue.create_processor(handlers, batch_size=1000, concurrency=8).start() == len(jobs)
        assert queue.count_jobs(status="completed") == len(jobs)
    for number, (payload_type, payload) in enumerate(PAYLOADS):
        for got in (received[f"type_{number}"], received[f"type_{number}_sync"]):
            assert got == payload, payload_type
            assert type(got) is type(payload), payload_type


def test_the_annotation_of_a_handler_is_the_type_of_its_payload(store_url: str) -> None:
    handlers = JobHandlers()
    received: list[object] = []

    @handlers.job("point")
    def point(payload: Point) -> None:
        received.append(payload)

    @handlers.job("old")
    async def old(payload: Old, *, ctx: object) -> None:
        received.append(payload)

    @handlers.job("maybe")
    def maybe(payload: Point | None) -> None:
        received.append(payload)

    @handlers.job("untyped")
    def untyped(payload) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        received.append(payload)

    with JobQueue(store_url) as queue:
        queue.add_job(point, Point(1), priority=5)
        queue.add_job(old, Old(when=AT), priority=4)
        queue.add_job(maybe, None, priority=3)
        queue.add_job(untyped, {"any": ["json"]}, priority=2)
        # By name nothing is known when the job is added: the payload is checked when it runs.
        queue.add_job("point", {"x": 9}, priority=1)
        assert queue.create_processor(handlers, concurrency=1).start() == 5
    assert received == [Point(1), {"when": AT}, None, {"any": ["json"]}, Point(9)]


def test_a_payload_added_by_name_that_does_not_fit_fails_once_and_is_not_retried(store_url: str) -> None:
    handlers = JobHandlers()
    ran: list[object] = []

    @handlers.job("sync", max_attempts=5)
    def sync(payload: Point) -> None:
        ran.append(payload)

    @handlers.job("awaited", max_attempts=5)
    async def awaited(payload: Old) -> None:
        ran.append(payload)

    with JobQueue(store_url) as queue:
        ids = [queue.add_job("sync", {"x": "far"}), queue.add_job("awaited", [1])]
        assert queue.create_processor(handlers).start() == 2
        for job_id, says in zip(ids, ("does not fit Point: x: ", "does not fit Old"), strict=True):
            job = queue.get_job(job_id)
            assert job is not None
            assert (job.status, job.failure_reason, job.next_attempt_at) == ("failed", "handler_error", None)
            assert says in job.error_history[0].message
            assert job.error_history[0].type == "dataqueue.errors.PayloadError"
    assert ran == []


def test_what_a_handler_returns_is_its_output(store_url: str) -> None:
    outputs: list[tuple[object, object]] = [
        (None, None),
        (0, 0),
        ("é", "é"),
        ({"a": [1.5, None]}, {"a": [1.5, None]}),
        ((1, 2), [1, 2]),
        (Point(1), {"x": 1, "y": 0.5, "rest": []}),
        (Frozen(x=3), {"x": 3}),
    ]
    handlers = JobHandlers()

    @handlers.job("sync")
    def sync(payload: int) -> object:
        return outputs[payload][0]

    @handlers.job("awaited")
    async def awaited(payload: int) -> object:
        return outputs[payload][0]

    with JobQueue(store_url) as queue:
        ids = {kind: queue.add_jobs([Job(kind, at) for at in range(len(outputs))]) for kind in ("sync", "awaited")}
        queue.create_processor(handlers, batch_size=100).start()
        for jobs in ids.values():
            assert [queue.wait_for_job(job_id, 30).output for job_id in jobs] == [stored for _, stored in outputs]


def test_an_alias_is_what_is_stored(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        job = queue.get_job(queue.add_job("t", FULL))
        assert job is not None
        assert job.payload["camelCase"] == 5
        assert "camel_case" not in job.payload
        typed = queue.get_job(queue.add_job(JobType("t", Model), FULL))
        assert typed is not None
        assert typed.payload == job.payload


def test_extra_fields_are_refused_where_the_model_forbids_them(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        with pytest.raises(PayloadError, match="y: Extra inputs are not permitted"):
            queue.add_job(JobType("t", Frozen), {"x": 1, "y": 2})  # type: ignore[misc]
        assert queue.count_jobs() == 0


def test_an_edited_payload_may_be_a_model(store_url: str) -> None:
    with JobQueue(store_url) as queue:
        job_id = queue.add_job("t", None)
        assert queue.edit_job(job_id, payload=Point(4))
        job = queue.get_job(job_id)
        assert job is not None
        assert job.payload == {"x": 4, "y": 0.5, "rest": []}
        assert queue.get_job_events(job_id)[-1].metadata == {"payload": job.payload}
        assert queue.edit_job(job_id, payload=DEEP)
        assert queue.get_job_events(job_id)[-1].metadata == {"payload": DEEP}


def test_a_msgspec_struct_is_refused_with_what_to_use_instead(store_url: str) -> None:
    class Event(msgspec.Struct):
        x: int

    handlers = JobHandlers()

    @handlers.job("t")
    def handle(payload: Event) -> None: ...

    says = "Event is a msgspec.Struct, which pydantic cannot read: use a dataclass, a TypedDict or a pydantic model"
    with JobQueue(store_url) as queue:
        with pytest.raises(TypeError, match=says):
            queue.add_job(handle, Event(1))
        with pytest.raises(TypeError, match=says):
            queue.create_processor(handlers)
        with pytest.raises(PayloadError, match=r"is of type .*Event, which is not JSON: convert it"):
            queue.add_job("t", Event(1))
        assert queue.count_jobs() == 0


async def test_the_async_twin_stores_the_same(sqlite_store_url: str) -> None:
    async with AsyncJobQueue(sqlite_store_url) as twin:
        with JobQueue(sqlite_store_url) as queue:
            for payload_type, payload in PAYLOADS:
                declared: JobType[Any] = JobType("t", payload_type)
                ours, theirs = (
                    await twin.add_job(declared, payload),
                    await asyncio.to_thread(queue.add_job, declared, payload),
                )
                first, second = await twin.get_job(ours), await twin.get_job(theirs)
                assert first is not None
                assert second is not None
                assert first.payload == second.payload
