"""A Flask application that greets people by jobs, with the dashboard below `/admin/jobs`.

ADMIN_PASSWORD=secret flask run
flask dataqueue worker
"""

from __future__ import annotations

import os

from flask import Flask, current_app
from pydantic import BaseModel

from dataqueue.contrib.flask import Dataqueue
from dataqueue.dashboard import basic_auth, create_dashboard, mount_wsgi


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


app = Flask(__name__)
dataqueue = Dataqueue(app)
queue = dataqueue.queue_of(app)


@dataqueue.handlers.job("greet")
def greet(payload: Greeting) -> str:
    """Greets somebody, in a context of the application."""
    current_app.logger.info("greeting %s", payload.name)
    return f"Hello, {payload.name}!"


@app.post("/greetings/<name>")
def add_greeting(name: str) -> tuple[dict[str, int], int]:
    """Adds a job."""
    return {"job": queue.add_job(greet, Greeting(name=name))}, 202


auth = basic_auth({"admin": (os.environ["ADMIN_PASSWORD"], "admin")})
dashboard = create_dashboard(queue, dataqueue.handlers, auth=auth)
app.wsgi_app = mount_wsgi(app.wsgi_app, "/admin/jobs", dashboard)  # type: ignore[assignment, method-assign]
