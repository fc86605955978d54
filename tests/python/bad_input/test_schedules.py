"""Bad arguments of schedules, and of handlers that declare them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dataqueue import JobHandlers, JobQueue, PayloadError

OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"schedule_name": ""}, ValueError, "schedule_name is empty: give it 1 to 255"),
    ({"schedule_name": "x" * 256}, ValueError, "schedule_name has 256 characters: at most 255"),
    ({"schedule_name": "a\0"}, ValueError, "schedule_name holds a NUL"),
    ({"schedule_name": 5}, TypeError, "schedule_name must be a str, not int"),
    ({"cron_expression": "60 * * * *"}, ValueError, "minute.*60.*0.*59|60.*minute"),
    ({"cron_expression": "* * * * * *"}, ValueError, "six fields"),
    ({"cron_expression": "* * *"}, ValueError, "three fields|fields"),
    ({"cron_expression": "0 0 30 2 *"}, ValueError, "0 0 30 2"),
    ({"cron_expression": ""}, ValueError, "cron_expression"),
    ({"cron_expression": None}, TypeError, "cron_expression must be a str, not NoneType"),
    ({"cron_expression": datetime(2026, 1, 1)}, TypeError, "cron_expression must be a str"),  # noqa: DTZ001
    ({"timezone": "Mars/Base"}, ValueError, "Mars/Base"),
    ({"timezone": ""}, ValueError, "time ?zone"),
    ({"timezone": None}, TypeError, "timezone must be a str, not NoneType"),
    ({"allow_overlap": 1}, TypeError, "allow_overlap must be True or False, not int"),
    ({"missed": "some"}, ValueError, "missed is 'some': it must be one of coalesce, skip, all"),
    ({"missed": None}, ValueError, "missed is None"),
    ({"priority": 2**31}, ValueError, "priority is 2147483648"),
    ({"max_attempts": 0}, ValueError, "max_attempts is 0"),
    ({"timeout": -1}, ValueError, "timeout is -1"),
    ({"tags": "a"}, TypeError, "tags must be a list of str"),
    ({"retry_delay": 10**9}, ValueError, "retry_delay is 1000000000"),
    ({"payload": {1, 2}}, PayloadError, "payload"),
    ({"job_type": ""}, ValueError, "job_type is empty"),
]


@pytest.mark.parametrize(("options", "error", "says"), OPTIONS)
def test_a_bad_option_is_refused_and_nothing_is_stored(
    queue: JobQueue, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    good = {"schedule_name": "s", "cron_expression": "@daily", "job_type": "t", "payload": None}
    with pytest.raises(error, match=says):
        queue.add_cron_job(**{**good, **options})
    assert queue.list_cron_jobs() == []
    schedule_id = queue.add_cron_job(**good)  # type: ignore[call-overload]
    try:
        before = queue.get_cron_job(schedule_id)
        if "schedule_name" not in options:
            with pytest.raises(error, match=says):
                queue.edit_cron_job(schedule_id, **options)
        assert queue.get_cron_job(schedule_id) == before
    finally:
        queue.remove_cron_job(schedule_id)


def test_what_no_schedule_has_cannot_be_edited(queue: JobQueue) -> None:
    for field in ("run_at", "schedule_name", "idempotency_key", "status", "colour"):
        with pytest.raises(TypeError, match=f"edit_cron_job.. cannot edit '{field}': the fields are cron_expression"):
            queue.edit_cron_job(1, **{field: None})  # type: ignore[arg-type]


def test_an_option_of_other_jobs_is_refused(queue: JobQueue) -> None:
    for option in ("run_at", "idempotency_key"):
        with pytest.raises(TypeError, match=option):
            queue.add_cron_job(
                schedule_name="s", cron_expression="@daily", job_type="t", payload=None, **{option: None}
            )  # type: ignore[call-overload]


@pytest.mark.parametrize("schedule_id", ["1", 1.0, None, True, 2**63])
def test_what_is_no_id_is_refused(queue: JobQueue, schedule_id: Any) -> None:
    for call in (
        queue.get_cron_job,
        queue.edit_cron_job,
        queue.remove_cron_job,
        queue.pause_cron_job,
        queue.resume_cron_job,
    ):
        with pytest.raises((TypeError, ValueError), match="schedule_id"):
            call(schedule_id)


def test_what_is_no_name_or_status_is_refused(queue: JobQueue) -> None:
    with pytest.raises(ValueError, match="schedule_name is empty"):
        queue.get_cron_job_by_name("")
    with pytest.raises(TypeError, match="schedule_name must be a str"):
        queue.get_cron_job_by_name(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="status is 'gone': it must be one of active, paused"):
        queue.list_cron_jobs("gone")


def test_a_bad_declaration_is_refused_where_it_stands() -> None:
    handlers = JobHandlers()
    for expression, timezone, says in (("61 * * * *", "UTC", "61"), ("@daily", "Mars/Base", "Mars/Base")):
        with pytest.raises(ValueError, match=says):
            handlers.cron(expression, timezone=timezone)
    with pytest.raises(ValueError, match="name is empty"):
        handlers.cron("@daily", name="")
    with pytest.raises(TypeError, match="run_at"):
        handlers.cron("@daily", run_at=None)  # type: ignore[call-arg]


def test_two_declarations_of_one_name_are_refused() -> None:
    handlers = JobHandlers()

    @handlers.cron("@daily")
    @handlers.job("report")
    def report(payload: None) -> None:
        pass

    with pytest.raises(ValueError, match="there is a schedule 'report' already: give each its own name="):
        handlers.cron("@hourly")(report)
    handlers.cron("@hourly", name="hourly report")(report)
    with pytest.raises(ValueError, match="'report' is a handler of another set"):
        JobHandlers().cron("@daily")(report)


def test_a_declaration_below_the_job_is_refused() -> None:
    handlers = JobHandlers()
    with pytest.raises(TypeError, match=r"put @handlers\.cron above @handlers\.job"):

        @handlers.job("other")
        @handlers.cron("@daily")
        def report(payload: None) -> None:
            pass


def test_a_declared_payload_is_checked_when_the_processor_is_created(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.cron("@daily", payload="text")
    @handlers.job("count")
    def count(payload: int) -> None:
        pass

    with pytest.raises(PayloadError, match="the payload of 'count' does not fit int"):
        queue.create_processor(handlers)
    assert queue.list_cron_jobs() == []
