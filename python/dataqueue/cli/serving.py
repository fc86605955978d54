"""A server for the dashboard, on a port of this machine. Needs the extra `dashboard`."""

from __future__ import annotations

import socket
from typing import Any

import click
import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware

__all__ = ["DashboardServer", "only_loopback"]

_BACKLOG = 128
_PATIENCE = 2


class DashboardServer:
    """Serves a dashboard until it is told to stop, and then closes the queue.

    Raises:
        click.ClickException: It cannot listen there.
    """

    def __init__(self, app: Any, queue: Any, host: str, port: int, root_path: str = "") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise click.ClickException(f"cannot listen on {host} port {port}: {reason}: give another --port") from None
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        self.url = f"http://{shown}:{self._listening.getsockname()[1]}{root_path}/"
        settings = uvicorn.Config(
            _Closing(app, queue),
            host=host,
            port=port,
            root_path=root_path,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        self._server = uvicorn.Server(settings)

    def run(self) -> bool:
        """Serves until a signal comes, if this is the main thread, or `stop` is called; answers whether it started."""
        self._server.run(sockets=[self._listening])
        return self._server.started

    def stop(self) -> None:
        """Has `run` return. Called from any thread."""
        self._server.should_exit = True


class _Closing:
    """The application, which closes the queue when it ends."""

    def __init__(self, app: Any, queue: Any) -> None:
        self._app, self._queue = app, queue

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._queue.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})


def only_loopback(app: Any) -> Any:
    """Answers to names of this machine alone: a page elsewhere must not reach it under a name of its own."""
    return TrustedHostMiddleware(app, allowed_hosts=["localhost", "127.0.0.1", "[::1]", "::1"], www_redirect=False)
