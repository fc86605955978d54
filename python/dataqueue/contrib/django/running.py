"""Handlers that run tasks."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from ...context import AsyncJobContext, JobContext
from ...handlers import JobHandlers
from ...models import JobRecord
from ...verdicts import Cancel, RateLimited, Snooze
from .backend import DataqueueBackend, known_tasks
from .connections import with_connections
from .interface import Task, TaskContext, TaskResult, TaskResultStatus, task_finished, task_started
from .names import job_type_of
from .results import now, result_of, task_error

__all__ = ["discover", "handlers_for"]


def discover(modules: Iterable[str] = ()) -> None:
    """Imports where tasks may be: modules `tasks` of installed apps, those named here, and what the URLs lead to."""
    autodiscover_modules("tasks")
    for module in modules:
        import_module(module)
    if root := getattr(settings, "ROOT_URLCONF", None):
        import_module(root)


def handlers_for(backend: DataqueueBackend, queues: Iterable[str] = ()) -> JobHandlers:
    """Handlers that run every known task on these queues of a backend; on all of them where none is named.

    `def` tasks run on threads, `async def` tasks on an event loop, with Django's connections looked after.
    """
    discover(backend.settings.modules)
    handlers = JobHandlers()
    names = sorted(set(queues) or backend.queues or {task.queue_name for task in known_tasks().values()})
    for name in names:
        for path, task in sorted(known_tasks().items()):
            handlers.job(job_type_of(name, path))(_runner(backend, task))
    return with_connections(handlers)


def _runner(backend: DataqueueBackend, task: Task) -> Callable[..., Any]:
    if iscoroutinefunction(task.func):

        async def run_async(payload: Any, *, ctx: AsyncJobContext) -> Any:
            result = result_of(ctx.job, task, backend.alias)
            await task_started.asend_robust(type(backend), task_result=result)
            try:
                value = await task.func(*_args(task, result), **result.kwargs)
            except Exception as error:
                if _ended(result, ctx.job, error):
                    await task_finished.asend_robust(type(backend), task_result=result)
                raise
            _succeeded(result, value)
            await task_finished.asend_robust(type(backend), task_result=result)
            return value

        return run_async

    def run(payload: Any, *, ctx: JobContext) -> Any:
        result = result_of(ctx.job, task, backend.alias)
        task_started.send_robust(type(backend), task_result=result)
        try:
            value = task.func(*_args(task, result), **result.kwargs)
        except Exception as error:
            if _ended(result, ctx.job, error):
                task_finished.send_robust(type(backend), task_result=result)
            raise
        _succeeded(result, value)
        task_finished.send_robust(type(backend), task_result=result)
        return value

    return run


def _args(task: Task, result: TaskResult) -> list[Any]:
    return [TaskContext(task_result=result), *result.args] if task.takes_context else result.args


def _ended(result: TaskResult, job: JobRecord, error: Exception) -> bool:
    """Whether this failure is the end of the task; then the result says so."""
    if isinstance(error, Snooze | RateLimited):
        return False
    if job.attempts < job.max_attempts and not isinstance(error, Cancel):
        return False
    result.errors.append(task_error(error, "".join(traceback.format_exception(error))))
    _ends(result, TaskResultStatus.FAILED)
    return True


def _succeeded(result: TaskResult, value: Any) -> None:
    object.__setattr__(result, "_return_value", value)
    _ends(result, TaskResultStatus.SUCCESSFUL)


def _ends(result: TaskResult, status: Any) -> None:
    object.__setattr__(result, "finished_at", now())
    object.__setattr__(result, "status", status)
