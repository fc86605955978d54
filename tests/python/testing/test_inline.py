"""Inline: jobs run where they are added."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import Job, JobHandlers
from dataqueue.testing import AsyncVirtualQueue, Drained

if TYPE_CHECKING:
    from .conftest import Opening

handlers = JobHandlers()


@handlers.job("double")
async def double(number: int) -> int:
    return 2 * number


@handlers.job("broken", max_attempts=1)
def broken(_: Any) -> None:
    raise ZeroDivisionError("it broke")


def test_a_job_has_run_when_it_was_added(opening: Opening) -> None:
    queue = opening(handlers, inline=True)
    job_id = queue.add_job(double, 21)
    assert job_id.created
    assert queue.wait_for_job(job_id, 0).output == 42
    ids = queue.add_jobs([Job(double, number) for number in range(3)])
    assert [queue.wait_for_job(one, 0).output for one in ids] == [0, 2, 4]


def test_what_is_not_due_waits_for_the_clock(opening: Opening) -> None:
    queue = opening(handlers, inline=True)
    queue.add_job(double, 1, run_at=queue.now() + timedelta(hours=1))
    assert queue.count_jobs(status="pending") == 1
    assert queue.advance(hours=1) == Drained(completed=1)


def test_what_a_handler_raises_is_raised_where_the_job_was_added(opening: Opening) -> None:
    queue = opening(handlers, inline=True)
    with pytest.raises(ZeroDivisionError, match="it broke") as raised:
        queue.add_job(broken, None)
    assert "broken" in [frame.name for frame in raised.traceback]
    (failed,) = queue.get_jobs_by_status("failed")
    assert failed.error_history[0].message == "it broke"


def test_errors_can_be_left_to_the_failed_job(opening: Opening) -> None:
    queue = opening(handlers, inline=True, raise_errors=False)
    job_id = queue.add_job(broken, None)
    assert queue.wait_for_job(job_id, 0).status == "failed"


def test_jobs_that_handlers_add_run_inside_of_them(opening: Opening) -> None:
    nested = JobHandlers()
    order: list[str] = []

    @nested.job("outer")
    def outer(_: None) -> None:
        order.append("outer begins")
        inner_id = queue.add_job("inner", None)
        order.append(queue.wait_for_job(inner_id, 0).output)

    @nested.job("inner")
    def inner(_: None) -> str:
        order.append("inner")
        return "outer ends"

    queue = opening(nested, inline=True)
    queue.add_job(outer, None)
    assert order == ["outer begins", "inner", "outer ends"]


@pytest.mark.parametrize("raise_errors", [True, False])
def test_jobs_that_add_themselves_inline_are_stopped(opening: Opening, raise_errors: bool) -> None:
    endless = JobHandlers()

    @endless.job("endless", max_attempts=1)
    def run(_: None) -> None:
        queue.add_job("endless", None)

    queue = opening(endless, inline=True, raise_errors=raise_errors)
    if raise_errors:
        with pytest.raises(RuntimeError, match="50 deep"):
            queue.add_job(run, None)
    else:
        queue.add_job(run, None)
    innermost = queue.get_jobs_by_status("failed")[0]
    assert "50 deep" in innermost.error_history[0].message
    assert queue.count_jobs() == 51


async def test_an_async_handler_adds_inline_on_its_own_loop() -> None:
    nested = JobHandlers()

    @nested.job("outer")
    async def outer(_: None) -> int:
        inner_id = await queue.add_job("double", 4)
        output: int = (await queue.wait_for_job(inner_id, 0)).output
        return output

    nested.job("double")(double.func)
    async with AsyncVirtualQueue(nested, inline=True) as queue:
        assert (await queue.wait_for_job(await queue.add_job(outer, None), 0)).output == 8
