"""What programs with Django do, each in a process of its own: `python -m tests.python.contrib.shop.scenarios NAME`."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

import tests.python.contrib.shop.ready  # noqa: F401 - before anything that needs the apps
from dataqueue.contrib.django import DataqueueBackend, interface
from dataqueue.contrib.django.running import handlers_for
from tests.python.contrib.shop import tasks

backend: Any = interface.task_backends["default"]
queue = backend.queue


def work(*queues: str) -> int:
    return int(queue.create_processor(handlers_for(backend, queues)).start())


def raises(kind: type[BaseException], call: Callable[..., Any], *args: Any, says: str = "", **kwargs: Any) -> None:
    try:
        call(*args, **kwargs)
    except kind as error:
        told = str(error)
    else:
        raise AssertionError(f"{call} did not raise {kind}")
    assert says in told, told


def results() -> None:
    assert [backend.supports_defer, backend.supports_async_task] == [True, True]
    assert [backend.supports_get_result, backend.supports_priority] == [True, True]
    seen: list[tuple[str, str]] = []
    for name in ("task_enqueued", "task_started", "task_finished"):
        getattr(interface, name).connect(
            lambda task_result, name=name, **_: seen.append((name, str(task_result.status))), weak=False
        )
    added = [tasks.add.enqueue(1, b=2), tasks.add_async.enqueue(3, 4)]
    for result in added:
        assert (str(result.status), result.is_finished, result.attempts) == ("READY", False, 0)
        raises(ValueError, lambda result=result: result.return_value)
    assert work() == 2
    for result, wanted in zip(added, (3, 7), strict=True):
        result.refresh()
        assert (str(result.status), result.return_value, result.errors) == ("SUCCESSFUL", wanted, [])
        assert result.enqueued_at <= result.started_at <= result.finished_at
        assert result.last_attempted_at == result.started_at
        assert (result.attempts, result.is_finished) == (1, True)
        again = result.task.get_result(result.id)
        assert again == result, (again, result)
    assert (added[0].args, added[0].kwargs) == ([1], {"b": 2})
    assert (added[1].task.priority, added[1].task.queue_name) == (7, "mails")
    job = queue.get_job(int(added[1].id))
    assert (job.job_type, job.priority) == ("mails:tests.python.contrib.shop.tasks.add_async", 7)
    assert sorted(seen) == sorted(
        [("task_enqueued", "READY"), ("task_started", "RUNNING"), ("task_finished", "SUCCESSFUL")] * 2
    )
    raises(interface.TaskResultDoesNotExist, backend.get_result, "9" * 18)
    raises(interface.TaskResultDoesNotExist, backend.get_result, "no number")
    raises(interface.TaskResultDoesNotExist, backend.get_result, str(queue.add_job("other", None)))
    gone = queue.add_job("tests.python.contrib.shop.tasks.gone", {"args": [], "kwargs": {}})
    raises(interface.TaskResultDoesNotExist, backend.get_result, str(gone), says="gone")


def awaiting() -> None:
    async def main() -> None:
        result = await tasks.add.aenqueue(20, 22)
        assert await asyncio.to_thread(work) == 1
        await result.arefresh()
        assert result.return_value == 42
        assert (await tasks.add.aget_result(result.id)).return_value == 42

    asyncio.run(main())


def failures() -> None:
    logging.disable()
    ended: list[str] = []
    interface.task_finished.connect(lambda task_result, **_: ended.append(task_result.id), weak=False)
    added = [tasks.order.enqueue("tea"), tasks.order_async.enqueue("milk")]
    for attempts in (1, 2):
        assert ended == []
        assert work() == 2
        for result in added:
            result.refresh()
            assert (str(result.status), result.attempts) == ("READY" if attempts == 1 else "FAILED", attempts)
            assert len(result.errors) == attempts
            assert [error.exception_class for error in result.errors] == [tasks.OutOfStock] * attempts
            assert "raise OutOfStock(item)\n" in result.errors[0].traceback
            assert result.started_at <= result.last_attempted_at
            assert (result.last_attempted_at == result.started_at) == (attempts == 1)
            assert (result.finished_at is not None) == (attempts == 2)
    assert sorted(ended) == sorted(result.id for result in added)
    raises(ValueError, lambda: added[0].return_value)
    withdrawn = tasks.add.enqueue(1)
    assert queue.cancel_job(int(withdrawn.id))
    withdrawn.refresh()
    assert (str(withdrawn.status), withdrawn.errors[0].exception_class.__name__) == ("FAILED", "Cancel")
    assert withdrawn.finished_at is not None
    retried = tasks.attempt.enqueue("hello")
    assert (work(), work()) == (1, 1)
    retried.refresh()
    assert retried.return_value == [2, "RUNNING", ["hello"], 1]


def in_transactions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("create table item (name text)")

    def items() -> int:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from item")
            return int(cursor.fetchone()[0])

    def add(name: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("insert into item values (%s)", [name])
        return tasks.add.enqueue(1)

    def break_off() -> None:
        with transaction.atomic():
            add("lost")
            assert queue.count_jobs() == 0
            raise KeyError

    raises(KeyError, break_off)
    assert (items(), queue.count_jobs()) == (0, 0)
    with transaction.atomic():
        kept = add("kept")
        assert queue.count_jobs() == 0
        raises(KeyError, break_off)
    assert (items(), queue.count_jobs()) == (1, 1)
    assert str(backend.get_result(kept.id).status) == "READY"
    tasks.add.enqueue(2)
    assert queue.count_jobs() == 2

    async def later() -> None:
        await tasks.add.aenqueue(3)

    asyncio.run(later())
    assert queue.count_jobs() == 3
    options = {**backend.options, "DATABASE": None, "url": backend.settings.location()}
    apart = DataqueueBackend("apart", {"OPTIONS": options})

    def beside() -> None:
        with transaction.atomic():
            apart.enqueue(tasks.add, (), {})
            raise KeyError

    raises(KeyError, beside)
    assert queue.count_jobs() == 4


def deferring() -> None:
    later = timezone.now() + timedelta(hours=1)
    result = tasks.add.using(run_after=later, priority=-5).enqueue(1)
    assert work() == 0
    found = backend.get_result(result.id)
    assert (found.task.run_after, found.task.priority) == (later, -5)
    job = queue.get_job(int(result.id))
    assert job.run_at == (later if timezone.is_aware(later) else timezone.make_aware(later))
    assert timezone.is_aware(found.enqueued_at) == timezone.is_aware(later)
    assert queue.edit_job(job.id, priority=1000)
    assert backend.get_result(result.id).task.priority == 100


def ordering() -> None:
    names = [tasks.add.using(priority=priority).enqueue(priority).id for priority in (0, 50, -50)]
    processor = queue.create_processor(handlers_for(backend), batch_size=1)
    for place in (1, 0, 2):
        assert processor.start() == 1
        assert backend.get_result(names[place]).is_finished
    mail = tasks.add.using(queue_name="mails").enqueue(1)
    assert work("default") == 0
    assert work("mails") == 1
    assert mail.task.get_result(mail.id).task.queue_name == "mails"


def refusals() -> None:
    raises(TypeError, tasks.add.enqueue, datetime(2030, 1, 1, tzinfo=UTC), says="Unsupported type")
    raises(TypeError, tasks.add.enqueue, {1, 2})
    raises(interface.InvalidTask, tasks.add.using, queue_name="unknown", says="unknown")
    raises(interface.InvalidTask, tasks.add.using, priority=101)
    raises(interface.InvalidTask, interface.Task, func=lambda: None)
    for options, says in (
        ({"urll": "x"}, "'urll'"),
        ({"url": 7}, "['url'] must be a str, not int"),
        ({"url": "sqlite://:memory:", "max_attempts": 0}, "max_attempts is 0"),
        ({"MODULES": "shop"}, "a list of module names"),
    ):
        raises(ImproperlyConfigured, DataqueueBackend, "default", {"OPTIONS": options}, says=says)
    assert queue.count_jobs() == 0


def checking() -> None:
    def found(database: bool = False, **options: Any) -> list[str]:
        one = {"BACKEND": "dataqueue.contrib.django.DataqueueBackend", "OPTIONS": options}
        with override_settings(TASKS={"default": one}):
            told = checks.run_checks(databases=["default"] if database else None)
        return [message.id for message in told]

    assert found(database=True, **backend.options) == []
    assert found() == ["dataqueue.E001"]
    assert found(url="postgresql://db/app?unknown=1") == ["dataqueue.E001"]
    assert found(DATABASE="lite") == ["dataqueue.E001"]
    assert found(DATABASE="lite", url="postgresql://db/app") == ["dataqueue.E002"]
    assert found(DATABASE="default", url="sqlite://:memory:") == ["dataqueue.E002"]
    assert found(DATABASE="nobody", url="postgresql://db/app") == ["dataqueue.E002"]
    assert found(**backend.options, MODULES=["shop.nothing"]) == ["dataqueue.E003"]
    assert found(database=True, **backend.options, schema="not_there") == ["dataqueue.E004"]
    assert found(**backend.options, schema="not_there") == []
    nowhere = "postgresql://app@127.0.0.1:1/app?connect_timeout=1"
    assert found(database=True, url=nowhere) == ["dataqueue.E005"]
    with override_settings(TASKS={"default": {**backend_settings(), "QUEUES": []}}):
        assert [message.id for message in checks.run_checks()] == ["dataqueue.W001"]


def backend_settings() -> dict[str, Any]:
    return {"BACKEND": "dataqueue.contrib.django.DataqueueBackend", "OPTIONS": backend.options}


def connections() -> None:
    processor = queue.create_processor(handlers_for(backend), concurrency=1)
    for task in (tasks.connected, tasks.connected_async):
        added = [task.enqueue() for _ in range(6)]
        assert processor.start() == 6
        told = [backend.get_result(result.id).return_value for result in added]
        # CONN_MAX_AGE is 0: each job finds none, and leaves none to the next on its thread.
        assert [was_open for was_open, _ in told] == [False] * 6
        assert len({thread for _, thread in told}) < 6
    backend.close()
    assert backend.get_result("1").is_finished
    assert backend.queue is not queue
    backend.close()


def commands() -> None:
    raises(CommandError, call_command, "dataqueue_worker", "--queue", "unknown", says="'unknown'")
    raises(CommandError, call_command, "dataqueue_worker", "--processes", "0", says="'--processes'")
    immediate = f"{interface.BaseTaskBackend.__module__.rpartition('.')[0]}.immediate.ImmediateBackend"
    with override_settings(TASKS={"default": {"BACKEND": immediate}}):
        raises(CommandError, call_command, "dataqueue_worker", says="ImmediateBackend")
        raises(CommandError, call_command, "dataqueue_migrate", says="ImmediateBackend")


if __name__ == "__main__":
    call_command("dataqueue_migrate", verbosity=0)
    {name: value for name, value in globals().items() if callable(value)}[sys.argv[1]]()
    queue.close()
