"""The demonstration: real work on real input, with a live view and a summary."""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import click

from ..blocking import JobQueue
from ..handlers import JobHandlers
from ..jobs import Job
from ..models import JobRecord

__all__ = ["run_demo"]

_PAGE = 1000


class SourceFile(TypedDict):
    """The payload: one source file."""

    path: str


@dataclass
class Inspection:
    """What is found out about a source file."""

    sha256: str
    lines: int
    classes: int
    functions: int


handlers = JobHandlers()


@handlers.job("inspect_source", max_attempts=3, retry_delay=0.2, retry_backoff=False)
def inspect_source(payload: SourceFile) -> Inspection:
    """Reads, hashes and parses one file; fails on a file that does not decode or does not parse."""
    data = Path(payload["path"]).read_bytes()
    tree = ast.parse(data, filename=payload["path"])
    kinds = Counter(type(node) for node in ast.walk(tree))
    return Inspection(
        sha256=hashlib.sha256(data).hexdigest(),
        lines=data.count(b"\n"),
        classes=kinds[ast.ClassDef],
        functions=kinds[ast.FunctionDef] + kinds[ast.AsyncFunctionDef],
    )


def run_demo(queue: JobQueue, database: str, concurrency: int, limit: int | None) -> bool:
    """Adds one job for each file of the standard library, works them off, and prints what came out.

    Returns:
        Whether every job ended.
    """
    files = _sources(limit)
    run = f"demo-{uuid.uuid4().hex[:8]}"
    click.echo(
        f"One job for each of the {len(files)} source files of Python {sys.version.split()[0]}'s standard library."
    )
    began = time.monotonic()
    queue.add_jobs([Job(inspect_source, SourceFile(path=str(path)), tags=[run]) for path in files])
    click.echo(f"Added in {time.monotonic() - began:.2f} s. Working with {concurrency} threads:")
    processor = queue.create_processor(handlers, concurrency=concurrency, batch_size=50)
    began = time.monotonic()
    processor.start_in_background()
    try:
        _watch(queue, run, len(files), began)
    finally:
        processor.stop_and_drain(10)
    took = time.monotonic() - began
    jobs = _all_jobs(queue, run)
    _summarise(jobs, took, database, run)
    return all(job.status in ("completed", "failed") and job.next_attempt_at is None for job in jobs)


def _sources(limit: int | None) -> list[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts and path.is_file())
    return files[:limit]


def _watch(queue: JobQueue, run: str, total: int, began: float) -> None:
    """Shows how far the run is until no job is left that will run."""
    label: list[str] = [""]
    bar: Any = click.progressbar(length=total, label="inspecting", show_pos=True, item_show_func=lambda _: label[0])
    with bar:
        seen = 0
        while True:
            completed = queue.count_jobs(tags=[run], status="completed")
            failed = queue.count_jobs(tags=[run], status="failed")
            ended = completed + failed
            rate = ended / max(time.monotonic() - began, 0.001)
            label[0] = f"{rate:,.0f} jobs/s, {failed} failing"
            bar.update(ended - seen, ended)
            seen = ended
            if ended == total and not _retrying(queue, run):
                return
            time.sleep(0.1)


def _retrying(queue: JobQueue, run: str) -> bool:
    """Whether a failed job waits for its next attempt."""
    cursor = None
    while page := queue.get_jobs(tags=[run], status="failed", limit=_PAGE, cursor=cursor):
        if any(job.next_attempt_at is not None for job in page):
            return True
        cursor = page[-1].id
    return False


def _all_jobs(queue: JobQueue, run: str) -> list[JobRecord]:
    jobs: list[JobRecord] = []
    while page := queue.get_jobs(tags=[run], limit=_PAGE, cursor=jobs[-1].id if jobs else None):
        jobs += page
    return jobs


def _summarise(jobs: list[JobRecord], took: float, database: str, run: str) -> None:
    done = [job for job in jobs if job.status == "completed"]
    failed = [job for job in jobs if job.status == "failed"]
    attempts = sum(job.attempts for job in jobs)
    lines = sum(job.output["lines"] for job in done)
    functions = sum(job.output["functions"] for job in done)
    rows = [
        ("done", f"{len(done)} files: {lines:,} lines, {functions:,} functions"),
        (
            "failed",
            f"{len(failed)} files, after {max((job.attempts for job in failed), default=0)} attempts each",
        ),
        ("retried", f"{attempts - len(jobs)} runs"),
        ("speed", f"{attempts / took:,.0f} runs per second, {took:.1f} s in all"),
    ]
    click.echo()
    for name, value in rows:
        click.echo(f"  {name:<9} {value}")
    click.echo("\n  slowest")
    for job in sorted(done, key=_ran, reverse=True)[:5]:
        click.echo(f"    {_ran(job):7.3f} s  {_short(job)}")
    click.echo("\n  failed")
    for job in failed[:8]:
        click.echo(f"    {_short(job)}: {job.error_history[-1].message.splitlines()[0]:.70}")
    if len(failed) > 8:
        click.echo(f"    and {len(failed) - 8} more")
    click.echo(f"\nEvery job, with its output, errors and events, is kept in {database} (tag {run}).")


def _ran(job: JobRecord) -> float:
    if job.started_at is None or job.completed_at is None:
        return 0.0
    return (job.completed_at - job.started_at).total_seconds()


def _short(job: JobRecord) -> str:
    root = sysconfig.get_path("stdlib")
    return str(job.payload["path"]).removeprefix(root).lstrip("/\\")
