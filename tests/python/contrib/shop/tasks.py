from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task


class OutOfStock(Exception):
    """There is none left."""


@task
def add(a: int, b: int = 0) -> int:
    return a + b


@task(priority=7, queue_name="mails")
async def add_async(a: int, b: int = 0) -> int:
    await asyncio.sleep(0)
    return a + b


@task
def order(item: str) -> None:
    raise OutOfStock(item)


@task
async def order_async(item: str) -> None:
    raise OutOfStock(item)


@task(takes_context=True)
def attempt(context: Any, _greeting: str) -> list[Any]:
    if context.attempt == 1:
        raise ValueError("not yet")
    result = context.task_result
    return [context.attempt, str(result.status), result.args, len(result.errors)]


@task
def connected() -> list[Any]:
    """How the connection of this thread is, before it is used and after."""
    was_open = connection.connection is not None
    connection.ensure_connection()
    return [was_open, threading.get_ident()]


@task
async def connected_async() -> list[Any]:
    """The same of the thread on which the ORM works for coroutines."""
    told: list[Any] = await sync_to_async(connected.func)()
    return told


@task
def wait_for(started: str, release: str) -> str:
    Path(started).touch()
    while not Path(release).exists():
        time.sleep(0.01)
    return "released"
