"""The endpoint that tells whether a fleet is well: for Kubernetes and its like."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from ..metrics import ProcessorMetrics

__all__ = ["HealthServer"]

Tell: TypeAlias = Callable[[], "list[tuple[str, ProcessorMetrics]]"]

# Probes are few and short; what comes beyond is turned away.
_MOST_AT_ONCE = 16
_PATIENCE = 5.0


class HealthServer:
    """Answers `/livez`, `/readyz`, `/healthz` and `/metrics` on a port, on threads of its own.

    Raises:
        click.ClickException: It cannot listen there.
    """

    def __init__(self, host: str, port: int, look: Callable[[], dict[str, Any]], tell: Tell) -> None:
        class Handler(_Handler):
            fleet = staticmethod(look)
            metrics = staticmethod(tell)

        class Server(_Server):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        try:
            self._server = Server((host, port), Handler)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise click.ClickException(
                f"cannot listen on {host} port {port}: {reason}: give another --health-port or --health-host"
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="dataqueue-health", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return str(host), port

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A probe that hangs must not keep the command from ending.
    block_on_close = False
    request_queue_size = _MOST_AT_ONCE

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__(*arguments)

    def server_bind(self) -> None:
        # Without a look at the name of this host, which may take long.
        name = self.server_address[0]
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(name), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's fault."""


class _Handler(BaseHTTPRequestHandler):
    fleet: Callable[[], dict[str, Any]]
    metrics: Tell
    timeout = _PATIENCE
    server_version = "dataqueue"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        asked = {"/livez": "live", "/readyz": "ready", "/healthz": "ready"}.get(path)
        if path == "/metrics":
            status, content_type, body = self._metrics()
        else:
            health = self.fleet()
            if asked is None:
                status, told = 404, {"error": "there are /livez, /readyz, /healthz and /metrics"}
            else:
                status, told = (200 if health[asked] else 503), health
            content_type, body = "application/json", json.dumps(told).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _metrics(self) -> tuple[int, str, bytes]:
        try:
            from ..contrib.prometheus import exposition
        except ImportError as error:
            return 501, "text/plain; charset=utf-8", f"{error}\n".encode()
        content_type, body = exposition(self.metrics, self.headers.get("Accept", ""))
        return 200, content_type, body

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of its parent's parameter
        """A probe every few seconds is no news."""
