"""The command `dataqueue worker` as a command of a framework: its options, without those that the framework answers."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

__all__ = ["own_options", "run_fleet", "told"]

_ORDER = "DATAQUEUE_WORKER"
# Which handlers and which store is for the framework to say.
_NOT_OFFERED = ("target", "url", "schema", "env_path", "key_prefix", "job_type")


def own_options() -> list[click.Option]:
    """The options of the worker command that a framework's command takes as well."""
    import click

    from ..cli.worker import worker

    return [one for one in worker.params if isinstance(one, click.Option) and one.name not in _NOT_OFFERED]


def run_fleet(module: str, url: str | None, order: dict[str, Any], options: dict[str, Any]) -> None:
    """Runs a fleet whose processes import `module` and take its `handlers`. Does not return.

    Args:
        module: The module, which finds `order` by `told()`.
        url: The store.
        order: What the processes are to know, as JSON.
        options: The values of `own_options()`.

    Raises:
        SystemExit: Always, with the exit code of `dataqueue worker`.
        click.ClickException: An option cannot be used.
    """
    from ..cli.worker import worker

    os.environ[_ORDER] = json.dumps(order)
    # What this program can import, its workers can: they are started without its script.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    callback: Any = worker.callback
    target = f"{module}:handlers"
    callback(target=target, url=url, schema=None, env_path=None, key_prefix=None, job_type=(), **options)


def told() -> dict[str, Any]:
    """What `run_fleet` wants a process to know.

    Raises:
        RuntimeError: This process is none of a fleet's.
    """
    if _ORDER not in os.environ:
        raise RuntimeError("this module is for the processes of a worker command, and is imported by nothing else")
    order: dict[str, Any] = json.loads(os.environ[_ORDER])
    return order
