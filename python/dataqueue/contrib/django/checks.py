"""What `manage.py check` says of a backend, and with `--database` of its store."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from ...errors import ConfigError, DataQueueError, MigrationRequired

if TYPE_CHECKING:
    from .backend import DataqueueBackend

__all__ = ["check_settings", "check_stores"]


def check_settings(backend: DataqueueBackend) -> list[CheckMessage]:
    """What is wrong with the settings of a backend, without asking any server."""
    where = f"TASKS[{backend.alias!r}]"
    found: list[CheckMessage] = []
    try:
        queue = backend.queue
    except (ImproperlyConfigured, ConfigError) as error:
        return [Error(f"{where}: {error}", obj=where, id="dataqueue.E001")]
    alias = backend.settings.database
    if alias is not None and (
        queue._requests.store.backend != "postgresql"
        or alias not in connections
        or connections[alias].vendor != "postgresql"
    ):
        found.append(
            Error(
                f"{where}: OPTIONS['DATABASE'] is {alias!r}, and jobs can only be added in transactions of PostgreSQL.",
                hint="Let the alias and OPTIONS['url'] lead to one PostgreSQL database, or leave out DATABASE.",
                obj=where,
                id="dataqueue.E002",
            )
        )
    for module in backend.settings.modules:
        try:
            import_module(module)
        except Exception as error:
            text = f"{where}: the module {module!r} of OPTIONS['MODULES'] cannot be imported: {error}"
            found.append(Error(text, obj=where, id="dataqueue.E003"))
    if not backend.queues:
        hint = "Name them in QUEUES, or start workers with --queue for each."
        text = f"{where}: QUEUES is empty, so that a worker knows only the queues that tasks are declared with."
        found.append(checks.Warning(text, hint=hint, obj=where, id="dataqueue.W001"))
    return found


def check_stores(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether the stores can be reached and are set up; only with `--database`, since it asks their servers."""
    found: list[CheckMessage] = []
    if not databases:
        return found
    try:
        from .backend import DataqueueBackend
        from .interface import task_backends
    except ImportError:
        # Without a task framework there are no backends.
        return found
    for backend in task_backends.all():
        if not isinstance(backend, DataqueueBackend):
            continue
        where = f"TASKS[{backend.alias!r}]"
        try:
            backend.queue.get_job(1)
        except MigrationRequired as error:
            hint = f"Run manage.py dataqueue_migrate --backend {backend.alias}."
            found.append(Error(f"{where}: {error}", hint=hint, obj=where, id="dataqueue.E004"))
        except (ImproperlyConfigured, ConfigError):
            # Said without --database.
            continue
        except DataQueueError as error:
            found.append(Error(f"{where}: {error}", obj=where, id="dataqueue.E005"))
    return found
