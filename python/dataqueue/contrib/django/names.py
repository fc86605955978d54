"""Which job type a task has on a queue of its backend: jobs are claimed by type."""

from __future__ import annotations

__all__ = ["job_type_of", "path_of", "queue_of"]

# As django.tasks has it; written out, since this is read where that may be missing.
_DEFAULT = "default"


def job_type_of(queue_name: str, path: str) -> str:
    """The job type of the task at `path`: the path itself on the queue `default`, else with the queue before it."""
    return path if queue_name == _DEFAULT else f"{queue_name}:{path}"


def path_of(job_type: str) -> str:
    """The path of the task."""
    return job_type.rpartition(":")[2]


def queue_of(job_type: str) -> str:
    """The name of the queue."""
    return job_type.rpartition(":")[0] or _DEFAULT
