"""The application: `flask run`."""

from __future__ import annotations

import os
from typing import Any

import environment
from flask import Flask, Response, abort, request, send_from_directory
from jobs import Report, handlers, make_report
from progress import LARGEST_ID, shown
from pydantic import ValidationError

from dataqueue import JobQueue
from dataqueue.dashboard import basic_auth, create_dashboard, mount_wsgi

environment.load()
app = Flask(__name__)
# One for the process: it holds the connections.
queue = JobQueue()


@app.get("/")
def page() -> Response:
    """The page, which adds jobs and follows them."""
    return send_from_directory(app.root_path, "page.html")


@app.post("/reports")
def add_report() -> tuple[dict[str, Any], int]:
    """Adds a job."""
    try:
        report = Report.model_validate(request.get_json())
    except ValidationError as error:
        return {"error": error.errors(include_context=False, include_url=False)}, 422
    return {"job": queue.add_job(make_report, report)}, 202


@app.get("/progress/api/jobs/<int(min=1):job_id>")
def progress(job_id: int) -> dict[str, Any]:
    """How far a job is."""
    told = shown(queue.get_job(job_id)) if job_id <= LARGEST_ID else None
    if told is None:
        abort(404)
    return told


auth = basic_auth({"admin": (os.environ["DASHBOARD_PASSWORD"], "admin")})
dashboard = create_dashboard(queue, handlers, auth=auth)
app.wsgi_app = mount_wsgi(app.wsgi_app, "/admin/jobs", dashboard)  # type: ignore[assignment, method-assign]
