"""Wrong arguments of reading, managing and processing: an error on each line that is marked, and on no other."""

from __future__ import annotations

from datetime import datetime

from dataqueue import (
    AsyncJobContext,
    AsyncJobQueue,
    AsyncJobSignal,
    EditUpdates,
    JobContext,
    JobHandlers,
    JobQueue,
    JobRecord,
    JobSignal,
    PostgresConfig,
    RunAt,
    SqliteConfig,
    SSLConfig,
    Tags,
    create_pool,
)


def read(queue: JobQueue, now: datetime) -> None:
    queue.get_job("1")  # mypy: arg-type; pyright: reportArgumentType
    queue.get_job(1).status  # mypy: union-attr; pyright: reportOptionalMemberAccess
    queue.get_jobs(status=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs(job_type=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs(run_at="today")  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs(run_at={"gt": now})  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs(tags="a", colour=1)  # mypy: call-arg; pyright: reportCallIssue
    queue.get_jobs(tags=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs(limit="5")  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs("a")  # mypy: call-arg; pyright: reportCallIssue
    RunAt(now)  # mypy: call-arg; pyright: reportCallIssue
    RunAt(after=now)  # mypy: call-arg; pyright: reportCallIssue
    Tags(5)  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs_by_status(5)  # mypy: arg-type; pyright: reportArgumentType
    queue.get_jobs_by_tags(["a"], 5)  # mypy: arg-type; pyright: reportArgumentType
    queue.count_jobs(limit=5)  # mypy: call-arg; pyright: reportCallIssue
    queue.wait_for_job("1")  # mypy: arg-type; pyright: reportArgumentType
    queue.wait_for_job(1, timeout="5s")  # mypy: arg-type; pyright: reportArgumentType
    queue.wait_for_job(1).colour  # mypy: attr-defined; pyright: reportAttributeAccessIssue


def look_at(job: JobRecord) -> None:
    job.status = "failed"  # mypy: misc assignment; pyright: reportAttributeAccessIssue
    job.tags = []  # mypy: misc; pyright: reportAttributeAccessIssue
    job.colour  # mypy: attr-defined; pyright: reportAttributeAccessIssue
    job.timeout + 5  # mypy: operator; pyright: reportOperatorIssue
    job.timeout_ms  # mypy: attr-defined; pyright: reportAttributeAccessIssue
    job.progress + 1  # mypy: operator; pyright: reportOptionalOperand
    job.failure_reason.value  # mypy: union-attr; pyright: reportOptionalMemberAccess
    number: int = job.status  # mypy: assignment; pyright: reportAssignmentType
    del number


def manage(queue: JobQueue) -> None:
    queue.edit_job(1, colour=1)  # mypy: call-arg; pyright: reportCallIssue
    queue.edit_job(1, job_type="t")  # mypy: call-arg; pyright: reportCallIssue
    queue.edit_job(1, priority="high")  # mypy: arg-type; pyright: reportArgumentType
    queue.edit_job(1, priority=None)  # mypy: arg-type; pyright: reportArgumentType
    queue.edit_all_pending_jobs({"colour": 1})  # mypy: typeddict-unknown-key; pyright: reportArgumentType
    queue.edit_all_pending_jobs({"priority": 1}, status="failed")  # mypy: call-arg; pyright: reportCallIssue
    queue.cancel_all_upcoming_jobs(status="pending")  # mypy: call-arg; pyright: reportCallIssue
    queue.retry_all_failed_jobs(limit=5)  # mypy: call-arg; pyright: reportCallIssue
    queue.cleanup_old_jobs("30")  # mypy: arg-type; pyright: reportArgumentType
    queue.cleanup_old_jobs(30, 5)  # mypy: arg-type; pyright: reportArgumentType
    updates: EditUpdates = {"max_attempts": "3"}  # mypy: typeddict-item; pyright: reportAssignmentType
    del updates


def process(queue: JobQueue, handlers: JobHandlers) -> None:
    queue.create_processor()  # mypy: call-arg; pyright: reportCallIssue
    queue.create_processor(5)  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor([print])  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers, 5)  # mypy: call-arg arg-type; pyright: reportCallIssue
    queue.create_processor(handlers, unhandled="ignore")  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers, concurrency="3")  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers, group_concurrency="1")  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers, group_rate_limit=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers, on_error=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers, job_type=5)  # mypy: arg-type; pyright: reportArgumentType
    queue.create_processor(handlers).start() + "a"  # mypy: operator; pyright: reportOperatorIssue
    queue.create_processor(handlers).drain()  # mypy: attr-defined; pyright: reportAttributeAccessIssue


