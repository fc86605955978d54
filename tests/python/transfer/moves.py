"""Short words for moving jobs, and for what becomes of them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from dataqueue import JobHandlers, JobQueue, JobRecord
from dataqueue.transfer import Plan, Transfer

# What a copy has of its own.
OWN = ("id", "updated_at", "idempotency_key")


def move(
    source: JobQueue, target: JobQueue, *, batch: int = 500, cancel: bool = False, kind: type[Transfer] = Transfer
) -> Transfer:
    """Moves everything."""
    one = kind(source._requests.store, target._requests.store, batch)
    plan = one.plan()
    assert sum(one.run(plan, cancel_source=cancel)) == len(plan.ids)
    return one


def plan_of(source: JobQueue, target: JobQueue) -> Plan:
    return Transfer(source._requests.store, target._requests.store).plan()


def command(way: tuple[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    arguments = [sys.executable, "-c", "from dataqueue.cli import main; main()", "transfer"]
    return subprocess.run(
        [*arguments, "--from", way[0], "--to", way[1], *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def kept(job: JobRecord) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(job).items() if name not in OWN}


def run_once(queue: JobQueue, job_type: str, func: Callable[[Any], Any]) -> None:
    """Claims and runs the due jobs of a type."""
    handlers = JobHandlers()
    handlers.job(job_type)(func)
    queue.create_processor(handlers, batch_size=100).start()


def failing(payload: Any) -> None:
    raise RuntimeError(f"no luck with {payload}\0")


def nothing(payload: Any) -> None:
    pass
