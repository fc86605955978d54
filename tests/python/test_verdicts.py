"""What handlers decide about their own jobs: which errors are retried, and what they raise to say what comes next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataqueue import Cancel, JobFailed, JobHandlers, JobQueue, JobRecord, JobType, Retry, Snooze
from tests.python.conftest import PATIENCE

KINDS = ["def", "async def", "process"]


class Overloaded(OSError):
    """An error of a service that asks for a pause."""


def record(queue: JobQueue, job_id: int) -> JobRecord:
    found = queue.get_job(job_id)
    assert found is not None
    return found


def raises(payload: Any) -> None:
    """Importable in another process: raises what the payload names."""
    match payload:
        case ["retry", after]:
            raise Retry(after=after)
        case ["retry from", after]:
            try:
                raise Overloaded("come back later")
            except Overloaded as error:
                raise Retry(after=after) from error
        case ["cancel", reason]:
            raise Cancel(reason)
        case ["snooze", duration]:
            raise Snooze(duration)
        case ["error", name]:
            kinds: dict[str, type[Exception]] = {"ValueError": ValueError, "Overloaded": Overloaded, "OSError": OSError}
            raise kinds[name]("as it must")


def handlers_of(kind: str, **rules: Any) -> JobHandlers:
    handlers = JobHandlers()
    if kind == "async def":

        @handlers.job("work", **rules)
        async def work(payload: Any) -> None:
            raises(payload)

    else:
        attach: Any = handlers.job
        attach("work", run_in="process" if kind == "process" else "worker", **rules)(raises)
    return handlers


def after_one_run(queue: JobQueue, kind: str, payload: Any, rules: Any = None, **options: Any) -> JobRecord:
    job_id = queue.add_job("work", payload, **options)
    processor = queue.create_processor(handlers_of(kind, **(rules or {})))
    assert processor.start() == 1
    return record(queue, job_id)


@pytest.mark.parametrize("kind", KINDS)
def test_retry_asks_for_another_attempt_after_a_while(queue: JobQueue, kind: str) -> None:
    job = after_one_run(queue, kind, ["retry", 90], retry_delay=5)
    assert (job.status, job.attempts, job.failure_reason) == ("failed", 1, "handler_error")
    assert job.next_attempt_at is not None
    assert job.last_failed_at is not None
    assert job.next_attempt_at - job.last_failed_at == timedelta(seconds=90)
    assert [(entry.type, entry.message) for entry in job.error_history] == [
        ("dataqueue.verdicts.Retry", "the handler asked for another attempt")
    ]


def test_retry_without_a_delay_leaves_it_to_the_options(queue: JobQueue) -> None:
    job = after_one_run(queue, "def", ["retry", None], retry_delay=7, retry_backoff=False)
    assert job.next_attempt_at is not None
    assert job.last_failed_at is not None
    assert job.next_attempt_at - job.last_failed_at == timedelta(seconds=7)


def test_retry_shows_the_error_that_it_was_raised_from(queue: JobQueue) -> None:
    job = after_one_run(queue, "def", ["retry from", 1])
    [entry] = job.error_history
    assert (entry.type, entry.message) == ("tests.python.test_verdicts.Overloaded", "come back later")
    assert entry.traceback is not None
    assert "The above exception was the direct cause" in entry.traceback


def test_retry_on_the_last_attempt_fails_for_good(queue: JobQueue) -> None:
    job = after_one_run(queue, "def", ["retry", 1], max_attempts=1)
    assert (job.status, job.next_attempt_at) == ("failed", None)


def test_retry_wins_over_what_the_type_says_of_exceptions(queue: JobQueue) -> None:
    job = after_one_run(queue, "def", ["retry from", 3], {"give_up_on": OSError})
    assert job.next_attempt_at is not None


@pytest.mark.parametrize("kind", KINDS)
def test_cancel_ends_the_job_with_its_reason(queue: JobQueue, kind: str) -> None:
    reason = 'the order was withdrawn: "ö" \\ /'
    job = after_one_run(queue, kind, ["cancel", reason])
    assert (job.status, job.cancel_reason, job.attempts) == ("cancelled", reason, 1)
    assert job.last_cancelled_at is not None
    assert (job.cancel_requested_at, job.next_attempt_at, job.error_history) == (None, None, [])
    last = queue.get_job_events(job.id)[-1]
    assert (last.event_type, last.metadata) == ("cancelled", {"running": True, "reason": reason})
    with pytest.raises(JobFailed, match="withdrawn"):
        queue.wait_for_job(job.id, PATIENCE, raise_on_failure=True)


def test_a_cancelled_job_that_is_retried_has_no_reason_any_more(queue: JobQueue) -> None:
    job = after_one_run(queue, "def", ["cancel", "not now"])
    assert queue.retry_job(job.id)
    again = record(queue, job.id)
    assert (again.status, again.cancel_reason) == ("pending", None)


def test_a_job_that_is_cancelled_from_outside_has_no_reason(queue: JobQueue) -> None:
    job_id = queue.add_job("work", None)
    queue.cancel_job(job_id)
    assert record(queue, job_id).cancel_reason is None


@pytest.mark.parametrize("kind", KINDS)
def test_snooze_puts_the_job_off_and_burns_no_attempt(queue: JobQueue, kind: str) -> None:
    before = datetime.now(UTC)
    job = after_one_run(queue, kind, ["snooze", 90], max_attempts=1)
    assert (job.status, job.attempts, job.error_history) == ("waiting", 1, [])
    assert job.wait_until is not None
    assert timedelta(seconds=85) < job.wait_until - before < timedelta(seconds=120)


def test_a_snoozed_job_begins_anew_as_often_as_it_likes(queue: JobQueue) -> None:
    handlers, runs = JobHandlers(), list[int]()

    @handlers.job("work")
    def work(payload: None, signal: object, ctx: Any) -> str:
        runs.append(ctx.job.attempts)
        first = ctx.run("first", lambda: len(runs))
        if len(runs) < 4:
            raise Snooze(0)
        return f"done after {len(runs)}, first {first}"

    job_id = queue.add_job("work", None, max_attempts=1)
    processor = queue.create_processor(handlers, poll_interval=600)
    processor.start_in_background()
    job = queue.wait_for_job(job_id, PATIENCE)
    assert (job.status, job.output, job.attempts) == ("completed", "done after 4, first 1", 1)
    assert runs == [1, 1, 1, 1]
    assert processor.stop_and_drain(PATIENCE)


@pytest.mark.parametrize(
    ("rules", "name", "is_retried"),
    [
        ({}, "ValueError", True),
        ({"give_up_on": ValueError}, "ValueError", False),
        ({"give_up_on": (KeyError, ValueError)}, "Overloaded", True),
        ({"give_up_on": OSError}, "Overloaded", False),
        ({"retry_on": OSError}, "Overloaded", True),
        ({"retry_on": [OSError]}, "ValueError", False),
        ({"retry_on": OSError, "give_up_on": Overloaded}, "Overloaded", False),
        ({"retry_on": OSError, "give_up_on": Overloaded}, "OSError", True),
        ({"retry_on": Overloaded, "give_up_on": OSError}, "Overloaded", True),
        ({"retry_on": Overloaded, "give_up_on": Exception}, "ValueError", False),
    ],
)
def test_the_class_nearest_to_the_error_says_whether_it_is_retried(
    queue: JobQueue, rules: Any, name: str, is_retried: bool
) -> None:
    job = after_one_run(queue, "def", ["error", name], rules)
    assert job.status == "failed"
    assert (job.next_attempt_at is not None) == is_retried


@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_hold_wherever_the_handler_runs(queue: JobQueue, kind: str) -> None:
    job = after_one_run(queue, kind, ["error", "ValueError"], {"give_up_on": ValueError})
    assert (job.status, job.next_attempt_at) == ("failed", None)


def test_the_rules_say_whether_and_the_callable_when(queue: JobQueue) -> None:
    rules = {"retry_on": OSError, "retry": lambda attempt, error: 40 + attempt}
    job = after_one_run(queue, "def", ["error", "Overloaded"], rules)
    assert job.next_attempt_at is not None
    assert job.last_failed_at is not None
    assert job.next_attempt_at - job.last_failed_at == timedelta(seconds=41)
    assert after_one_run(queue, "def", ["error", "ValueError"], rules).next_attempt_at is None


def test_a_time_out_is_an_error_as_others_are(queue: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("slow", timeout=0.05, give_up_on=TimeoutError)
    def slow(payload: None, signal: Any) -> None:
        signal.wait(PATIENCE)

    job_id = queue.add_job("slow", None, timeout=0.05)
    assert queue.create_processor(handlers).start() == 1
    job = record(queue, job_id)
    assert (job.status, job.failure_reason, job.next_attempt_at) == ("failed", "timeout", None)


def test_a_declared_type_brings_its_rules_and_a_handler_may_replace_them(queue: JobQueue) -> None:
    declared = JobType("work", give_up_on=ValueError)
    own, replaced = JobHandlers(), JobHandlers()
    own.job(declared)(raises)
    replaced.job(declared, retry_on=ValueError)(raises)
    for handlers, is_retried in ((own, False), (replaced, True)):
        job_id = queue.add_job("work", ["error", "ValueError"])
        assert queue.create_processor(handlers).start() == 1
        job = record(queue, job_id)
        assert (job.next_attempt_at is not None) == is_retried
        queue.cancel_job(job_id)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: JobType("a", retry_on="ValueError"), TypeError, "retry_on must be a class of exceptions or several"),  # type: ignore[arg-type]
        (lambda: JobType("a", retry_on=[ValueError, 1]), TypeError, "retry_on holds 1"),  # type: ignore[list-item]
        (lambda: JobType("a", give_up_on=int), TypeError, "give_up_on holds <class 'int'>"),  # type: ignore[arg-type]
        (lambda: JobType("a", retry_on=OSError, give_up_on=[OSError]), ValueError, "OSError is in retry_on and in"),
        (lambda: Retry(after=-1), ValueError, "after is -1.0 seconds: it must not be negative"),
        (lambda: Retry(after="soon"), TypeError, "after must be seconds"),  # type: ignore[arg-type]
        (lambda: Snooze(float("nan")), ValueError, "duration is nan"),
        (lambda: Snooze(timedelta(days=400)), ValueError, "at most"),
        (lambda: Cancel(""), ValueError, "reason is empty"),
        (lambda: Cancel("x" * 1_001), ValueError, "reason has 1001 characters"),
        (lambda: Cancel("a\0b"), ValueError, "NUL"),
        (lambda: Cancel(7), TypeError, "reason must be a str"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_used_is_refused_where_it_is_written(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()


decorated = JobHandlers()


@decorated.job("decorated", retry_on=ValueError)
def decorated_here(payload: Any) -> None:
    """Importable in another process, with rules of its own."""
    raise ValueError("as it must")


def test_a_set_that_registers_a_handler_anew_has_its_own_rules_in_processes_too(queue: JobQueue) -> None:
    anew = JobHandlers()
    anew.job("work", run_in="process", give_up_on=ValueError)(decorated_here.func)
    job_id = queue.add_job("work", None)
    assert queue.create_processor(anew).start() == 1
    job = record(queue, job_id)
    assert (job.status, job.next_attempt_at) == ("failed", None)


def test_rules_that_cannot_go_into_a_process_are_refused_with_the_remedy(queue: JobQueue) -> None:
    handlers = JobHandlers()
    handlers.job("work", run_in="process", retry=lambda attempt, error: 1)(raises)
    with pytest.raises(
        TypeError, match=r"the retry rules of 'work' cannot be run in another process.*Decorate the handler"
    ):
        queue.create_processor(handlers)
