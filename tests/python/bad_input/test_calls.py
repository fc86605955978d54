"""Bad arguments of reading, managing and cleaning up."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from dataqueue import AsyncJobQueue, JobQueue, RunAt, Tags, UnsupportedBackend

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
STATUSES = "pending, processing, completed, failed, cancelled, waiting"

# Conditions, the error, and what its message must say.
FILTERS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"job_type": []}, ValueError, "job_type is an empty list, .* leave it out"),
    ({"job_type": 5}, TypeError, "job_type must be one value or a list"),
    ({"job_type": ""}, ValueError, "job_type is empty: give it 1 to 255"),
    ({"job_type": ["a", None]}, TypeError, "job_type must be a job type or its name"),
    ({"job_type": "a\0"}, ValueError, "job_type holds a NUL"),
    ({"priority": 2**31}, ValueError, "priority is 2147483648: it must be from"),
    ({"priority": True}, TypeError, "priority must be an int, not bool"),
    ({"run_at": NAIVE}, ValueError, r"run_at\.eq is a naive datetime .* value\.replace"),
    ({"run_at": RunAt(gte=NAIVE)}, ValueError, r"run_at\.gte is a naive datetime"),
    ({"run_at": RunAt(lt="today")}, TypeError, r"run_at\.lt must be a datetime, not str"),  # type: ignore[arg-type]
    ({"run_at": "today"}, TypeError, r"run_at must be a datetime or RunAt\("),
    ({"tags": "urgent"}, TypeError, "tags must be a list of str, not str"),
    ({"tags": Tags("urgent")}, TypeError, "tags must be a list of str, not str"),
    ({"tags": ["a", 5]}, TypeError, r"tags\[1\] must be a str"),
    ({"tags": ["a\0"]}, ValueError, r"tags\[0\] holds a NUL"),
    ({"tags": Tags(["a"], "most")}, ValueError, "mode is 'most': it must be one of exact, all, any, none"),
    ({"colour": "red"}, TypeError, "colour"),
]
BAD_STATUS: list[tuple[Any, type[Exception], str]] = [
    ("gone", ValueError, f"status is 'gone': it must be one of {STATUSES}"),
    (["failed", "gone"], ValueError, "status is 'gone'"),
    ([], ValueError, "status is an empty list"),
    (5, TypeError, "status must be one value or a list"),
]
PAGES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"limit": 0}, ValueError, "limit is 0: it must be from 1 to 10000"),
    ({"limit": -1}, ValueError, "limit is -1"),
    ({"limit": 10_001}, ValueError, "limit is 10001: it must be from 1 to 10000"),
    ({"limit": True}, TypeError, "limit must be an int, not bool"),
    ({"limit": 10.0}, TypeError, "limit must be an int, not float"),
    ({"limit": None}, TypeError, "limit must be an int, not NoneType"),
    ({"offset": -1}, ValueError, "offset is -1: it must be from 0"),
    ({"offset": 2**31}, ValueError, "offset is 2147483648"),
    ({"offset": "3"}, TypeError, "offset must be an int, not str"),
    ({"cursor": 5, "offset": 1}, ValueError, "cursor and offset exclude each other: page by cursor"),
    ({"cursor": "5"}, TypeError, "cursor must be an int, not str"),
    ({"cursor": 2**63}, ValueError, "cursor is 9223372036854775808: it must be from"),
]
IDS: list[tuple[Any, type[Exception], str]] = [
    ("1", TypeError, "job_id must be an int, not str"),
    (1.0, TypeError, "job_id must be an int, not float"),
    (None, TypeError, "job_id must be an int, not NoneType"),
    (True, TypeError, "job_id must be an int, not bool"),
    (2**63, ValueError, "job_id is 9223372036854775808: it must be from"),
]
SPANS: list[tuple[Any, type[Exception], str]] = [
    (-1, ValueError, "is -1: give a finite number that is not negative"),
    (-0.5, ValueError, "is -0.5: give a finite number that is not negative"),
    (math.nan, ValueError, "is nan: give a finite number"),
    (math.inf, ValueError, "is inf: give a finite number"),
    ("30", TypeError, "must be a number, not str"),
    (None, TypeError, "must be a number, not NoneType"),
    (True, TypeError, "must be a number, not bool"),
    (timedelta(days=1), TypeError, "must be a number, not timedelta"),
]


@pytest.mark.parametrize(("conditions", "error", "says"), FILTERS)
def test_a_bad_condition_is_refused_wherever_conditions_are_taken(
    queue: JobQueue, conditions: dict[str, Any], error: type[Exception], says: str
) -> None:
    for call in (queue.get_jobs, queue.count_jobs, queue.cancel_all_upcoming_jobs, queue.retry_all_failed_jobs):
        with pytest.raises(error, match=says):
            call(**conditions)
    with pytest.raises(error, match=says):
        queue.edit_all_pending_jobs({"priority": 1}, **conditions)


@pytest.mark.parametrize(("status", "error", "says"), BAD_STATUS)
def test_an_unknown_status_is_refused(queue: JobQueue, status: Any, error: type[Exception], says: str) -> None:
    for call in (
        lambda: queue.get_jobs(status=status),
        lambda: queue.count_jobs(status=status),
        lambda: queue.get_jobs_by_status(status),
    ):
        with pytest.raises(error, match=says):
            call()


@pytest.mark.parametrize("method", ["cancel_all_upcoming_jobs", "retry_all_failed_jobs", "edit_all_pending_jobs"])
def test_bulk_changes_take_no_status(queue: JobQueue, method: str) -> None:
    arguments = [{"priority": 1}] if method == "edit_all_pending_jobs" else []
    with pytest.raises(TypeError, match="status"):
        getattr(queue, method)(*arguments, status="failed")


@pytest.mark.parametrize(("page", "error", "says"), PAGES)
def test_a_bad_page_is_refused(queue: JobQueue, page: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        queue.get_jobs(**page)
    if "cursor" not in page:
        for call in (queue.get_all_jobs, lambda **page: queue.get_jobs_by_status("failed", **page)):
            with pytest.raises(error, match=says):
                call(**page)
        with pytest.raises(error, match=says):
            queue.get_jobs_by_tags(["a"], "all", **page)


@pytest.mark.parametrize(("job_id", "error", "says"), IDS)
def test_what_is_no_id_is_refused(queue: JobQueue, job_id: Any, error: type[Exception], says: str) -> None:
    for call in (
        queue.get_job,
        queue.get_job_events,
        queue.cancel_job,
        queue.retry_job,
        queue.wait_for_job,
        lambda one: queue.edit_job(one, priority=1),
    ):
        with pytest.raises(error, match=says):
            call(job_id)


@pytest.mark.parametrize("job_id", [0, -1, 10**12, 2**63 - 1, -(2**63)])
def test_an_id_that_no_job_has_changes_nothing(queue: JobQueue, job_id: int) -> None:
    assert queue.get_job(job_id) is None
    assert queue.get_job_events(job_id) == []
    assert not queue.cancel_job(job_id)
    assert not queue.retry_job(job_id)
    assert not queue.edit_job(job_id, priority=1)
    with pytest.raises(LookupError, match=f"there is no job {job_id}: it was never added, or was cleaned up"):
        queue.wait_for_job(job_id, 30)


@pytest.mark.parametrize(("span", "error", "says"), SPANS)
def test_days_and_minutes_are_plain_numbers_and_not_negative(
    queue: JobQueue, span: Any, error: type[Exception], says: str
) -> None:
    for method, option in (
        ("cleanup_old_jobs", "days_to_keep"),
        ("cleanup_old_job_events", "days_to_keep"),
        ("cleanup_old_payloads", "days_to_keep"),
        ("reclaim_stuck_jobs", "max_processing_minutes"),
    ):
        with pytest.raises(error, match=f"{option} {says}"):
            getattr(queue, method)(span)


@pytest.mark.parametrize("span", [0, 0.5, 10**9, 1e300, 10**400])
def test_days_and_minutes_may_be_as_many_as_one_likes(queue: JobQueue, span: float) -> None:
    assert queue.cleanup_old_jobs(span) == 0
    assert queue.cleanup_old_job_events(span) == 0
    assert queue.cleanup_old_payloads(span) == 0
    assert queue.reclaim_stuck_jobs(span) == 0


@pytest.mark.parametrize("statuses", ["pending", ["completed", "waiting"], "processing"])
def test_only_jobs_that_ended_are_cleaned_up(queue: JobQueue, statuses: Any) -> None:
    with pytest.raises(ValueError, match="only completed, failed, cancelled jobs are cleaned up"):
        queue.cleanup_old_jobs(0, statuses)


@pytest.mark.parametrize("statuses", ["gone", []])
def test_clean_up_names_an_unknown_status(queue: JobQueue, statuses: Any) -> None:
    with pytest.raises(ValueError, match=r"^statuses is "):
        queue.cleanup_old_jobs(0, statuses)


@pytest.mark.parametrize("field", ["colour", "job_type", "idempotency_key", "status", "group", "id"])
def test_a_field_that_cannot_be_edited_is_named_with_those_that_can(queue: JobQueue, field: str) -> None:
    updates: Any = {"priority": 1, field: "x"}
    says = f"cannot edit '{field}': the fields are payload, priority, max_attempts, run_at, timeout, force_kill"
    with pytest.raises(TypeError, match=rf"edit_job\(\) {says}"):
        queue.edit_job(1, **updates)
    with pytest.raises(TypeError, match=rf"edit_all_pending_jobs\(\) {says}"):
        queue.edit_all_pending_jobs(updates)


@pytest.mark.parametrize("updates", [None, [("priority", 1)], "priority", 5])
def test_updates_are_a_mapping(queue: JobQueue, updates: Any) -> None:
    with pytest.raises(TypeError, match=r"takes updates as a mapping such as \{'priority': 5\}"):
        queue.edit_all_pending_jobs(updates)


@pytest.mark.parametrize("field", ["priority", "max_attempts"])
def test_a_field_without_an_absence_is_not_cleared(queue: JobQueue, field: str) -> None:
    with pytest.raises(TypeError, match=f"{field} must be an int, not NoneType"):
        queue.edit_job(1, **{field: None})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("timeout", "error", "says"),
    [
        (-1, ValueError, "timeout is -1.0 seconds: it must not be negative"),
        (math.nan, ValueError, "timeout is nan: give a finite number"),
        ("5", TypeError, "timeout must be seconds"),
    ],
)
def test_a_bad_wait_is_refused(queue: JobQueue, timeout: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        queue.wait_for_job(1, timeout)


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        ("1", TypeError, "to must be an int, not str"),
        (-1, ValueError, "to is -1: it must be from 0"),
        (9999, ValueError, "there is no migration 9999: the versions are 0 to"),
    ],
)
def test_a_bad_migration_is_refused(queue: JobQueue, target: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        queue.migrate(target)


def test_what_the_store_does_not_have_is_refused_by_name(queue: JobQueue) -> None:
    backend = next(name for name in ("sqlite", "postgresql", "redis") if name in repr(queue))
    if backend != "redis":
        with pytest.raises(UnsupportedBackend, match=r"get_redis_client\(\) is for Redis, and this queue is on"):
            queue.get_redis_client()
    if backend != "postgresql":
        says = rf"get_pool\(\) is for PostgreSQL, and this queue is on {backend}"
        with pytest.raises(UnsupportedBackend, match=says):
            queue.get_pool()
        with pytest.raises(UnsupportedBackend, match="add the job after your transaction committed") as raised:
            queue.add_job("t", 1, connection=object())
        assert raised.value.backend == backend
    else:
        with pytest.raises(
            TypeError, match="connection must be a psycopg 3 connection, an SQLAlchemy 2 Session or Connection"
        ):
            queue.add_job("t", 1, connection=object())


async def test_the_async_twin_refuses_alike(shared_store_url: str, queue: JobQueue) -> None:
    async with AsyncJobQueue(shared_store_url) as twin:
        for conditions, error, says in FILTERS:
            with pytest.raises(error, match=says):
                await twin.get_jobs(**conditions)
        for page, error, says in PAGES:
            with pytest.raises(error, match=says):
                await twin.get_jobs(**page)
        for job_id, error, says in IDS:
            with pytest.raises(error, match=says):
                await twin.wait_for_job(job_id)
        for span, error, says in SPANS:
            with pytest.raises(error, match=says):
                await twin.cleanup_old_jobs(span)
        assert await twin.count_jobs() == 0
    assert queue.count_jobs() == 0
