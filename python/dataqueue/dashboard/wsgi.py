"""The dashboard inside of applications that speak WSGI, such as those of Flask and Django."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["mount_wsgi"]

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]


def mount_wsgi(app: WsgiApp, path: str, dashboard: Any) -> WsgiApp:
    """A WSGI application that answers with the dashboard below a path, and with `app` everywhere else.

    Pages look for news every few seconds instead of following a stream, which would hold a thread of the server each.

    Example:
        ```python
        app.wsgi_app = mount_wsgi(app.wsgi_app, "/jobs", create_dashboard(queue))          # Flask
        application = mount_wsgi(get_wsgi_application(), "/jobs", create_dashboard(queue))  # Django
        ```

    Args:
        app: The application around it.
        path: Where the dashboard is, such as `/admin/jobs`.
        dashboard: What `create_dashboard` answered.

    Raises:
        ImportError: `a2wsgi` is not installed; the extra `dashboard` brings it.
        ValueError: The path is not one.
    """
    try:
        from a2wsgi import ASGIMiddleware
    except ImportError as error:
        raise ImportError("mount_wsgi needs a2wsgi: pip install 'dataqueue[dashboard]'") from error
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(f"path is {path!r}: give it with a slash in front and none behind, such as '/admin/jobs'")
    lock = threading.Lock()
    bridges: list[Any] = []

    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        within = environ.get("PATH_INFO", "")
        if within != path and not within.startswith(f"{path}/"):
            return app(environ, start_response)
        with lock:
            if not bridges:
                # Made when first used: a server may fork before that, and threads do not survive it.
                bridges.append(ASGIMiddleware(dashboard))
        inner = {
            **environ,
            "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + path,
            "PATH_INFO": within[len(path) :],
        }
        answered: Iterable[bytes] = bridges[0](inner, start_response)
        return answered

    return answer
