"""`dataqueue dashboard`: serves the dashboard alone."""

from __future__ import annotations

import importlib
import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

import click

from .examples import example
from .options import key_prefix_option, open_config, store_options

__all__ = ["dashboard"]

PASSWORD = "DATAQUEUE_DASHBOARD_PASSWORD"  # noqa: S105 - the name of a variable


@example(
    "dataqueue dashboard --url sqlite:///jobs.db",
    "dataqueue dashboard --host 0.0.0.0 --port 80 --auth myapp.auth:role_of",
)
@click.command()
@store_options
@key_prefix_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65_535), help="The port; 0 takes any.")
@click.option("--handlers", metavar="MODULE:HANDLERS", help="Handlers for the button that processes one batch.")
@click.option("--auth", metavar="MODULE:FUNCTION", help="What answers the role of whoever sent a request.")
@click.option("--read-only", is_flag=True, help="Refuse all changes.")
@click.option("--redact", multiple=True, metavar="NAME", help="Hide the values of this field; may be repeated.")
@click.option("--title", help="What the pages are called.")
@click.option("--root-path", default="", help="The path below which a proxy serves it.")
def dashboard(
    url: str | None,
    schema: str | None,
    env_path: str | None,
    key_prefix: str | None,
    host: str,
    port: int,
    handlers: str | None,
    auth: str | None,
    read_only: bool,
    redact: tuple[str, ...],
    title: str | None,
    root_path: str,
) -> None:
    """Serve the dashboard, on loopback unless --host says otherwise.

    Another address needs --auth, or a password in $DATAQUEUE_DASHBOARD_PASSWORD, which browsers ask for with the name
    `admin`. Put a proxy with TLS in front of it.
    """
    try:
        from ..dashboard import basic_auth, create_dashboard
        from .serving import DashboardServer, only_loopback
    except ImportError as error:
        raise click.ClickException(
            f"{error.name or 'the dashboard'} is not installed: pip install 'dataqueue[dashboard]'"
        ) from None
    from ..aio import AsyncJobQueue

    password = os.environ.get(PASSWORD)
    checked: Any = _named(auth, "--auth") if auth else basic_auth({"admin": (password, "admin")}) if password else None
    alone = _is_loopback(host)
    if checked is None and not alone:
        raise click.ClickException(
            f"--host {host} would open the dashboard to everybody who reaches it: give --auth MODULE:FUNCTION, or set "
            f"${PASSWORD}, or leave --host out"
        )
    config: Any = open_config(url, schema, env_path, None, key_prefix)
    queue = AsyncJobQueue(config)
    app: Any = create_dashboard(
        queue,
        _named(handlers, "--handlers") if handlers else None,
        auth=checked,
        read_only=read_only,
        title=title,
        redact=redact,
    )
    server = DashboardServer(only_loopback(app) if checked is None else app, queue, host, port, root_path)
    click.echo(f"The dashboard is on {server.url}", err=True)
    sys.exit(0 if server.run() else 1)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _named(target: str, option: str) -> Any:
    """What `MODULE:NAME` names, looked for in the working directory too."""
    module, colon, name = target.partition(":")
    if not colon or not module or not name:
        raise click.ClickException(f"{option} is {target!r}: it must be MODULE:NAME, such as myapp.jobs:handlers")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        raise click.ClickException(f"{option} names {target}, which cannot be imported: {error}") from None
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise click.ClickException(f"{option} names {target}, but {module} has no {name}") from None
    return found
