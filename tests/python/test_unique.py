"""Jobs of which there is to be one of a kind: what a kind is, and what a rule may say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataqueue import Job, JobContext, JobGroup, JobHandlers, JobQueue, JobRecord, JobStatus, JobType, Unique

BY_USER = Unique(by=("type", "payload.user"))


def record(queue: JobQueue, job_id: int) -> JobRecord:
    found = queue.get_job(job_id)
    assert found is not None
    return found


def test_another_of_the_kind_is_found_until_it_has_ended(queue: JobQueue) -> None:
    first = queue.add_job("a", {"x": 1, "y": [2]}, unique=Unique())
    again = queue.add_job("a", {"y": [2], "x": 1}, unique=Unique(), priority=5)
    assert (first.created, again, again.created) == (True, first, False)
    assert record(queue, first).priority == 0
    assert queue.create_processor({"a": lambda payload: payload}).start() == 1
    assert queue.add_job("a", {"x": 1, "y": [2]}, unique=Unique()).created


def test_a_kind_is_what_by_names(queue: JobQueue) -> None:
    given: list[tuple[Any, dict[str, Any], bool]] = [
        ({"user": 1, "n": 1}, {"unique": BY_USER}, True),
        ({"user": 1, "n": 2}, {"unique": BY_USER}, False),
        ({"user": "1"}, {"unique": BY_USER}, True),
        ({"user": 1}, {"unique": Unique(by=["payload.user", "type", "type"])}, False),
        ({"user": 1}, {"unique": Unique(by=("type",))}, True),
        (None, {"unique": Unique(by=("type",))}, False),
        (None, {"unique": Unique(by=("type", "tags")), "tags": ["b", "a"]}, True),
        (1, {"unique": Unique(by=("type", "tags")), "tags": ["a", "b", "a"]}, False),
        (1, {"unique": Unique(by=("type", "tags")), "tags": ["a"]}, True),
        (1, {"unique": Unique(by=("group",)), "group": JobGroup("g", "gold")}, True),
        (2, {"unique": Unique(by=("group",)), "group": JobGroup("g")}, False),
        (2, {"unique": Unique(by=("group",))}, True),
        ({"user": {"id": 1}}, {"unique": Unique(by=("payload.user.id",))}, True),
        ({"user": {"id": 1, "x": 1}}, {"unique": Unique(by=("payload.user.id",))}, False),
    ]
    for payload, options, created in given:
        assert queue.add_job("a", payload, **options).created is created, (payload, options)
    assert queue.add_job("b", {"user": 1}, unique=BY_USER).created


def test_at_most_one_in_a_span_whatever_became_of_it(queue: JobQueue) -> None:
    first = queue.add_job("a", 1, unique=Unique(within=timedelta(hours=1)))
    assert queue.cancel_job(first)
    assert queue.add_job("a", 1, unique=Unique(within=3600)) == first
    assert queue.add_job("a", 1, unique=Unique(within=3600, states=["pending", JobStatus.FAILED])).created


def test_the_states_that_count_can_be_named(queue: JobQueue) -> None:
    only_waiting = Unique(by=("type",), states=("pending",))
    seen = []

    def handler(payload: object) -> None:
        seen.append((queue.add_job("a", None, unique=only_waiting), queue.add_job("a", None, unique=only_waiting)))

    first = queue.add_job("a", None, unique=only_waiting)
    assert queue.create_processor({"a": handler}, concurrency=1, batch_size=1).start() == 1
    ((second, third),) = seen
    assert (second.created, third.created, third) == (True, False, second)
    assert second != first


def test_the_last_of_many_debounced_adds_counts(queue: JobQueue) -> None:
    ids = [queue.add_job("a", {"n": n}, debounce=3600) for n in range(4)]
    assert ([job_id.created for job_id in ids], len(set(ids))) == ([True, False, False, False], 1)
    job = record(queue, ids[0])
    assert job.payload == {"n": 3}
    assert job.run_at == job.updated_at + timedelta(hours=1)
    other = queue.add_job("a", {"n": 1, "user": 1}, unique=BY_USER, debounce=timedelta(hours=2))
    assert other.created
    assert queue.add_job("a", {"n": 2, "user": 1}, unique=BY_USER, debounce=60) == other
    assert record(queue, other).payload == {"n": 2, "user": 1}
    assert queue.create_processor({"a": lambda payload: payload}).start() == 0
    assert queue.edit_job(other, run_at=None)
    assert queue.create_processor({"a": lambda payload: payload}).start() == 1
    assert queue.add_job("a", {"n": 3, "user": 1}, unique=BY_USER, debounce=60).created


def test_many_jobs_at_once_keep_their_rules(queue: JobQueue) -> None:
    jobs = [Job("a", n % 3, unique=Unique()) for n in range(9)] + [Job("a", 0)]
    added = queue.add_jobs(jobs)
    assert [job_id.created for job_id in added] == [True] * 3 + [False] * 6 + [True]
    assert added[:3] == added[3:6]


def test_of_many_threads_one_adds(queue: JobQueue) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda n: queue.add_job("a", n, unique=Unique(by=("type",))), range(24)))
    assert [job_id.created for job_id in added].count(True) == 1
    assert len(set(added)) == 1


def test_a_handler_adds_by_a_rule_too(queue: JobQueue) -> None:
    def handler(payload: object, *, ctx: JobContext) -> list[int]:
        rule = Unique(by=("type",))
        ids = [ctx.add_job("b", n, unique=rule) for n in range(2)]
        return [*ids, *(ctx.add_job("c", n, debounce=60) for n in range(2))]

    job_id = queue.add_job("a", None)
    queue.create_processor(JobHandlers({"a": handler})).start()
    first, second, third, fourth = record(queue, job_id).output
    assert (first, third) == (second, fourth)
    assert record(queue, third).payload == 1


RULES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"by": "type"}, TypeError, "by must be a list of str, not str"),
    ({"by": ()}, ValueError, "by is empty: name what jobs of a kind have in common"),
    ({"by": ("type", 1)}, TypeError, "by must hold str, not int"),
    ({"by": ("priority",)}, ValueError, "by has 'priority', which no job has: use \"type\""),
    ({"by": ("payload.",)}, ValueError, "by has 'payload.', which no job has"),
    ({"by": ("payload.a..b",)}, ValueError, "which no job has"),
    ({"within": 0}, ValueError, "within is 0: it must be positive"),
    ({"within": -1}, ValueError, "within is -1"),
    ({"within": "5"}, TypeError, "within must be seconds"),
    ({"within": timedelta(days=9_000)}, ValueError, "at most .* \\(about ten years\\)"),
    ({"states": ()}, ValueError, "states is empty"),
    ({"states": ("open",)}, ValueError, "states is 'open': it must be one of pending"),
    ({"states": "pending"}, TypeError, "states must be a list of JobStatus, not str"),
]


@pytest.mark.parametrize(("fields", "error", "says"), RULES)
def test_what_is_no_rule_is_refused(fields: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Unique(**fields)


OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"unique": True}, TypeError, "unique must be a Unique, not bool"),
    ({"unique": Unique(by=("payload.user",))}, ValueError, "'payload.user', and the payload has no such field"),
    ({"debounce": 0}, ValueError, "debounce is 0: it must be positive"),
    ({"debounce": -5}, ValueError, "debounce is -5"),
    ({"debounce": "5"}, TypeError, "debounce must be seconds"),
    ({"debounce": 5, "idempotency_key": "k"}, ValueError, "debounce excludes idempotency_key"),
    ({"debounce": 5, "run_at": datetime.now(UTC)}, ValueError, "leave run_at out"),
    ({"debounce": 5, "unique": Unique(within=5)}, ValueError, "leave within and states out"),
    ({"debounce": 5, "unique": Unique(states=("failed",))}, ValueError, "leave within and states out"),
]


@pytest.mark.parametrize(("options", "error", "says"), OPTIONS)
def test_what_does_not_go_together_is_refused_and_nothing_added(
    queue: JobQueue, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        queue.add_job("a", {"n": 1}, **options)
    with pytest.raises(error, match=says):
        Job(JobType("a", dict[str, int]), {"n": 1}, **options)
    assert queue.count_jobs() == 0


def test_a_rule_does_not_go_with_a_connection_of_the_callers(postgres_store_url: str) -> None:
    rules: list[dict[str, Any]] = [{"unique": Unique()}, {"debounce": 5}]
    for options in rules:
        with JobQueue(postgres_store_url) as queue, pytest.raises(ValueError, match="do not go with connection"):
            queue.add_job("a", 1, connection=object(), **options)
