"""Payloads that cannot be: `PayloadError` that names the place and the remedy, and nothing stored."""

from __future__ import annotations

import enum
import math
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import pytest
from pydantic import BaseModel, field_validator
from typing_extensions import TypedDict

from dataqueue import DataQueueError, Job, JobHandlers, JobQueue, JobType, PayloadError

NAN, INF = math.nan, math.inf
NUMBER = "JSON does not have: use null or a string"
NUL = "NUL .* PostgreSQL cannot store: remove it"
SURROGATE = "half of a surrogate pair, which is not text: decode its source anew"
NOT_JSON = "which is not JSON: convert it, or declare a payload type that knows how"


class Model(BaseModel):
    number: float = 0
    text: str = ""
    exact: Decimal = Decimal(0)
    anything: Any = None
    raw: bytes = b""
    inner: list[Model] = []


@dataclass
class Data:
    number: float = 0
    text: str = ""
    exact: Decimal = Decimal(0)
    anything: Any = None
    raw: bytes = b""
    inner: list[Data] = field(default_factory=list)


class Keys(TypedDict):
    number: float


class Pair(NamedTuple):
    first: float
    second: float


class Colour(enum.Enum):
    RED = "red"


def nested(levels: int, *, by_key: bool = False) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if by_key else [value]
    return value


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)

# A payload for a job type given by name, and what the message must say.
PLAIN: list[tuple[Any, str]] = [
    (NAN, f"'t' is nan, which {NUMBER}"),
    (-INF, f"'t' is -inf, which {NUMBER}"),
    ([1, {"a": [0.5, NAN]}], rf"'t'\[1\]\.a\[1\] is nan, which {NUMBER}"),
    (Pair(1, INF), rf"'t'\[1\] is inf, which {NUMBER}"),
    ("a\0b", f"'t' holds a {NUL}"),
    ({"deep": [["a\0b"]]}, rf"'t'\.deep\[0\]\[0\] holds a {NUL}"),
    ({"a\0b": 1}, f"holds a {NUL}"),
    ("\ud800", SURROGATE),
    ({"deep": ("\udfff",)}, rf"'t'\.deep\[0\] holds {SURROGATE}"),
    ({"\ud800": 1}, SURROGATE),
    ({1: 2}, "has a key of type int: JSON keys are strings"),
    ({"a": {None: 2}}, "has a key of type NoneType: JSON keys are strings"),
    (object(), f"is of type object, {NOT_JSON}"),
    (b"bytes", f"is of type bytes, {NOT_JSON}"),
    ({"a": {1, 2}}, rf"'t'\.a is of type set, {NOT_JSON}"),
    (datetime.now(UTC), f"is of type datetime, {NOT_JSON}"),
    (uuid4(), f"is of type UUID, {NOT_JSON}"),
    (Decimal(1), f"is of type Decimal, {NOT_JSON}"),
    (Decimal("NaN"), f"is of type Decimal, {NOT_JSON}"),
    (Colour.RED, f"is of type Colour, {NOT_JSON}"),
    (range(3), f"is of type range, {NOT_JSON}"),
    (iter([1]), f"is of type list_iterator, {NOT_JSON}"),
    (Model, NOT_JSON),
    ([Model()], rf"'t'\[0\] is of type Model, {NOT_JSON}"),
    (1j, f"is of type complex, {NOT_JSON}"),
    (nested(501), "nested deeper than 500 levels: flatten it"),
    (nested(100_000, by_key=True), "nested deeper than 500 levels: flatten it"),
    (CIRCLE, "nested deeper than 500 levels: flatten it"),
    (10**5000, "cannot be written as JSON: Exceeds the limit"),
]


@pytest.mark.parametrize(("payload", "says"), PLAIN, ids=range(len(PLAIN)))
def test_what_is_not_json_is_refused(queue: JobQueue, payload: Any, says: str) -> None:
    with pytest.raises(PayloadError, match=says):
        queue.add_job("t", payload)
    with pytest.raises(PayloadError, match=says):
        queue.add_jobs([Job("t", 1), Job("t", payload)])


@pytest.mark.parametrize("kind", [Model, Data])
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"number": NAN}, rf"\.number is nan, which {NUMBER}"),
        ({"anything": NAN}, rf"\.anything is nan, which {NUMBER}"),
        ({"anything": {"a": [INF]}}, rf"\.anything\.a\[0\] is inf, which {NUMBER}"),
        ({"exact": Decimal("NaN")}, "does not fit .*exact: .*finite number"),
        ({"exact": Decimal("-Infinity")}, "does not fit .*exact: .*finite number"),
        ({"text": "a\0b"}, rf"\.text holds a {NUL}"),
        ({"text": "\udcff"}, rf"\.text holds {SURROGATE}"),
        ({"anything": {"\ud800": 1}}, SURROGATE),
        ({"anything": object()}, "cannot be written as JSON: .*object"),
        ({"raw": b"\xff\x00"}, "bytes that are not UTF-8 text need ConfigDict"),
    ],
)
def test_what_hides_in_a_model_or_a_dataclass_is_found(
    queue: JobQueue, kind: Any, fields: dict[str, Any], says: str
) -> None:
    # Model refuses a Decimal that is not finite by itself: there it is put in past the check.
    make = kind.model_construct if kind is Model else kind
    for payload in (make(**fields), make(inner=[make(**fields)])):
        for job_type in ("t", JobType("t", kind)):
            with pytest.raises(PayloadError, match=says):
                queue.add_job(job_type, payload)


