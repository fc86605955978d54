"""The pages."""

from __future__ import annotations

from starlette.routing import Route

from ..auth import Role
from . import audit, bulk, dead, flow, job, jobs, overview, schedules, tokens, workers

__all__ = ["LINKS", "routes"]

# Path, name, icon, and who may see it.
LINKS = (
    ("/", "Overview", "overview", Role.VIEWER),
    ("/jobs", "Jobs", "jobs", Role.VIEWER),
    ("/schedules", "Schedules", "clock", Role.VIEWER),
    ("/tokens", "Tokens", "token", Role.VIEWER),
    ("/workers", "Workers", "workers", Role.VIEWER),
    ("/flow", "Groups and limits", "flow", Role.VIEWER),
    ("/dead-letters", "Dead letters", "dead", Role.VIEWER),
    ("/audit", "Audit trail", "audit", Role.ADMIN),
)


def routes() -> list[Route]:
    """All of them."""
    modules = (overview, jobs, bulk, job, schedules, tokens, workers, flow, dead, audit)
    return [route for module in modules for route in module.routes()]
