"""Tokens, and handlers that wait for somebody to complete them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from dataqueue import JobQueue, Token, TokenNotFound, TokenResult
from tests.processes import until
from tests.python.conftest import PATIENCE
from tests.python.test_steps import both, message_of, run_all
from tests.python.test_waits import waiting

UNKNOWN = "wp_00000000-0000-4000-8000-000000000000"


@dataclass
class Decision:
    action: str


def token_of(queue: JobQueue, job_id: int) -> Token:
    """The token that a job waits for."""
    job = queue.get_job(job_id)
    assert job is not None
    assert job.wait_token_id is not None, job
    token = queue.get_token(job.wait_token_id)
    assert token is not None
    return token


def test_a_handler_waits_for_a_token_and_gets_what_it_was_completed_with(queue: JobQueue) -> None:
    done: list[str] = []

    async def body(ctx: Any) -> Any:
        token = await ctx.create_token(timeout="48h", tags=["approval"])
        await ctx.run("mail", lambda: done.append(token.id))
        result: TokenResult[Any] = await ctx.wait_for_token(token)
        assert result.ok
        assert result.error is None
        return [token.id, result.output]

    for handlers in both(body):
        done.clear()
        job_id = waiting(queue, handlers)
        token = token_of(queue, job_id)
        assert done == [token.id]
        assert re.fullmatch(r"wp_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", token.id)
        assert (token.job_id, token.status, token.output, token.tags) == (job_id, "waiting", None, ["approval"])
        assert token.timeout_at is not None
        assert timedelta(hours=47, minutes=59) < token.timeout_at - datetime.now(UTC) <= timedelta(hours=48)
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.wait_until, job.locked_by, job.attempts) == (token.timeout_at, None, 1)
        assert queue.create_processor(handlers).start() == 0
        assert queue.complete_token(token.id, {"action": "approve"}) is True
        assert queue.complete_token(token.id, {"action": "reject"}) is False
        assert queue.create_processor(handlers).start() == 1
        job = queue.wait_for_job(job_id, PATIENCE)
        assert (job.status, job.output, job.attempts) == ("completed", [token.id, {"action": "approve"}], 1)
        over = queue.get_token(token)
        assert over is not None
        assert (over.status, over.output) == ("completed", {"action": "approve"})
        assert over.completed_at is not None
        assert done == [token.id]


def test_a_waiting_handler_goes_on_as_soon_as_its_token_is_completed(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        return (await ctx.wait_for_token(ctx.job.tags[0])).output

    for handlers in both(body):
        token = queue.create_token()
        processor = queue.create_processor(handlers, poll_interval=3600)
        processor.start_in_background()
        job_id = queue.add_job("work", None, tags=[token.id])
        until(partial(token_waiting, queue, job_id), "the job waits")
        assert queue.complete_token(token, 7)
        assert queue.wait_for_job(job_id, PATIENCE).output == 7
        assert processor.stop_and_drain(PATIENCE)


def token_waiting(queue: JobQueue, job_id: int) -> bool:
    job = queue.get_job(job_id)
    return job is not None and job.status == "waiting"


def test_a_token_that_times_out_lets_the_handler_go_on_and_is_told(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        token = await ctx.create_token(timeout=0.3)
        result = await ctx.wait_for_token(token.id, name="approval")
        return [result.ok, result.output, result.error == f"token {token.id} timed out"]

    for handlers in both(body):
        job = run_all(queue, handlers)
        assert (job.status, job.output) == ("completed", [False, None, True])
        [entry] = [entry for name, entry in job.step_data.items() if name.startswith("__wait")]
        assert (entry["type"], entry["name"], entry["completed"]) == ("token", "approval", True)


def test_a_token_that_was_completed_before_is_not_waited_for(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        decision = await ctx.wait_for_token(ctx.job.tags[0], result_type=Decision)
        await ctx.wait_for(0)
        return decision.output.action

    for handlers in both(body):
        token = queue.create_token(tags=["a", "b"])
        assert queue.complete_token(token, {"action": "approve"})
        job = run_all(queue, handlers, tags=[token.id])
        assert (job.status, job.output) == ("completed", "approve")
        assert [event.event_type.value for event in queue.get_job_events(job.id)].count("waiting") == 1


def test_a_token_that_was_waited_for_is_not_asked_for_again(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        result = await ctx.wait_for_token(ctx.job.tags[0])
        await ctx.wait_for(0)
        return result.output

    for handlers in both(body):
        token = queue.create_token()
        queue.complete_token(token, "kept")
        job_id = waiting(queue, handlers, tags=[token.id])
        assert queue.cleanup_old_tokens(0) == 1
        assert queue.get_token(token.id) is None
        assert queue.create_processor(handlers).start() == 1
        assert queue.wait_for_job(job_id, PATIENCE).output == "kept"


def test_tokens_made_in_a_step_are_kept_by_it(queue: JobQueue) -> None:
    async def body(ctx: Any) -> Any:
        made = await ctx.run("create", getattr(ctx, "ctx", ctx).create_token)
        await ctx.wait_for_token(made["id"])
        return made["id"]

    for handlers in both(body):
        job_id = waiting(queue, handlers)
        token = token_of(queue, job_id)
        assert queue.complete_token(token)
        queue.create_processor(handlers).start()
        assert queue.wait_for_job(job_id, PATIENCE).output == token.id


def test_what_cannot_be_waited_for_is_refused_by_name(queue: JobQueue) -> None:
    other = queue.add_job("other", None)

    async def unknown(ctx: Any) -> None:
        await ctx.wait_for_token(UNKNOWN)

    async def foreign(ctx: Any) -> None:
        await ctx.wait_for_token(ctx.job.tags[0])

    async def maker(ctx: Any) -> None:
        await ctx.wait_for_token(await ctx.create_token())

    async def empty(ctx: Any) -> None:
        await ctx.wait_for_token("")

    async def nested(ctx: Any) -> None:
        await ctx.run("step", lambda: getattr(ctx, "ctx", ctx).wait_for_token(UNKNOWN))

    for handlers in both(unknown):
        assert message_of(run_all(queue, handlers, max_attempts=1)) == (
            f"there is no token '{UNKNOWN}': it was never made, or was cleaned up"
        )
    owner = waiting(queue, both(maker)[0])
    token = token_of(queue, owner)
    for handlers in both(foreign):
        job = run_all(queue, handlers, max_attempts=1, tags=[token.id])
        assert message_of(job).startswith(f"token '{token.id}' belongs to job {owner}, and this is job {job.id}")
        assert job.error_history[0].type == "dataqueue.errors.TokenNotFound"
    assert queue.complete_token(token)
    for handlers in both(empty):
        assert "token_id is empty" in message_of(run_all(queue, handlers, max_attempts=1))
    for handlers in both(nested):
        assert "inside of step 'step'" in message_of(run_all(queue, handlers, max_attempts=1))
    assert queue.cancel_job(other)


def test_a_handler_that_waits_for_another_token_than_before_was_changed(queue: JobQueue) -> None:
    async def body(ctx: Any) -> None:
        await ctx.wait_for_token(next(tokens))

    for handlers in both(body):
        made = [queue.create_token(), queue.create_token()]
        tokens = iter([token.id for token in made])
        job_id = waiting(queue, handlers)
        assert queue.complete_token(made[0])
        queue.create_processor(handlers).start()
        message = message_of(queue.wait_for_job(job_id, PATIENCE))
        assert f"was one for token {made[0].id} when the job waited, and is one for token {made[1].id} now" in message


def test_a_job_that_waits_for_a_token_can_be_cancelled(queue: JobQueue) -> None:
    async def body(ctx: Any) -> None:
        await ctx.wait_for_token(await ctx.create_token())

    for handlers in both(body):
        job_id = waiting(queue, handlers)
        token = token_of(queue, job_id)
        assert queue.cancel_job(job_id)
        assert queue.complete_token(token) is True
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.status, job.wait_token_id) == ("cancelled", None)


def test_tokens_of_a_queue(queue: JobQueue) -> None:
    token = queue.create_token(timeout=timedelta(days=1), tags=["ä", "b"])
    assert (token.job_id, token.status, token.tags) == (None, "waiting", ["ä", "b"])
    assert token.timeout_at is not None
    assert token.timeout_at - token.created_at == timedelta(days=1)
    assert queue.get_token(token.id) == token
    assert queue.get_token(UNKNOWN) is None
    with pytest.raises(TokenNotFound, match="there is no token"):
        queue.complete_token(UNKNOWN)
    with pytest.raises(ValueError, match="not JSON"):
        queue.complete_token(token, object())
    assert queue.complete_token(token) is True
    over = queue.get_token(token.id)
    assert over is not None
    assert (over.status, over.output) == ("completed", None)
    late = queue.create_token(timeout=0.001)
    until(lambda: getattr(queue.get_token(late), "status", None) == "timed_out", "its time is up")
    assert queue.complete_token(late, 1) is False
    assert queue.expire_timed_out_tokens() == 1
    assert queue.expire_timed_out_tokens() == 0
    assert queue.cleanup_old_tokens(1) == 0
    assert queue.cleanup_old_tokens(0) == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"timeout": "soon"}, "timeout is 'soon': give a number and a unit of s, m, h, d or w"),
        ({"timeout": "10"}, "timeout is '10'"),
        ({"timeout": "-1h"}, "timeout is '-1h'"),
        ({"timeout": "0s"}, "must be positive"),
        ({"timeout": -1}, "must not be negative"),
        ({"timeout": "999999d"}, "at most a hundred years"),
        ({"timeout": True}, "timeout must be seconds, a timedelta or a text such as '48h', not bool"),
        ({"tags": "approval"}, "tags must be a list of str"),
        ({"tags": [""]}, r"tags\[0\] is empty"),
    ],
)
def test_bad_options_of_a_token_are_refused(sqlite_store_url: str, given: dict[str, Any], told: str) -> None:
    with JobQueue(sqlite_store_url) as queue, pytest.raises((ValueError, TypeError), match=told):
        queue.create_token(**given)
