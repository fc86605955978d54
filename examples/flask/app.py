"""A Flask application that greets people by jobs, with the dashboard below `/admin/jobs`.

ADMIN_PASSWORD=secret flask run
dataqueue worker app:handlers
"""

from __future__ import annotations

import os

from flask import Flask
from pydantic import BaseModel

from dataqueue import JobHandlers, JobQueue
from dataqueue.dashboard import basic_auth, create_dashboard, mount_wsgi


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


handlers = JobHandlers()
queue = JobQueue()
app = Flask(__name__)


@handlers.job("greet")
def greet(payload: Greeting) -> str:
    """Greets somebody."""
    return f"Hello, {payload.name}!"


@app.post("/greetings/<name>")
def add_greeting(name: str) -> tuple[dict[str, int], int]:
    """Adds a job."""
    return {"job": queue.add_job(greet, Greeting(name=name))}, 202


auth = basic_auth({"admin": (os.environ["ADMIN_PASSWORD"], "admin")})
dashboard = create_dashboard(queue, handlers, auth=auth)
app.wsgi_app = mount_wsgi(app.wsgi_app, "/admin/jobs", dashboard)  # type: ignore[assignment, method-assign]
