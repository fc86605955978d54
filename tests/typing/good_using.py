"""Reading, managing, processing: what comes back, of which type."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from dataqueue import (
    AsyncJobContext,
    AsyncJobQueue,
    AsyncJobSignal,
    AsyncProcessor,
    CronSchedule,
    DataQueueError,
    EditUpdates,
    ErrorEntry,
    FailureReason,
    Health,
    JobContext,
    JobEvent,
    JobEventType,
    JobFailed,
    JobHandlers,
    JobQueue,
    JobRecord,
    JobResult,
    JobSignal,
    JobStatus,
    JobType,
    MigrationStep,
    Pool,
    PostgresConfig,
    Processor,
    RunAt,
    SqliteConfig,
    SSLConfig,
    Supervisor,
    SupervisorRun,
    TagMode,
    Tags,
    Token,
    TokenResult,
    complete_token_url,
    create_pool,
)

NOW = datetime.now(UTC)
REPORT = JobType("report", dict[str, int])


def read(queue: JobQueue) -> None:
    assert_type(queue.get_job(1), JobRecord | None)
    assert_type(queue.get_jobs(), list[JobRecord])
    queue.get_jobs(job_type="a", status="failed", priority=1, run_at=NOW, tags=["a"], limit=5, offset=1)
    queue.get_jobs(job_type=REPORT, status=JobStatus.FAILED, run_at=RunAt(gt=NOW, lte=NOW), cursor=7)
    queue.get_jobs(job_type=["a", REPORT], status=["failed", JobStatus.PENDING], tags=Tags(["a"], "any"))
    queue.get_jobs(tags=Tags(("a", "b"), TagMode.NONE))
    assert_type(queue.get_jobs_by_status(JobStatus.COMPLETED, 5, 0), list[JobRecord])
    queue.get_jobs_by_status("completed", limit=5)
    queue.get_jobs_by_tags(["a"], "exact", 10, 0)
    queue.get_jobs_by_tags(["a"], mode=TagMode.ALL)
    assert_type(queue.get_all_jobs(10, 5), list[JobRecord])
    assert_type(queue.count_jobs(status="pending"), int)
    assert_type(queue.get_job_events(1), list[JobEvent])
    assert_type(queue.wait_for_job(1, 5), JobRecord)
    assert_type(queue.get_token("wp_1"), Token | None)
    token = queue.create_token(timeout="48h", tags=["a"])
    assert_type(queue.create_token(timeout=timedelta(days=1)), Token)
    assert_type(queue.complete_token(token, {"a": 1}), bool)
    assert_type(queue.complete_token(token.id), bool)
    assert_type(complete_token_url("https://a", token, secret="s" * 16, data=[1], expires_in=60), str)
    assert_type(queue.wait_for_job(1, timedelta(seconds=1), raise_on_failure=True), JobRecord)


def look_at(job: JobRecord, event: JobEvent) -> None:
    assert_type(job.id, int)
    assert_type(job.status, JobStatus)
    assert_type(job.payload, Any)
    assert_type(job.output, Any)
    assert_type(job.run_at, datetime)
    assert_type(job.completed_at, datetime | None)
    assert_type(job.timeout, timedelta | None)
    assert_type(job.retry_delay, timedelta | None)
    assert_type(job.tags, list[str])
    assert_type(job.progress, int | None)
    assert_type(job.failure_reason, FailureReason | None)
    assert_type(job.error_history, list[ErrorEntry])
    assert_type(job.error_history[0].traceback, str | None)
    assert_type(job.depends_on_job_ids, list[int])
    assert_type(job.is_final, bool)
    assert_type(event.event_type, JobEventType)
    assert_type(event.created_at, datetime)
    # An enum's member is a str, and compares with one.
    text: str = job.status
    if job.status == "failed" or job.status is JobStatus.CANCELLED or text in ("pending", JobStatus.WAITING):
        print(job.status.upper())


def manage(queue: JobQueue) -> None:
    assert_type(queue.retry_job(1), bool)
    assert_type(queue.cancel_job(1), bool)
    assert_type(queue.edit_job(1, priority=5, run_at=None, tags=None, timeout=None, payload={"any": 1}), bool)
    updates: EditUpdates = {"priority": 1, "retry_delay": timedelta(seconds=1)}
    queue.edit_job(1, **updates)
    assert_type(queue.edit_all_pending_jobs(updates, job_type=REPORT, tags=["a"]), int)
    queue.edit_all_pending_jobs({"max_attempts": 3}, run_at=RunAt(gte=NOW))
    assert_type(queue.cancel_all_upcoming_jobs(job_type=["a"], priority=2), int)
    assert_type(queue.retry_all_failed_jobs(tags=Tags(["a"], "none")), int)
    assert_type(queue.cleanup_old_jobs(30, ["failed", JobStatus.CANCELLED]), int)
    queue.cleanup_old_jobs(0.5, statuses="completed")
    assert_type(queue.cleanup_old_job_events(), int)
    assert_type(queue.cleanup_old_payloads(7), int)
    assert_type(queue.get_cron_job(1), CronSchedule | None)
    assert_type(queue.get_cron_job_by_name("s"), CronSchedule | None)
    assert_type(queue.list_cron_jobs("active"), list[CronSchedule])
    assert_type(queue.edit_cron_job(1, cron_expression="@daily", payload={"a": 1}, timeout=None), bool)
    assert_type(queue.pause_cron_job(1) or queue.resume_cron_job(1) or queue.remove_cron_job(1), bool)
    assert_type(queue.enqueue_due_cron_jobs(), int)
    supervisor = queue.create_supervisor(interval=60, cleanup_jobs_days_to_keep=None, cleanup_events_days_to_keep=0)
    assert_type(supervisor, Supervisor)
    assert_type(supervisor.start(), SupervisorRun)
    assert_type(supervisor.stop_and_drain(5), bool)
    assert_type(queue.reclaim_stuck_jobs(0), int)
    assert_type(queue.migrate(), list[MigrationStep])


def process(queue: JobQueue, handlers: JobHandlers) -> None:
    def told(error: Exception) -> None:
        print(error)

    processor = queue.create_processor(
        handlers,
        worker_id="w",
        batch_size=5,
        concurrency=2,
        poll_interval=timedelta(seconds=1),
        job_type=["a", REPORT],
        unhandled="fail",
        default_timeout=30,
        lease=10.5,
        unready_after=timedelta(minutes=1),
        on_error=told,
        verbose=True,
    )
    assert_type(processor, Processor)
    assert_type(processor.start(), int)
    processor.start_in_background()
    assert_type(processor.is_running(), bool)
    assert_type(processor.stop_and_drain(timeout=timedelta(seconds=3)), bool)
    processor.stop()
    assert_type(processor.worker_id, str)
    assert_type(processor.counts(), dict[str, int])
    health = processor.health()
    assert_type(health, Health)
    assert_type(health.ready, bool)
    assert_type(health.last_claim_age, timedelta | None)
    assert_type(health.reason, str | None)


async def use_async() -> None:
    async with AsyncJobQueue("sqlite:///a.db") as queue:
        assert_type(queue, AsyncJobQueue)
        assert_type(await queue.get_job(1), JobRecord | None)
        assert_type(await queue.wait_for_job(1, timeout=5), JobRecord)
        assert_type(await queue.edit_job(1, priority=1), bool)
        assert_type(await queue.cancel_all_upcoming_jobs(), int)
        processor = queue.create_processor({"a": print}, job_type="a")
        assert_type(processor, AsyncProcessor)
        assert_type(await processor.start(), int)
        processor.start_in_background()
        assert_type(await processor.stop_and_drain(), bool)
        assert_type(await queue.get_pool().fetch("select $1::int", 1), list[dict[str, Any]])
        await asyncio.gather(queue.count_jobs(), queue.get_all_jobs())


def in_a_handler(ctx: JobContext, signal: JobSignal) -> None:
    assert_type(ctx.job, JobRecord)
    assert_type(ctx.signal, JobSignal)
    ctx.prolong()
    ctx.prolong(timedelta(seconds=1))
    ctx.on_timeout(lambda: 30)
    ctx.on_timeout(lambda: None)
    ctx.wait_for(5)
    ctx.wait_for(timedelta(days=1), name="trial")
    ctx.wait_for(days=7, hours=0.5)
    assert_type(ctx.run("a", lambda: 5), int)
    assert_type(ctx.run("b", lambda: 5, result_type=int), int)
    token = ctx.create_token(timeout="48h")
    assert_type(ctx.wait_for_token(token), TokenResult[Any])
    assert_type(ctx.wait_for_token(token.id, result_type=int).output, int)
    job_id = ctx.add_job("a", {"any": "thing"}, priority=5, tags=["t"])
    assert_type(ctx.wait_for_job(job_id, result_type=str), JobResult[str])
    ctx.set_progress(33.3)
    ctx.set_output({"a": [1]})
    ctx.log("text")
    assert_type(signal.wait(1), bool)
    assert_type(signal.wait(timedelta(seconds=1)), bool)
    signal.raise_if_aborted()
    if signal.reason == "timeout":
        assert_type(signal.aborted, bool)


async def in_an_async_handler(ctx: AsyncJobContext, signal: AsyncJobSignal) -> None:
    assert_type(ctx.signal, AsyncJobSignal)
    ctx.prolong(5)
    ctx.on_timeout(lambda: timedelta(seconds=1))

    async def step() -> str:
        return "done"

    await ctx.wait_for(days=7)
    assert_type(await ctx.run("a", step), str)
    assert_type(await ctx.run("b", lambda: 5, result_type=int), int)
    assert_type(await ctx.wait_for_token(await ctx.create_token()), TokenResult[Any])
    assert_type((await ctx.wait_for_job(await ctx.add_job("a", 1))).ok, bool)
    await ctx.set_progress(50)
    await ctx.set_output(None)
    ctx.log("text")
    assert_type(await signal.wait(timedelta(seconds=1)), bool)


def open_queues() -> None:
    with JobQueue() as queue:
        assert_type(queue, JobQueue)
    JobQueue("postgresql://db/app", verbose=True)
    JobQueue(SqliteConfig(":memory:", busy_timeout=timedelta(seconds=1)))
    config = PostgresConfig(host="db", port=5432, user="u", ssl=SSLConfig(ca="file:///ca"), schema="s", pool_max=5)
    assert_type(create_pool(config), Pool)
    with create_pool(PostgresConfig("postgresql://db/app")) as pool:
        JobQueue(pool)


def failures(queue: JobQueue) -> None:
    try:
        queue.wait_for_job(1, raise_on_failure=True)
    except JobFailed as error:
        assert_type(error.job, JobRecord)
    except DataQueueError as error:
        assert_type(error.job_id, int | None)
        assert_type(error.retryable, bool)
