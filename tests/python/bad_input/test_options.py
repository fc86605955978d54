"""Options of a job that cannot be: refused alike at every door, before anything is stored."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import AsyncJobQueue, EditUpdates, Job, JobHandlers, JobQueue, JobType

if TYPE_CHECKING:
    from collections.abc import Callable

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
INT32 = 2**31 - 1
A_YEAR = 366 * 24 * 3600

# The option, a bad value for it, the error, and what its message must say besides the option's name.
BAD: list[tuple[str, Any, type[Exception], str]] = [
    ("priority", INT32 + 1, ValueError, f"from {-INT32 - 1} to {INT32}"),
    ("priority", -INT32 - 2, ValueError, f"from {-INT32 - 1} to {INT32}"),
    ("priority", 10**5000, ValueError, f"from {-INT32 - 1} to {INT32}"),
    ("priority", True, TypeError, "an int, not bool"),
    ("priority", 1.0, TypeError, "an int, not float"),
    ("priority", "1", TypeError, "an int, not str"),
    ("max_attempts", 0, ValueError, f"from 1 to {INT32}"),
    ("max_attempts", -1, ValueError, f"from 1 to {INT32}"),
    ("max_attempts", INT32 + 1, ValueError, f"from 1 to {INT32}"),
    ("max_attempts", math.nan, TypeError, "an int, not float"),
    ("max_attempts", True, TypeError, "an int, not bool"),
    ("timeout", -1, ValueError, "must not be negative"),
    ("timeout", timedelta(microseconds=-1), ValueError, "must not be negative"),
    ("timeout", 0, ValueError, "at least one millisecond, or None"),
    ("timeout", math.nan, ValueError, "a finite number of seconds"),
    ("timeout", math.inf, ValueError, "a finite number of seconds"),
    ("timeout", 2**31, ValueError, "at most 2147483"),
    ("timeout", timedelta.max, ValueError, "at most 2147483"),
    ("timeout", 10**400, ValueError, "far too long"),
    ("timeout", True, TypeError, "seconds .* or a timedelta, not bool"),
    ("timeout", "30s", TypeError, "seconds .* or a timedelta, not str"),
    ("retry_delay", -0.001, ValueError, "must not be negative"),
    ("retry_delay", math.nan, ValueError, "a finite number"),
    ("retry_delay", -math.inf, ValueError, "a finite number"),
    ("retry_delay", A_YEAR + 1, ValueError, f"at most {A_YEAR}"),
    ("retry_delay", False, TypeError, "not bool"),
    ("retry_delay_max", timedelta(seconds=-1), ValueError, "must not be negative"),
    ("retry_delay_max", math.inf, ValueError, "a finite number"),
    ("retry_delay_max", 1e300, ValueError, f"at most {A_YEAR}"),
    ("retry_backoff", 1, TypeError, "True or False, not int"),
    ("retry_backoff", "no", TypeError, "True or False, not str"),
    ("tags", "urgent", TypeError, "a list of str, not str"),
    ("tags", b"urgent", TypeError, "a list of str, not bytes"),
    ("tags", 5, TypeError, "a list of str, not int"),
    ("tags", ["good", 5], TypeError, r"tags\[1\] must be a str, not int"),
    ("tags", ["good", ""], ValueError, r"tags\[1\] is empty: give it 1 to 255"),
    ("tags", ["x" * 256], ValueError, "256 characters: at most 255"),
    ("tags", ["a\0"], ValueError, "NUL .* PostgreSQL cannot store: remove it"),
    ("tags", ["\udcff"], ValueError, "half of a surrogate pair"),
    ("dead_letter_job_type", "", ValueError, "is empty: give it 1 to 255"),
    ("dead_letter_job_type", 5, TypeError, "a job type or its name, not int"),
    ("expires_in", 0, ValueError, "it must be positive"),
    ("expires_in", math.nan, ValueError, "a finite number"),
    ("expires_in", 1e9, ValueError, "about ten years"),
    ("expires_in", "soon", TypeError, "seconds .* or a timedelta, not str"),
    ("keep_result_for", -1, ValueError, "must not be negative"),
    ("keep_result_for", True, TypeError, "seconds .* or a timedelta, not bool"),
    ("group", "acme", TypeError, "must be a JobGroup, not str"),
    ("traceparent", "01-02-03", ValueError, "in lower-case hexadecimal, such as 00-"),
    ("traceparent", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", ValueError, "in lower-case hexadecimal"),
    ("traceparent", 5, TypeError, "a str, not int"),
    ("run_at", NAIVE, ValueError, r"naive .* value\.replace\(tzinfo=timezone\.utc\)"),
    ("run_at", "2026-01-01T00:00:00Z", TypeError, "a datetime, not str"),
    ("run_at", date(2026, 1, 1), TypeError, "a datetime, not date"),
    ("run_at", datetime.max.replace(tzinfo=UTC), ValueError, "must lie between"),
    ("run_at", datetime.min.replace(tzinfo=UTC), ValueError, "must lie between"),
]
NOT_OF_A_TYPE = {"run_at", "group", "traceparent"}
BAD_NAMES = [
    ("", "is empty: give it 1 to 255"),
    ("k" * 256, "256 characters: at most 255"),
    ("a\0b", "NUL .* PostgreSQL cannot store: remove it"),
    ("\ud800", "half of a surrogate pair"),
]


def named(index: int) -> str:
    option, value, _, _ = BAD[index]
    return f"{option}-{index}-{type(value).__name__}"


bad_option = pytest.mark.parametrize(("option", "value", "error", "says"), BAD, ids=map(named, range(len(BAD))))
EDITED = [at for at, (option, *_) in enumerate(BAD) if option in EditUpdates.__annotations__]
bad_edit = pytest.mark.parametrize(
    ("option", "value", "error", "says"), [BAD[at] for at in EDITED], ids=map(named, EDITED)
)


def refused(call: Callable[[], object], error: type[Exception], option: str, says: str) -> str:
    with pytest.raises(error, match=says) as raised:
        call()
    assert option in str(raised.value)
    return str(raised.value)


@bad_option
def test_a_bad_option_is_refused_at_every_door(
    queue: JobQueue, option: str, value: Any, error: type[Exception], says: str
) -> None:
    given = {option: value}
    told = refused(lambda: queue.add_job("t", None, **given), error, option, says)
    assert refused(lambda: Job("t", None, **given), error, option, says) == told
    if option not in NOT_OF_A_TYPE:
        assert refused(lambda: JobType("t", int, **given), error, option, says) == told
        assert refused(lambda: JobHandlers().job("t", **given), error, option, says) == told


@bad_edit
def test_an_edit_refuses_a_bad_value_alike(
    shared_queue: JobQueue, option: str, value: Any, error: type[Exception], says: str
) -> None:
    job_id = shared_queue.add_job("t", None, timeout=5, tags=["a"])
    try:
        before = shared_queue.get_job(job_id)
        refused(lambda: shared_queue.edit_job(job_id, **{option: value}), error, option, says)
        refused(lambda: shared_queue.edit_all_pending_jobs({option: value}), error, option, says)  # type: ignore[misc]
        assert shared_queue.get_job(job_id) == before
        assert len(shared_queue.get_job_events(job_id)) == 1
    finally:
        shared_queue.cancel_job(job_id)
        assert shared_queue.cleanup_old_jobs(0) == 1


@pytest.mark.parametrize(("name", "says"), BAD_NAMES)
def test_a_name_that_cannot_be_stored_is_refused_at_every_door(queue: JobQueue, name: str, says: str) -> None:
    refused(lambda: queue.add_job("t", None, idempotency_key=name), ValueError, "idempotency_key", says)
    told = refused(lambda: queue.add_job(name, None), ValueError, "job_type", says)
    assert refused(lambda: Job(name, None), ValueError, "job_type", says) == told
    assert refused(lambda: JobType(name, int), ValueError, "job_type", says) == told
    assert refused(lambda: JobHandlers().job(name), ValueError, "job_type", says) == told


def test_a_name_that_is_no_text_is_refused(queue: JobQueue) -> None:
    odd: Any
    for odd in (5, None, b"t"):
        refused(lambda: queue.add_job(odd, None), TypeError, "job_type", "a job type or its name")  # noqa: B023
        refused(lambda: JobHandlers().job(odd), TypeError, "job_type", "must be a str")  # noqa: B023
    odd = len
    refused(lambda: queue.add_job(odd, None), TypeError, "job_type", r"'len': decorate it with @handlers\.job")
    refused(lambda: queue.add_job("t", None, idempotency_key=5), TypeError, "idempotency_key", "a str, not int")  # type: ignore[call-overload]


async def test_the_async_twin_refuses_with_the_same_words(shared_store_url: str, queue: JobQueue) -> None:
    async with AsyncJobQueue(shared_store_url) as twin:
        for option, value, error, says in BAD:
            told = refused(lambda: queue.add_job("t", None, **{option: value}), error, option, says)  # noqa: B023
            with pytest.raises(error) as raised:
                await twin.add_job("t", None, **{option: value})
            assert str(raised.value) == told


def test_a_bad_job_in_a_batch_keeps_the_others_out(queue: JobQueue) -> None:
    with pytest.raises(ValueError, match="max_attempts is 0"):
        queue.add_jobs([Job("t", 1), Job("t", 2), Job("t", 3, max_attempts=0)])
    with pytest.raises(ValueError, match="max_attempts is 0"):
        queue.add_jobs(Job("t", number, max_attempts=3 - number) for number in range(4))
    with pytest.raises(TypeError, match=r"jobs\[2\] must be a Job, not dict: Job\(job_type, payload"):
        queue.add_jobs([Job("t", 1), Job("t", 2), {"job_type": "t", "payload": 3}])  # type: ignore[list-item]


@pytest.mark.parametrize("jobs", [None, 5, Job("t", 1)])
def test_a_batch_that_is_no_list_is_refused_by_name(queue: JobQueue, jobs: Any) -> None:
    with pytest.raises(TypeError, match=r"jobs must be a list of Job, not \w+: \[Job\("):
        queue.add_jobs(jobs)


def test_an_option_that_does_not_exist_is_a_type_error(queue: JobQueue) -> None:
    given: Any = {"colour": None}
    for call in (
        lambda: queue.add_job("t", None, **given),
        lambda: Job("t", None, **given),
        lambda: JobType("t", int, **given),
        lambda: JobHandlers().job("t", **given),
    ):
        with pytest.raises(TypeError, match="colour"):
            call()


def test_options_are_keyword_only(queue: JobQueue) -> None:
    with pytest.raises(TypeError, match="positional"):
        queue.add_job("t", None, 5)  # type: ignore[call-overload]


def test_the_bounds_themselves_are_allowed(shared_queue: JobQueue) -> None:
    longest = "x" * 255
    job_id = shared_queue.add_job(
        longest,
        None,
        priority=-INT32 - 1,
        max_attempts=INT32,
        timeout=INT32 // 1000,
        tags=[longest, "é" * 255],
        idempotency_key=longest,
        retry_delay=0,
        retry_delay_max=A_YEAR,
        run_at=datetime(9999, 12, 29, tzinfo=UTC),
    )
    try:
        job = shared_queue.get_job(job_id)
        assert job is not None
        assert (job.job_type, job.idempotency_key, job.tags[0]) == (longest, longest, longest)
        assert (job.priority, job.max_attempts) == (-INT32 - 1, INT32)
        assert (job.timeout, job.retry_delay) == (timedelta(seconds=INT32 // 1000), timedelta(0))
        assert (job.retry_delay_max, job.run_at) == (timedelta(seconds=A_YEAR), datetime(9999, 12, 29, tzinfo=UTC))
    finally:
        shared_queue.cancel_job(job_id)
        shared_queue.cleanup_old_jobs(0)
