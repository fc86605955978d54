"""What visitors may know of a job: how far it is, and nothing of what is in it."""

from __future__ import annotations

from typing import Any

from jobs import make_report

from dataqueue import JobRecord

LARGEST_ID = 2**53


def shown(job: JobRecord | None) -> dict[str, Any] | None:
    """What <dataqueue-progress> asks for; None for a job that visitors have nothing to do with.

    Ids can be guessed: where reports belong to somebody, look here whether they are the visitor's.
    """
    if job is None or job.job_type != make_report.name:
        return None
    again = job.next_attempt_at and job.next_attempt_at.isoformat()
    return {"job": {"id": job.id, "status": job.status, "progress": job.progress, "nextAttemptAt": again}}
