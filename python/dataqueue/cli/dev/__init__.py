"""`dataqueue dev`: a worker that is started anew when a file is saved, with the dashboard."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from ..examples import example
from ..options import key_prefix_option, open_config, store_options
from ..targets import split_target

__all__ = ["dev"]

_HOST = "127.0.0.1"


@example("dataqueue dev jobs:handlers", "dataqueue dev myapp.jobs:handlers --watch src --env-path .env --port 0")
@click.command()
@click.argument("target", metavar="MODULE:HANDLERS")
@store_options
@key_prefix_option
@click.option("--concurrency", default=3, show_default=True, type=click.IntRange(1, 10_000), help="Jobs at once.")
@click.option(
    "--watch",
    "folders",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Watch the Python files below this folder; may be repeated. The working directory if left out.",
)
@click.option(
    "--drain-timeout",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 3_600),
    help="Seconds for running jobs when the worker is started anew, and at the end.",
)
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65_535), help="The dashboard's; 0: any."
)
@click.option("--dashboard/--no-dashboard", default=True, show_default=True, help="Serve the dashboard, on loopback.")
def dev(
    target: str,
    url: str | None,
    schema: str | None,
    env_path: str | None,
    key_prefix: str | None,
    concurrency: int,
    folders: tuple[Path, ...],
    drain_timeout: float,
    port: int,
    dashboard: bool,
) -> None:
    """Work on MODULE:HANDLERS while you write them: the worker is started anew when a Python file is saved.

    With the dashboard on loopback, and on SQLite where nothing else is said. Jobs that run when a file is saved have
    the drain timeout to end, and go back to the queue then. Code that cannot be imported is shown; the next save mends
    it. Ctrl-C ends everything, a second one at once.

    Needs the extra `dev`. Exits with 0 after a clean end, 1 when a job did not end in time and went back, or nothing
    could be started, 130 when stopped at once.
    """
    try:
        from .watching import Watcher
    except ImportError as error:
        raise click.ClickException(
            f"{error.name or 'watchfiles'} is not installed: pip install 'dataqueue[dev]'"
        ) from None
    from .reloading import Reloader

    split_target(target)
    config: Any = open_config(url, schema, env_path, None, key_prefix)
    _look_at(config)
    # Compiled code is told from stale one by the second: two saves in one must both count.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    store = {"url": url, "schema": schema, "env_path": env_path, "key_prefix": key_prefix}
    # Everything else as it is where `dataqueue worker` is not told otherwise.
    plain = {"job_type": [], "group_concurrency": [], "fair": False, "fair_weight": []}
    request = {"target": target, **store, **plain, "concurrency": concurrency, "drain_timeout": drain_timeout}
    with ExitStack() as stack:
        if dashboard:
            stack.enter_context(_Dashboard(config, port))
        watcher = stack.enter_context(Watcher(folders or [Path()]))
        code = Reloader(json.dumps(request), drain_timeout, watcher.take).run()
    sys.exit(code)


def _look_at(config: Any) -> None:
    """Raises what keeps a worker from this store, before anything is started."""
    from ...blocking import JobQueue

    with JobQueue(config) as queue:
        queue.get_job(1)


class _Dashboard:
    """The dashboard, on a thread, for as long as the context."""

    def __init__(self, config: Any, port: int) -> None:
        try:
            from ...dashboard import create_dashboard
            from ..serving import DashboardServer, only_loopback
        except ImportError as error:
            raise click.ClickException(
                f"{error.name or 'the dashboard'} is not installed: pip install 'dataqueue[dev]', or add --no-dashboard"
            ) from None
        from ...aio import AsyncJobQueue

        queue = AsyncJobQueue(config)
        self._server = DashboardServer(only_loopback(create_dashboard(queue)), queue, _HOST, port)
        self._thread = threading.Thread(target=self._server.run, name="dataqueue-dashboard", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()
        click.echo(f"The dashboard is on {self._server.url}", err=True)

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join()