def blocking(queue: JobQueue, ctx: JobContext, signal: JobSignal) -> None:
    ctx.set_progress("half")  # mypy: arg-type; pyright: reportArgumentType
    ctx.prolong("5s")  # mypy: arg-type; pyright: reportArgumentType
    ctx.on_timeout(5)  # mypy: arg-type; pyright: reportArgumentType
    ctx.on_timeout(lambda: "more")  # mypy: arg-type return-value; pyright: reportArgumentType
    ctx.log(5)  # mypy: arg-type; pyright: reportArgumentType
    ctx.wait_for("5s")  # mypy: arg-type; pyright: reportArgumentType
    ctx.wait_for(days="1")  # mypy: arg-type; pyright: reportArgumentType
    ctx.wait_until("tomorrow")  # mypy: arg-type; pyright: reportArgumentType
    ctx.run("a", 5)  # mypy: arg-type; pyright: reportArgumentType
    ctx.wait_for_token(5)  # mypy: call-overload; pyright: reportArgumentType
    ctx.create_token(timeout=[])  # mypy: arg-type; pyright: reportArgumentType
    ctx.add_job("a", 1, colour="red")  # mypy: call-overload; pyright: reportCallIssue
    ctx.add_job("a", 1, priority="high")  # mypy: call-overload; pyright: reportArgumentType reportCallIssue
    queue.complete_token(5)  # mypy: arg-type; pyright: reportArgumentType
    signal.wait("5s")  # mypy: arg-type; pyright: reportArgumentType
    if signal.reason == "late":  # mypy: comparison-overlap; pyright: reportUnnecessaryComparison
        pass


async def awaited(queue: AsyncJobQueue, ctx: AsyncJobContext, signal: AsyncJobSignal, wrong: JobContext) -> None:
    queue.get_job(1)  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    ctx.set_progress(5)  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    ctx.set_output(5)  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    signal.wait()  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    await ctx.prolong()  # mypy: misc func-returns-value; pyright: reportGeneralTypeIssues
    await wrong.set_progress(5)  # mypy: misc func-returns-value; pyright: reportGeneralTypeIssues
    (await queue.get_job(1)).status  # mypy: union-attr; pyright: reportOptionalMemberAccess
    queue.create_processor({}).start()  # mypy: unused-coroutine; pyright: reportUnusedCoroutine
    queue.get_jobs()[0]  # mypy: index; pyright: reportIndexIssue
    with AsyncJobQueue():  # mypy: attr-defined; pyright: reportGeneralTypeIssues
        pass
    async with JobQueue():  # mypy: attr-defined; pyright: reportGeneralTypeIssues
        pass


def opened() -> None:
    JobQueue(5)  # mypy: arg-type; pyright: reportArgumentType
    JobQueue("sqlite:///a.db", True)  # mypy: call-arg; pyright: reportCallIssue
    JobQueue(colour="red")  # mypy: call-arg; pyright: reportCallIssue
    JobQueue(PostgresConfig(port="5432"))  # mypy: arg-type; pyright: reportArgumentType
    JobQueue(PostgresConfig(host="db", ssl="require"))  # mypy: arg-type; pyright: reportArgumentType
    SSLConfig("ca")  # mypy: call-arg; pyright: reportCallIssue
    SqliteConfig(5)  # mypy: arg-type; pyright: reportArgumentType
    create_pool("postgresql://db")  # mypy: arg-type; pyright: reportArgumentType
