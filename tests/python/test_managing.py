"""Retrying, cancelling, editing and cleaning up: what may change, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataqueue import EditUpdates, Job, JobHandlers, JobQueue, JobRecord, JobType, RunAt, Tags

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = datetime(2040, 1, 10, tzinfo=UTC)


def fail(payload: object) -> None:
    raise ValueError("as it must")


HANDLERS = JobHandlers({"good": lambda payload: payload, "bad": fail, "dead": fail})


def record(queue: JobQueue, job_id: int) -> JobRecord:
    found = queue.get_job(job_id)
    assert found is not None
    return found


def wipe(queue: JobQueue) -> None:
    queue.cancel_all_upcoming_jobs()
    queue.cleanup_old_jobs(0)
    assert queue.count_jobs() == 0


def kinds(queue: JobQueue, job_id: int) -> list[str]:
    return [event.event_type.value for event in queue.get_job_events(job_id)]


def one_of_each(queue: JobQueue) -> dict[str, int]:
    """A job in each state that a caller can bring about."""
    ids = queue.add_jobs(
        [
            Job("good", None),
            Job("bad", None, tags=["retry due"]),
            Job("dead", None, max_attempts=1),
            Job("other", None),
            Job("other", None, run_at=DAY),
        ]
    )
    assert queue.create_processor(HANDLERS).start() == 3
    assert queue.cancel_job(ids[3])
    return dict(zip(("completed", "retry due", "failed", "cancelled", "pending"), ids, strict=True))


def test_each_change_is_made_in_the_states_that_allow_it_and_in_no_other(queue: JobQueue) -> None:
    for change, allowed in (
        (queue.cancel_job, {"pending", "retry due"}),
        (queue.retry_job, {"failed", "retry due", "cancelled"}),
        (lambda job_id: queue.edit_job(job_id, priority=9), {"pending", "retry due"}),
    ):
        for state, job_id in one_of_each(queue).items():
            before, events = queue.get_job(job_id), kinds(queue, job_id)
            assert change(job_id) is (state in allowed), state
            if state not in allowed:
                assert (queue.get_job(job_id), kinds(queue, job_id)) == (before, events)
            else:
                assert len(kinds(queue, job_id)) == len(events) + 1
        wipe(queue)


def test_a_bulk_change_takes_the_jobs_it_is_named_for(queue: JobQueue) -> None:
    changes: list[tuple[Callable[[], int], set[str], str]] = [
        (queue.cancel_all_upcoming_jobs, {"pending", "retry due"}, "cancelled"),
        (queue.retry_all_failed_jobs, {"failed", "retry due"}, "retried"),
        (lambda: queue.edit_all_pending_jobs({"priority": 9}), {"pending"}, "edited"),
    ]
    for change, taken, event in changes:
        jobs = one_of_each(queue)
        before = {state: kinds(queue, job_id) for state, job_id in jobs.items()}
        assert change() == len(taken)
        for state, job_id in jobs.items():
            expected = before[state] + ([event] if state in taken else [])
            assert kinds(queue, job_id) == expected, state
        wipe(queue)


def test_bulk_changes_take_the_conditions_of_reading(queue: JobQueue) -> None:
    declared = JobType("b", int)
    conditions: list[dict[str, Any]] = [
        {"job_type": "a"},
        {"job_type": ["a", declared]},
        {"priority": 5},
        {"run_at": RunAt(gt=DAY)},
        {"run_at": DAY},
        {"tags": ["x"]},
        {"tags": Tags(["x", "y"], "exact")},
        {"tags": Tags(["x"], "none")},
        {"job_type": declared, "priority": 5, "tags": Tags(["y"], "any")},
        {"job_type": "nothing"},
    ]
    for given in conditions:
        added = queue.add_jobs(
            [
                Job("a", 1, tags=["x"], run_at=DAY),
                Job(declared, 2, priority=5, tags=["x", "y"], run_at=DAY + timedelta(hours=1)),
                Job("c", 3, priority=5, run_at=DAY),
            ]
        )
        expected = {job.id for job in queue.get_jobs(status="pending", **given)}
        assert queue.edit_all_pending_jobs({"max_attempts": 8}, **given) == len(expected), given
        assert {job_id for job_id in added if record(queue, job_id).max_attempts == 8} == expected, given
        assert queue.cancel_all_upcoming_jobs(**given) == len(expected), given
        assert {job_id for job_id in added if record(queue, job_id).status == "cancelled"} == expected, given
        assert queue.retry_all_failed_jobs(**given) == 0, given
        wipe(queue)


def test_an_omitted_field_is_kept_and_none_clears(queue: JobQueue) -> None:
    options: Any = {
        "priority": 3,
        "run_at": DAY,
        "max_attempts": 4,
        "timeout": 5,
        "tags": ["a"],
        "retry_delay": 6,
        "retry_backoff": False,
        "retry_delay_max": 7,
    }
    job_id = queue.add_job("t", {"old": 1}, **options)
    before = record(queue, job_id)
    changes: list[tuple[EditUpdates, dict[str, Any]]] = [
        ({"payload": [1]}, {"payload": [1]}),
        ({"payload": None}, {"payload": None}),
        ({"priority": -1}, {"priority": -1}),
        ({"max_attempts": 9}, {"max_attempts": 9}),
        ({"run_at": DAY + timedelta(days=1)}, {"run_at": DAY + timedelta(days=1)}),
        ({"timeout": timedelta(minutes=1)}, {"timeout": timedelta(minutes=1)}),
        ({"timeout": None}, {"timeout": None}),
        ({"tags": ["b", "c"]}, {"tags": ["b", "c"]}),
        ({"tags": []}, {"tags": []}),
        ({"tags": None}, {"tags": []}),
        ({"retry_delay": None}, {"retry_delay": None}),
        ({"retry_delay": 0.5}, {"retry_delay": timedelta(seconds=0.5)}),
        ({"retry_backoff": None}, {"retry_backoff": None}),
        ({"retry_backoff": True}, {"retry_backoff": True}),
        ({"retry_delay_max": None}, {"retry_delay_max": None}),
        ({"priority": 1, "tags": ["z"], "timeout": 1}, {"priority": 1, "tags": ["z"], "timeout": timedelta(seconds=1)}),
    ]
    expected = {name: getattr(before, name) for name in ("payload", "run_at", *options)}
    for at, (updates, effect) in enumerate(changes):
        if at % 2:
            assert queue.edit_job(job_id, **updates)
        else:
            assert queue.edit_all_pending_jobs(updates) == 1
        expected |= effect
        after = record(queue, job_id)
        assert {name: getattr(after, name) for name in expected} == expected, updates
    assert record(queue, job_id).created_at == before.created_at
    assert record(queue, job_id).updated_at > before.updated_at
    assert kinds(queue, job_id) == ["added", *["edited"] * len(changes)]


def test_an_edit_of_nothing_changes_nothing(queue: JobQueue) -> None:
    job_id = queue.add_job("t", None)
    before = queue.get_job(job_id)
    assert not queue.edit_job(job_id)
    assert queue.edit_all_pending_jobs({}) == 0
    assert (queue.get_job(job_id), kinds(queue, job_id)) == (before, ["added"])


def test_run_at_none_means_now_and_moves_the_job_in_the_order(queue: JobQueue) -> None:
    ran: list[int] = []
    ids = queue.add_jobs([Job("keep", at, run_at=DAY) for at in range(3)])
    processor = queue.create_processor({"keep": ran.append}, concurrency=1)
    assert processor.start() == 0
    assert queue.edit_job(ids[2], run_at=None)
    assert processor.start() == 1
    assert queue.edit_all_pending_jobs({"run_at": None}) == 2
    assert queue.edit_job(ids[1], priority=5)
    assert processor.start() == 2
    assert ran == [2, 1, 0]


def test_an_edit_moves_a_retry_that_is_due(queue: JobQueue) -> None:
    job_id = queue.add_job("bad", None)
    processor = queue.create_processor(HANDLERS)
    assert (processor.start(), processor.start()) == (1, 0)
    assert queue.edit_job(job_id, run_at=DAY, payload="new")
    job = record(queue, job_id)
    assert (job.status, job.next_attempt_at, job.payload) == ("failed", DAY, "new")
    assert processor.start() == 0
    assert queue.edit_job(job_id, run_at=None)
    assert processor.start() == 1
    assert record(queue, job_id).attempts == 2


def test_attempts_that_were_used_up_are_not_edited_away(queue: JobQueue) -> None:
    job_id = queue.add_job("bad", None, max_attempts=5)
    processor = queue.create_processor(HANDLERS)
    for _ in range(2):
        processor.start()
        queue.edit_job(job_id, run_at=None)
    assert queue.edit_job(job_id, max_attempts=1)
    # One attempt is still to come: that is the least it can have.
    assert (record(queue, job_id).attempts, record(queue, job_id).max_attempts) == (2, 3)
    processor.start()
    job = record(queue, job_id)
    assert (job.status, job.attempts, job.max_attempts, job.next_attempt_at) == ("failed", 3, 3, None)


def test_a_retry_is_due_now_and_gives_a_spent_job_one_more_attempt(queue: JobQueue) -> None:
    job_id = queue.add_job("dead", None, max_attempts=2, retry_delay=0)
    processor = queue.create_processor(HANDLERS)
    while processor.start():
        pass
    before = record(queue, job_id)
    assert (before.attempts, before.max_attempts, before.next_attempt_at) == (2, 2, None)
    assert queue.retry_job(job_id)
    job = record(queue, job_id)
    assert (job.status, job.attempts, job.max_attempts) == ("pending", 2, 3)
    assert (job.failure_reason, job.next_attempt_at, job.completed_at) == (None, None, None)
    assert len(job.error_history) == 2
    assert job.last_retried_at is not None
    assert job.run_at == job.last_retried_at > before.updated_at
    assert not queue.retry_job(job_id)
    assert processor.start() == 1
    assert record(queue, job_id).attempts == 3


def test_a_retry_of_a_cancelled_job_runs_it(queue: JobQueue) -> None:
    job_id = queue.add_job("good", 5, run_at=DAY)
    assert queue.cancel_job(job_id)
    cancelled = record(queue, job_id)
    assert (cancelled.status, cancelled.attempts) == ("cancelled", 0)
    assert cancelled.last_cancelled_at == cancelled.updated_at
    assert queue.retry_job(job_id)
    assert queue.create_processor(HANDLERS).start() == 1
    job = record(queue, job_id)
    assert (job.status, job.output, job.attempts, job.max_attempts) == ("completed", 5, 1, 3)
    assert kinds(queue, job_id) == ["added", "cancelled", "retried", "processing", "completed"]


def test_clean_up_takes_what_ended_and_leaves_what_may_still_run(queue: JobQueue) -> None:
    jobs = one_of_each(queue)
    assert queue.cleanup_old_jobs(1) == 0
    assert queue.cleanup_old_jobs(0, statuses=["cancelled"]) == 1
    assert queue.get_job(jobs["cancelled"]) is None
    assert queue.get_job_events(jobs["cancelled"]) == []
    assert queue.cleanup_old_jobs(0, "completed") == 1
    assert queue.cleanup_old_jobs(days_to_keep=0) == 1
    assert {job.id for job in queue.get_all_jobs()} == {jobs["pending"], jobs["retry due"]}


def test_a_cleaned_up_job_gives_its_key_free(queue: JobQueue) -> None:
    for end in ("good", "dead", "cancel"):
        first = queue.add_job(end, 1, idempotency_key="k", max_attempts=1)
        queue.create_processor(HANDLERS).start()
        queue.cancel_job(first)
        assert queue.add_job("good", 2, idempotency_key="k") == first
        assert queue.cleanup_old_jobs(0) == 1
        again = queue.add_job("other", 3, idempotency_key="k")
        assert again.created
        queue.cancel_job(again)
        queue.cleanup_old_jobs(0)


def test_old_events_are_cleaned_up_apart_from_their_jobs(queue: JobQueue) -> None:
    job_id = queue.add_job("good", None)
    queue.create_processor(HANDLERS).start()
    assert queue.cleanup_old_job_events(1) == 0
    assert len(queue.get_job_events(job_id)) == 3
    assert queue.cleanup_old_job_events(0) == 3
    assert queue.get_job_events(job_id) == []
    assert record(queue, job_id).status == "completed"


def test_payloads_of_completed_jobs_are_emptied_and_the_jobs_stay(queue: JobQueue) -> None:
    one_of_each(queue)
    long = queue.add_job("good", "x" * 5_000)
    assert queue.create_processor(HANDLERS).start() == 1
    before = {job.id: job for job in queue.get_all_jobs()}
    assert queue.cleanup_old_payloads(1) == 0
    assert queue.cleanup_old_payloads(0) == 1
    assert queue.cleanup_old_payloads(0) == 0
    after = {job.id: job for job in queue.get_all_jobs()}
    assert (after[long].payload, after[long].output) == (None, "x" * 5_000)
    assert (after[long].status, after[long].updated_at) == ("completed", before[long].updated_at)
    assert {**after, long: None} == {**before, long: None}


def test_there_is_nothing_stuck_where_nobody_died(queue: JobQueue) -> None:
    one_of_each(queue)
    assert queue.reclaim_stuck_jobs() == queue.reclaim_stuck_jobs(0) == 0


def test_bulk_changes_of_many_jobs_change_each_once(queue: JobQueue) -> None:
    count = 1_200
    ids = queue.add_jobs([Job("t", at) for at in range(count)])
    assert queue.edit_all_pending_jobs({"priority": 1}) == count
    assert queue.count_jobs(priority=1) == count
    assert queue.cancel_all_upcoming_jobs(job_type="t") == count
    assert kinds(queue, ids[0]) == kinds(queue, ids[-1]) == ["added", "edited", "cancelled"]
    assert queue.cleanup_old_jobs(0) == count
