"""The application, without a framework: `python app.py`, or with a WSGI server of your choice `app:application`."""

from __future__ import annotations

import json
import os
import re
import socketserver
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import environment
from jobs import Report, handlers, make_report
from progress import LARGEST_ID, shown
from pydantic import ValidationError

from dataqueue import JobQueue
from dataqueue.dashboard import basic_auth, create_dashboard, mount_wsgi

environment.load()
# One for the process: it holds the connections.
queue = JobQueue()

PAGE = Path(__file__).with_name("page.html").read_bytes()
PROGRESS = re.compile(r"/progress/api/jobs/([1-9][0-9]{0,15})", re.ASCII)
LARGEST_BODY = 10_000


def pages(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answers a request."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    kind, body = "application/json", b'{"error": "there is no such page"}'
    status = "404 Not Found"
    if (method, path) == ("GET", "/"):
        status, kind, body = "200 OK", "text/html; charset=utf-8", PAGE
    elif (method, path) == ("POST", "/reports"):
        status, answer = add_report(environ)
        body = json.dumps(answer).encode()
    elif method == "GET" and (found := PROGRESS.fullmatch(path)):
        told = shown(queue.get_job(min(int(found[1]), LARGEST_ID)))
        if told is not None:
            status, body = "200 OK", json.dumps(told).encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def add_report(environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Adds a job."""
    # A page elsewhere cannot send this type unasked.
    if environ.get("CONTENT_TYPE") != "application/json":
        return "415 Unsupported Media Type", {"error": "send application/json"}
    size = environ.get("CONTENT_LENGTH") or "0"
    if not size.isdecimal() or int(size) > LARGEST_BODY:
        return "413 Content Too Large", {"error": f"send at most {LARGEST_BODY} bytes"}
    try:
        report = Report.model_validate_json(environ["wsgi.input"].read(int(size)))
    except ValidationError as error:
        return "422 Unprocessable Content", {"error": str(error)}
    return "202 Accepted", {"job": queue.add_job(make_report, report)}


auth = basic_auth({"admin": (os.environ["DASHBOARD_PASSWORD"], "admin")})
application = mount_wsgi(pages, "/admin/jobs", create_dashboard(queue, handlers, auth=auth))


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread for each request."""

    daemon_threads = True


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application, Server) as server:
        print(f"The application is on http://127.0.0.1:{server.server_port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            queue.close()
