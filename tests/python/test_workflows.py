"""Jobs that wait for others, and workflows made of them, on each store and in both twins."""

from __future__ import annotations

from typing import Any

import pytest

from dataqueue import (
    AsyncJobContext,
    DataQueueError,
    DependencyError,
    DependsOn,
    Job,
    JobContext,
    JobHandlers,
    JobQueue,
    JobStatus,
    Workflow,
    batch_ref,
    chain,
    chord,
    group,
)
from dataqueue.workflows import jobs_of
from tests.python.conftest import PATIENCE
from tests.python.isolation.handlers import total

handlers = JobHandlers()


@handlers.job("number")
def number(payload: int) -> int:
    return payload


@handlers.job("sum")
def sum_of(payload: Any, *, ctx: JobContext) -> int:
    return sum(ctx.results)


@handlers.job("product")
async def product(payload: Any, *, ctx: AsyncJobContext) -> int:
    answer = 1
    for one in await ctx.results():
        answer *= one
    return answer


@handlers.job("fail", max_attempts=1)
def fail(payload: Any) -> None:
    raise ValueError("it broke")


@handlers.job("list")
def list_of(payload: Any, *, ctx: JobContext) -> list[Any]:
    return ctx.results


in_process = JobHandlers()
in_process.job("number")(lambda payload: payload)
in_process.job("total", run_in="process")(total)


def finish(queue: JobQueue, *job_ids: int, by: JobHandlers = handlers) -> list[Any]:
    processor = queue.create_processor(by, concurrency=4)
    processor.start_in_background()
    try:
        return [queue.wait_for_job(job_id, PATIENCE) for job_id in job_ids]
    finally:
        processor.stop_and_drain(PATIENCE)


def test_a_job_waits_and_tells_so_until_what_it_waits_for_completed(queue: JobQueue) -> None:
    first = queue.add_job(number, 1)
    second = queue.add_job("sum", None, depends_on=DependsOn(job_ids=[first]))
    job = queue.get_job(second)
    assert job is not None
    assert (job.status, job.pending_reason) == (JobStatus.PENDING, f"waits for job {first}")
    assert job.depends_on_job_ids == [first]
    (done,) = finish(queue, second)
    assert (done.output, done.pending_reason) == (1, None)


def test_refs_stand_for_jobs_of_the_call_and_results_come_in_their_order(queue: JobQueue) -> None:
    refs = DependsOn(job_ids=[batch_ref(3), batch_ref(1)], tags=[])
    ids = queue.add_jobs([Job("list", None, depends_on=refs), Job(number, 5), Job("product", None), Job(number, 7)])
    done, alone = finish(queue, ids[0], ids[2])
    assert done.depends_on_job_ids == [ids[3], ids[1]]
    assert (done.output, alone.output) == ([7, 5], 1)


def test_a_handler_in_a_process_gets_the_results_too(queue: JobQueue) -> None:
    ids = queue.add_workflow(chord([Job("number", 1), Job("number", 2)], Job("total", None)))
    assert finish(queue, ids[-1], by=in_process)[0].output == [1, 2]


def test_a_failure_cancels_what_waits_for_it_with_the_reason(queue: JobQueue) -> None:
    ids = queue.add_workflow(chain(Job(fail, None), Job(number, 1), Job(number, 2)))
    last = finish(queue, ids[2])[0]
    middle = queue.get_job(ids[1])
    assert middle is not None
    assert (middle.status, middle.cancel_reason) == ("cancelled", f"job {ids[0]}, which it waited for, failed")
    assert last.cancel_reason == f"job {ids[1]}, which it waited for, was cancelled"
    assert queue.get_job_events(ids[2])[-1].metadata == {"reason": last.cancel_reason}
    at_once = queue.add_job(number, 1, depends_on=DependsOn(job_ids=[ids[0]]))
    assert queue.wait_for_job(at_once, 0).status == "cancelled"


def test_a_job_waits_for_tags(queue: JobQueue) -> None:
    held = queue.add_job(number, 1, tags=["import", "eu"])
    job_id = queue.add_job(number, 2, tags=["report"], depends_on=DependsOn(tags=["import"]))
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.pending_reason, job.depends_on_tags) == ("waits for jobs tagged import", ["import"])
    assert queue.cancel_job(held)
    assert finish(queue, job_id)[0].output == 2


def test_what_cannot_be_waited_for_is_refused_and_nothing_is_stored(queue: JobQueue) -> None:
    known = queue.add_job(number, 1)
    for depends_on, why in [
        (DependsOn(job_ids=[known, 10**15]), "job 1000000000000000, which does not exist"),
        (DependsOn(job_ids=[batch_ref(0)]), "the job waits for itself"),
        (DependsOn(job_ids=[batch_ref(1)]), "the last is batch_ref\\(0\\)"),
    ]:
        with pytest.raises(DependencyError, match=why):
            queue.add_job(number, 2, depends_on=depends_on)
    ring = [Job(number, at, depends_on=DependsOn(job_ids=[batch_ref((at + 1) % 3)])) for at in range(3)]
    with pytest.raises(DependencyError, match="jobs 1, 2, 3 of 3 wait for each other in a ring"):
        queue.add_jobs(ring)
    assert queue.count_jobs() == 1


