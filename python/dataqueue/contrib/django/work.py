"""What the processes of `manage.py dataqueue_worker` run: imported by them alone, before anything of the project."""

from __future__ import annotations

from typing import Any

import django

from .._fleet import told

__all__ = ["handlers"]


def _handlers() -> Any:
    order = told()
    django.setup()
    from .connections import with_connections

    if order["handlers"] is not None:
        from ...cli.targets import load

        return with_connections(load(order["handlers"]))
    from .interface import task_backends
    from .running import handlers_for

    return handlers_for(task_backends[order["backend"]], order["queues"])


handlers = _handlers()
