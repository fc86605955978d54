"""A dashboard for a queue: an ASGI application that any web framework can mount. Needs the extra `dashboard`."""

from __future__ import annotations

try:
    import jinja2 as _jinja2
    import starlette as _starlette
except ImportError as error:
    raise ImportError(
        f"dataqueue.dashboard needs {error.name}, which is not installed: pip install 'dataqueue[dashboard]'"
    ) from error

from .app import Dashboard, create_dashboard
from .auth import Auth, Role, Visitor, basic_auth
from .wsgi import mount_wsgi

__all__ = ["Auth", "Dashboard", "Role", "Visitor", "basic_auth", "create_dashboard", "mount_wsgi"]

del _jinja2, _starlette
