"""Jobs that run one after another, side by side, or both: what waits for what, written down as a value.

ids = await queue.add_workflow(chain(fetch, group(resize, scan), publish))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .errors import DependencyError
from .jobs import Job

__all__ = ["Workflow", "chain", "chord", "group"]


@dataclass(frozen=True, slots=True)
class Workflow:
    """Jobs, and which of them wait for which. It cannot change, and may be added any number of times.

    Attributes:
        kind: `chain` or `group`.
        parts: What it is made of, in order.
    """

    kind: Literal["chain", "group"]
    parts: tuple[Job[Any] | Workflow, ...]


def chain(*parts: Job[Any] | Workflow) -> Workflow:
    """Parts that run one after another: each begins when the one before it has completed, all jobs of it.

    Raises:
        TypeError: A part is neither a `Job` nor a workflow.
        DependencyError: There is none.
    """
    return Workflow("chain", _checked("chain", parts))


def group(*parts: Job[Any] | Workflow) -> Workflow:
    """Parts that run side by side. What follows a group in a chain waits for all of it.

    Raises:
        TypeError: A part is neither a `Job` nor a workflow.
        DependencyError: There is none.
    """
    return Workflow("group", _checked("group", parts))


def chord(parts: Iterable[Job[Any] | Workflow], callback: Job[Any] | Workflow) -> Workflow:
    """Parts that run side by side, and what runs when all of them have completed: `chain(group(*parts), callback)`.

    Raises:
        TypeError: A part is neither a `Job` nor a workflow.
        DependencyError: There is none.
    """
    if isinstance(parts, Job | Workflow) or not isinstance(parts, Iterable):
        raise TypeError(
            f"chord() takes a list of jobs and a callback, not {type(parts).__name__}: chord([job, ...], callback)"
        )
    return Workflow("chain", (Workflow("group", _checked("chord", tuple(parts))), *_checked("chord", (callback,))))


def jobs_of(workflow: Workflow | Job[Any]) -> list[Job[Any]]:
    """The jobs of a workflow in the order in which they are written, each with what it waits for.

    Raises:
        TypeError: It is no workflow.
        DependencyError: One of the jobs refers to others by `batch_ref`.
    """
    (part,) = _checked("add_workflow", (workflow,))
    jobs: list[Job[Any]] = []
    _lay_out(part, (), jobs)
    return jobs


def _lay_out(part: Job[Any] | Workflow, before: tuple[int, ...], jobs: list[Job[Any]]) -> tuple[int, ...]:
    """Adds the jobs of a part, which waits for those at the places `before`; answers the places of its last ones."""
    # Nested parts are on a stack of our own: a chain may be as deep as somebody built it.
    todo: list[tuple[Job[Any] | Workflow, int]] = [(part, 0)]
    # For each workflow that is under way: what its next part waits for, and what came last.
    waits: list[tuple[int, ...]] = [before]
    ends: list[list[int]] = []
    last: tuple[int, ...] = ()
    while todo:
        here, at = todo.pop()
        if isinstance(here, Job):
            jobs.append(_waiting(here, waits[-1]))
            last = (len(jobs) - 1,)
            continue
        if at == 0:
            ends.append([])
            waits.append(waits[-1])
        elif here.kind == "chain":
            waits[-1] = last
        else:
            ends[-1].extend(last)
        if at < len(here.parts):
            todo.extend(((here, at + 1), (here.parts[at], 0)))
            continue
        waits.pop()
        collected = ends.pop()
        last = last if here.kind == "chain" else tuple(collected)
    return last


def _waiting(job: Job[Any], places: tuple[int, ...]) -> Job[Any]:
    extras = job.to_core()[12] or {}
    if any(one < 0 for one in extras.get("depends_on", ([], []))[0]):
        raise DependencyError(
            f"{job!r} depends on a batch_ref(), which stands for jobs of add_jobs(): in a workflow, chain() and "
            "group() say what waits for what"
        )
    return job.after(places) if places else job


def _checked(name: str, parts: tuple[Any, ...]) -> tuple[Job[Any] | Workflow, ...]:
    if not parts:
        raise DependencyError(f"{name}() of nothing: give it at least one job, Job(job_type, payload, ...)")
    for part in parts:
        if not isinstance(part, Job | Workflow):
            raise TypeError(
                f"{name}() takes Jobs and workflows, not {type(part).__name__}: Job(job_type, payload, ...)"
            )
    return parts
