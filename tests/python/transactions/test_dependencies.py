"""Jobs that wait for others, added on the caller's connection."""

from __future__ import annotations

import pytest

from dataqueue import DependencyError, DependsOn, Job, JobHandlers, batch_ref, chain
from tests.python.transactions.conftest import Onlooker, Queues
from tests.python.transactions.ways import MAIN_WAYS, PSYCOPG, WAYS, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)
main_ways = pytest.mark.parametrize("way", MAIN_WAYS, ids=str)

handlers = JobHandlers()


@handlers.job("number")
def number(payload: int) -> int:
    return payload


@every_way
async def test_a_job_waits_for_others_of_its_transaction_and_from_before(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    queue = queues.blocking
    before = queue.add_job("number", 1)
    async with way.open(postgres_url) as transaction:
        jobs = [
            Job("number", 2, depends_on=DependsOn(job_ids=[before, batch_ref(1)])),
            Job("number", 3),
            Job("number", 4, depends_on=DependsOn(tags=["tag of nobody"])),
            Job("number", 5, tags=["own"], depends_on=DependsOn(tags=["own"])),
        ]
        ids = await queues.add_jobs(way, transaction, jobs)
        await transaction.commit()
    job = queue.get_job(ids[0])
    assert job is not None
    assert (job.pending_reason, job.depends_on_job_ids) == (f"waits for jobs {before}, {ids[1]}", [before, ids[1]])
    assert onlooker.count("job_ready") == 4
    assert queue.create_processor(handlers).start() >= 4
    queue.create_processor(handlers).start()
    assert queue.count_jobs(status="completed") == 5


@main_ways
async def test_what_failed_already_cancels_and_what_is_unknown_is_refused(
    way: Way, queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    queue = queues.blocking
    gone = queue.add_job("number", 1)
    assert queue.cancel_job(gone)
    async with way.open(postgres_url) as transaction:
        with pytest.raises(DependencyError, match="job 987654321, which does not exist"):
            await queues.add_job(way, transaction, "number", 2, depends_on=DependsOn(job_ids=[987654321]))
        ids = await queues.add_jobs(
            way,
            transaction,
            [
                Job("number", 3, depends_on=DependsOn(job_ids=[gone])),
                Job("number", 4, depends_on=DependsOn(job_ids=[batch_ref(0)])),
            ],
        )
        await transaction.commit()
    assert onlooker.count("job_queue") == 3
    first, second = queue.get_job(ids[0]), queue.get_job(ids[1])
    assert first is not None
    assert second is not None
    assert first.cancel_reason == f"job {gone}, which it waited for, was cancelled"
    assert second.cancel_reason == f"job {ids[0]}, which it waited for, was cancelled"


async def test_a_workflow_that_is_rolled_back_leaves_nothing(
    queues: Queues, onlooker: Onlooker, postgres_url: str
) -> None:
    async with PSYCOPG.open(postgres_url) as transaction:
        queues.blocking.add_workflow(chain(Job("number", 1), Job("number", 2)), connection=transaction.connection)
        await transaction.roll_back()
    assert (onlooker.count("job_queue"), onlooker.count("job_dependencies")) == (0, 0)