@pytest.mark.parametrize(
    ("payload_type", "payload", "says"),
    [
        (Model, {"number": "many"}, "does not fit Model: number: Input should be a valid number"),
        (Model, Model.model_construct(number="many"), "does not fit Model: number"),
        (Model, {"number": "NaN"}, rf"\.number is nan, which {NUMBER}"),
        (Model, Data(), "does not fit Model"),
        (Model, None, "does not fit Model"),
        (Model, {"inner": [{}, {"exact": "x"}]}, r"inner\[1\]\.exact"),
        (Data, Data(number="many"), "does not fit Data: number"),  # type: ignore[arg-type]
        (Keys, {}, "does not fit Keys: number: Field required"),
        (Keys, {"number": NAN}, rf"\.number is nan, which {NUMBER}"),
        (Pair, Pair(1, NAN), rf"\[1\] is nan, which {NUMBER}"),
        (list[int], [1, "b"], r"does not fit list\[int\]: 1: Input should be a valid integer"),
        (float, NAN, f"is nan, which {NUMBER}"),
        (Literal["a", 1], "b", "does not fit"),
        (None, 5, "does not fit"),
        (int | None, "b", "does not fit"),
        (datetime, "soon", "does not fit datetime"),
    ],
)
def test_a_payload_that_does_not_fit_its_type_is_refused(
    queue: JobQueue, payload_type: Any, payload: Any, says: str
) -> None:
    declared = JobType("t", payload_type)
    with pytest.raises(PayloadError, match=f"the payload of 't'.*{says}"):
        queue.add_job(declared, payload)
    with pytest.raises(PayloadError, match=says):
        queue.add_jobs([Job("t", 1), Job(declared, payload)])


def test_only_the_first_few_faults_are_told(queue: JobQueue) -> None:
    with pytest.raises(PayloadError, match="; and 95 more") as raised:
        queue.add_job(JobType("t", list[int]), ["x"] * 100)  # type: ignore[misc]
    assert len(str(raised.value)) < 2000


def test_the_payload_itself_is_not_in_the_error(queue: JobQueue) -> None:
    with pytest.raises(PayloadError) as raised:
        queue.add_job(JobType("t", Model), {"number": "hunter2"})  # type: ignore[misc]
    assert "hunter2" not in str(raised.value)


def test_a_payload_error_is_a_value_error_of_this_package() -> None:
    assert issubclass(PayloadError, DataQueueError)
    assert issubclass(PayloadError, ValueError)


def test_an_edit_refuses_a_payload_that_cannot_be_stored(shared_queue: JobQueue) -> None:
    job_id = shared_queue.add_job("t", {"first": 1})
    try:
        for payload, says in PLAIN:
            with pytest.raises(PayloadError, match=says.removeprefix("'t'")):
                shared_queue.edit_job(job_id, payload=payload)
        job = shared_queue.get_job(job_id)
        assert job is not None
        assert job.payload == {"first": 1}
    finally:
        shared_queue.cancel_job(job_id)
        shared_queue.cleanup_old_jobs(0)


def test_a_deep_call_stack_makes_no_recursion_error_of_a_deep_payload(queue: JobQueue) -> None:
    def from_depth(frames: int) -> None:
        if frames:
            from_depth(frames - 1)
        else:
            queue.add_job("t", nested(499))

    with pytest.raises(PayloadError, match="recursion limit"):
        from_depth(sys.getrecursionlimit() - 300)


def test_an_error_of_a_models_own_validator_comes_through(queue: JobQueue) -> None:
    class Strict(BaseModel):
        even: int

        @field_validator("even")
        @classmethod
        def check(cls, value: int) -> int:
            if value % 2:
                raise ValueError("give an even number")
            return value

    with pytest.raises(PayloadError, match="even: Value error, give an even number"):
        queue.add_job(JobType("t", Strict), {"even": 3})  # type: ignore[misc]


def test_a_type_that_cannot_serve_is_a_type_error_that_says_what_can(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("t")
    def handle(payload: range) -> None: ...

    says = "range cannot be a payload type.*Use a pydantic model, a dataclass, a TypedDict"
    with pytest.raises(TypeError, match=says):
        queue.add_job(handle, range(3))
    with pytest.raises(TypeError, match=says):
        queue.create_processor(handlers)
