"""The backend of `django.tasks` whose tasks are jobs of a queue."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string

from ...blocking import JobQueue
from ...models import JobEventType, JobRecord, JobStatus
from .interface import (
    BaseTaskBackend,
    InvalidTask,
    Task,
    TaskResult,
    TaskResultDoesNotExist,
    TaskResultStatus,
    task_enqueued,
)
from .names import job_type_of, path_of
from .options import Options
from .results import is_of_a_task, now, result_of

__all__ = ["DataqueueBackend", "known_tasks"]

_MOST_CHARACTERS = 255

# Django makes a backend for each thread: what they share is the process's.
_lock = threading.Lock()
_queues: dict[str, JobQueue] = {}
_known: dict[str, Task] = {}


def known_tasks() -> dict[str, Task]:
    """The tasks that this process has imported and that a backend of this kind took, by their paths."""
    return dict(_known)


class DataqueueBackend(BaseTaskBackend):
    """Adds tasks as jobs, and tells of them as results.

    A job's type is the path of its task, `shop.tasks.send_receipt`, and on a queue other than `default` has that
    before it, `mails:shop.tasks.send_receipt`. A task that fails is tried again as jobs are; until its last
    attempt its result is READY, with the errors so far.

    With `OPTIONS["DATABASE"]` a job that is added inside of a transaction of that alias belongs to it: it exists if
    and only if the transaction commits. Otherwise a job is added at once, and what happens to the caller's transaction
    is nothing to it.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        """A backend as `TASKS[alias]` describes it.

        Raises:
            ImproperlyConfigured: An option is not known, or cannot be used.
        """
        super().__init__(alias, params)
        self.settings = Options.read(alias, self.options)

    @property
    def queue(self) -> JobQueue:
        """The queue that its tasks are jobs of; one for each store, shared by all threads of the process.

        Raises:
            ImproperlyConfigured: The settings name no store.
        """
        url = self.settings.location()
        with _lock:
            queue = _queues.get(url)
            if queue is None:
                queue = _queues[url] = JobQueue(url)
        return queue

    def close(self) -> None:
        """Closes the queue's connections for the whole process; the next use opens them anew.

        For tests: a test database with open connections cannot be dropped.
        """
        with _lock:
            queue = _queues.pop(self.settings.location(), None)
        if queue is not None:
            queue.close()

    def validate_task(self, task: Task) -> None:
        """Looks whether a task can be run by way of this backend, and remembers it for the worker.

        Raises:
            InvalidTask: It cannot.
        """
        super().validate_task(task)
        name = job_type_of(task.queue_name, task.module_path)
        if len(name) > _MOST_CHARACTERS:
            raise InvalidTask(f"{name!r} has {len(name)} characters: at most {_MOST_CHARACTERS} are allowed")
        known = _known.get(task.module_path)
        if known is None or known.func is not task.func:
            _known[task.module_path] = task

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Adds a task as a job.

        Raises:
            InvalidTask: The task cannot be run by way of this backend.
            TypeError: An argument is not JSON.
            DataQueueError: The store cannot be reached, or is not set up; nothing was stored.
        """
        self.validate_task(task)
        result = TaskResult(
            task=task,
            id="",
            status=TaskResultStatus.READY,
            enqueued_at=None,
            started_at=None,
            last_attempted_at=None,
            finished_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        job_id = self.queue.add_job(
            job_type_of(task.queue_name, task.module_path),
            {"args": result.args, "kwargs": result.kwargs},
            priority=task.priority,
            run_at=_aware(task.run_after),
            connection=self._transaction(),
            **self.settings.of_jobs,
        )
        object.__setattr__(result, "id", str(job_id))
        object.__setattr__(result, "enqueued_at", now())
        task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """The result as it is now.

        Raises:
            TaskResultDoesNotExist: There is no such job, it was cleaned up, or it is not a task's.
        """
        # Ids of other backends are no numbers, and there is nothing to ask for then.
        job = self.queue.get_job(int(result_id)) if _is_id(result_id) else None
        if job is None or not is_of_a_task(job):
            raise TaskResultDoesNotExist(result_id)
        return result_of(job, self._task(job), self.alias, self._last_attempt(job))

    def check(self, **kwargs: Any) -> Any:
        """The findings of `manage.py check` about the settings of this backend."""
        from .checks import check_settings

        return check_settings(self)

    def _task(self, job: JobRecord) -> Task:
        path = path_of(job.job_type)
        task = _known.get(path)
        if task is None:
            try:
                task = import_string(path)
            except ImportError:
                task = None
        if not isinstance(task, Task):
            raise TaskResultDoesNotExist(f"{job.id}: {path} is no task of this program any more")
        return task

    def _last_attempt(self, job: JobRecord) -> datetime | None:
        if job.attempts < 2 or job.status is JobStatus.PROCESSING:
            return None
        events = self.queue.get_job_events(job.id)
        began = [event.created_at for event in events if event.event_type is JobEventType.PROCESSING]
        return began[-1] if began else None

    def _transaction(self) -> Any:
        if self.settings.database is None:
            return None
        connection = connections[self.settings.database]
        # With Django's AUTOCOMMIT off a transaction is open that Django knows nothing of: adding refuses that.
        if connection.in_atomic_block or not connection.settings_dict.get("AUTOCOMMIT", True):
            return connection
        return None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or settings.USE_TZ else timezone.make_aware(moment)