def test_a_retry_of_a_cancelled_dependent_waits_for_what_is_open(queue: JobQueue) -> None:
    ids = queue.add_workflow(chain(Job(number, 3), Job("sum", None)))
    assert queue.cancel_job(ids[0])
    assert queue.retry_job(ids[0])
    assert queue.retry_job(ids[1])
    job = queue.get_job(ids[1])
    assert job is not None
    assert (job.status, job.pending_reason) == ("pending", f"waits for job {ids[0]}")
    assert finish(queue, ids[1])[0].output == 3


def test_workflows_nest(queue: JobQueue) -> None:
    numbers = chord([Job(number, at) for at in range(1, 5)], Job("sum", None))
    ids = queue.add_workflow(
        chain(group(numbers, chord([Job(number, 2), Job(number, 3)], Job("product", None))), Job("list", None))
    )
    assert len(ids) == 9
    assert finish(queue, ids[-1])[0].output == [10, 6]
    last = queue.get_job(ids[-1])
    assert last is not None
    assert last.depends_on_job_ids == [ids[4], ids[7]]


def refs(workflow: Workflow) -> list[list[int]]:
    return [[-1 - at for at in (job.to_core()[12] or {}).get("depends_on", ([], []))[0]] for job in jobs_of(workflow)]


def test_what_waits_for_what_is_as_it_is_written() -> None:
    one = Job("number", 1)
    assert refs(chain(one, one, one)) == [[], [0], [1]]
    assert refs(chain(group(one, one), group(one, one))) == [[], [], [0, 1], [0, 1]]
    assert refs(group(chain(one, one), one)) == [[], [0], []]
    assert refs(chain(one, chord([one, chain(one, one)], one), one)) == [[], [0], [0], [2], [1, 3], [4]]
    deep = one
    nested: Any = deep
    for _ in range(5_000):
        nested = chain(nested, one)
    assert refs(nested)[-1] == [4_999]


def test_a_workflow_is_a_value_that_cannot_change() -> None:
    parts = [Job("number", 1), Job("number", 2)]
    workflow = chord(parts, Job("sum", None))
    assert workflow == chord(parts, workflow.parts[1])
    parts.clear()
    assert len(jobs_of(workflow)) == 3
    with pytest.raises(AttributeError):
        workflow.parts = ()  # type: ignore[misc]
    assert workflow.parts[1].to_core()[12] is None  # type: ignore[union-attr]


def test_what_is_no_workflow_is_refused_with_a_reason() -> None:
    for empty in (chain, group):
        with pytest.raises(DependencyError, match=f"{empty.__name__}\\(\\) of nothing"):
            empty()
    with pytest.raises(DependencyError, match="chord\\(\\) of nothing"):
        chord([], Job("sum", None))
    with pytest.raises(TypeError, match="not str"):
        chain("number")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="chord\\(\\) takes a list"):
        chord(Job("number", 1), Job("sum", None))  # type: ignore[arg-type]
    ref = Job("number", 1, depends_on=DependsOn(job_ids=[batch_ref(0)]))
    with pytest.raises(DependencyError, match="stands for jobs of add_jobs"):
        jobs_of(chain(ref, ref))


def test_what_depends_on_cannot_be_is_refused_by_name() -> None:
    assert issubclass(DependencyError, DataQueueError)
    assert issubclass(DependencyError, ValueError)
    for wrong, error, why in [
        (lambda: DependsOn(job_ids=[0]), DependencyError, "holds 0: ids are positive"),
        (lambda: DependsOn(job_ids=[-1]), DependencyError, "holds -1: ids are positive"),
        (lambda: DependsOn(job_ids=[True]), TypeError, "ids are ints"),
        (lambda: DependsOn(job_ids="12"), TypeError, "a list of ids"),  # type: ignore[arg-type]
        (lambda: DependsOn(tags="a"), TypeError, "must be a list of str"),
        (lambda: DependsOn(tags=[""]), ValueError, "tags of depends_on"),
        (lambda: DependsOn(job_ids=range(1, 10_002)), DependencyError, "10001 jobs and tags: at most 10000"),
        (lambda: batch_ref(-1), DependencyError, "counted from 0"),
        (lambda: batch_ref("0"), TypeError, "not str"),  # type: ignore[arg-type]
        (lambda: Job("number", 1, depends_on=[1]), TypeError, "must be a DependsOn, not list"),  # type: ignore[arg-type]
    ]:
        with pytest.raises(error, match=why):
            wrong()  # type: ignore[no-untyped-call]
    assert Job("number", 1, depends_on=DependsOn()).to_core()[12] is None
