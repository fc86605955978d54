"""Assertions about what is enqueued, and what they say when they fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import JobHandlers, JobType, RunAt, Tags

if TYPE_CHECKING:
    from dataqueue.testing import VirtualQueue

    from .conftest import Opening

START = datetime(2030, 1, 31, 12, tzinfo=UTC)


@dataclass
class Mail:
    to: str
    urgent: bool = False


MAIL = JobType("mail", Mail)
handlers = JobHandlers()


@handlers.job("fine")
def fine(_: Any) -> None: ...


@handlers.job("flaky", max_attempts=2)
def flaky(_: Any) -> None:
    raise ConnectionError("no line")


@pytest.fixture
def mails(opening: Opening) -> VirtualQueue:
    """A queue with three jobs in it."""
    queue = opening(handlers, start=START)
    queue.add_job(MAIL, Mail("ada@example.com"), tags=["welcome", "mail"], priority=3)
    queue.add_job(MAIL, Mail("bob@example.com", urgent=True), run_at=START + timedelta(days=2))
    queue.add_job("sync", {"source": {"name": "erp", "page": 1}, "ids": [1, 2]})
    return queue


@pytest.mark.parametrize(
    ("job_type", "conditions", "count"),
    [
        (None, {}, 3),
        (MAIL, {}, 2),
        ("mail", {"payload": {"to": "ada@example.com"}}, 1),
        (MAIL, {"payload": Mail("ada@example.com")}, 1),
        (MAIL, {"payload": Mail("ada@example.com", urgent=True)}, 0),
        (["mail", "sync"], {}, 3),
        (None, {"payload": {"source": {"name": "erp"}}}, 1),
        (None, {"payload": {"source": {"name": "erp", "page": 2}}}, 0),
        (None, {"payload": {"ids": [1]}}, 0),
        (None, {"payload": {"urgent": 1}}, 0),
        (None, {"payload": None}, 0),
        (None, {"tags": ["welcome"]}, 1),
        (None, {"tags": Tags(["welcome"], "none")}, 2),
        (None, {"priority": 3}, 1),
        (None, {"run_at": START + timedelta(days=2)}, 1),
        (None, {"run_at": RunAt(lte=START)}, 2),
        ("other", {}, 0),
    ],
)
def test_each_condition_tells_jobs_apart(
    mails: VirtualQueue, job_type: Any, conditions: dict[str, Any], count: int
) -> None:
    found = mails.enqueued(job_type, **conditions)
    assert len(found) == count
    assert [job.id for job in found] == sorted(job.id for job in found)
    assert mails.assert_enqueued(job_type, **conditions, count=count) == found
    if count:
        assert mails.assert_enqueued(job_type, **conditions) == found
        with pytest.raises(AssertionError, match=f"no job is enqueued(?s:.*): found {count}"):
            mails.refute_enqueued(job_type, **conditions)
    else:
        mails.refute_enqueued(job_type, **conditions)
        with pytest.raises(AssertionError, match=r"a job is enqueued(?s:.*): found 0"):
            mails.assert_enqueued(job_type, **conditions)
    with pytest.raises(AssertionError, match=f"7 jobs are enqueued(?s:.*): found {count}"):
        mails.assert_enqueued(job_type, **conditions, count=7)


def test_what_has_ended_is_not_enqueued_and_what_is_to_be_retried_is(opening: Opening) -> None:
    queue = opening(handlers)
    queue.add_job(fine, 1)
    queue.add_job(flaky, 2)
    queue.drain()
    assert [job.job_type for job in queue.enqueued()] == ["flaky"]
    queue.advance(minutes=2)
    queue.refute_enqueued()


def test_a_message_lists_what_is_in_the_queue(mails: VirtualQueue) -> None:
    mails.add_job(fine, [1, 2])
    mails.add_job(flaky, None)
    mails.drain()
    with pytest.raises(AssertionError) as raised:
        mails.assert_enqueued(MAIL, payload={"to": "eve@example.com"}, tags=["welcome"])
    assert str(raised.value).splitlines() == [
        (
            "expected that a job is enqueued with job_type='mail', payload={'to': 'eve@example.com'}, "
            "tags=['welcome']: found 0"
        ),
        "In the queue:",
        (
            """  1: mail {"to": "ada@example.com", "urgent": false} is pending, due now, priority 3, """
            """tags ['welcome', 'mail']"""
        ),
        """  2: mail {"to": "bob@example.com", "urgent": true} is pending, due in 2 days, 0:00:00""",
        """  3: sync {"source": {"name": "erp", "page": 1}, "ids": [1, 2]} is pending, due now""",
        "  4: fine [1, 2] is completed",
        "  5: flaky null is failed, due in 0:02:00, 'no line'",
    ]


def test_a_message_stays_short(opening: Opening) -> None:
    queue = opening()
    with pytest.raises(AssertionError, match=r": found 0\nThe queue is empty\.$"):
        queue.assert_enqueued("a")
    for _ in range(50):
        queue.add_job("a", "x" * 100_000)
    with pytest.raises(AssertionError, match=r"found 50\nIn the queue:\n  and 30 older ones\n") as raised:
        queue.refute_enqueued("a")
    assert len(str(raised.value)) < 6_000


def test_a_payload_that_cannot_be_one_is_refused(mails: VirtualQueue) -> None:
    with pytest.raises(ValueError, match="payload"):
        mails.enqueued(payload=object())
