"""The pages."""

from __future__ import annotations

from starlette.routing import Route

from ..auth import Role
from . import audit, flow, job, jobs, schedules

__all__ = ["LINKS", "routes"]

# Path, name, icon, and who may see it.
LINKS = (
    ("/jobs", "Jobs", "jobs", Role.VIEWER),
    ("/schedules", "Schedules", "clock", Role.VIEWER),
    ("/flow", "Flow", "flow", Role.VIEWER),
    ("/audit", "Audit trail", "audit", Role.ADMIN),
)


def routes() -> list[Route]:
    """All of them."""
    return [*jobs.routes(), *job.routes(), *schedules.routes(), *flow.routes(), *audit.routes()]
